// Pushes an image from the store. A layer that a cache of the same registry or the base's repository holds is mounted from
// there; one that only a cache of another registry holds is fetched when the registry turns out to lack it.
import {
  createClient,
  type Descriptor as ForeignDescriptor,
  type OpenBlob,
  type PushImageResult,
  parseReference,
  type Reference,
} from '@cogpack/registry-client';
import { type Descriptor, type Digest, hexOf } from '../base/digest.ts';
import { baseLabel, readModel } from '../model/model.ts';
import { parseManifest } from '../store/manifest.ts';
import { cachesOf } from '../store/remote.ts';
import { hasWhole, type Store } from '../store/store.ts';
import { missingBlob } from './build.ts';
import type { Caches } from './caches.ts';
import type { Progress } from './progress.ts';

export type PushSource = {
  readonly store: Store;
  readonly caches: Caches;
  readonly signal: AbortSignal;
  readonly progress: Progress;
};

/** Throws RegistryError, and `store/missing-blob` for a blob that is nowhere. */
export async function pushFromStore(
  text: string,
  manifest: Descriptor,
  { store, caches, signal, progress }: PushSource,
): Promise<PushImageResult & { readonly reference: string }> {
  const client = createClient();
  const reference = parseReference(text);
  const baseOf = baseOfImage(text, manifest, store);
  try {
    const result = await client.pushImage({
      reference,
      manifest,
      open: sourceOf(store, caches),
      mountFrom: blob => repositoryBeside(reference, [...cachesOf(store, asOwn(blob)), ...baseOf(blob)]),
      signal,
      onProgress: (sent, total) => progress.update('push', `push ${text}`, sent, total),
    });
    return { reference: text, ...result };
  } finally {
    client.close();
  }
}

/** The store's blobs; what only a cache holds is brought first. */
export function sourceOf(store: Store, caches: Pick<Caches, 'bring'>): OpenBlob {
  return async blob => {
    const own = asOwn(blob);
    if (!hasWhole(store, own) && (await caches.bring([own])).length > 0) throw missingBlob(own);
    return { path: store.blobPath(own) };
  };
}

function asOwn({ mediaType, digest, size }: ForeignDescriptor): Descriptor {
  return { mediaType, digest: digest as Digest, size };
}

/** Says of a blob which reference's base has it as a layer, if one has. */
function baseOfImage(
  text: string,
  { digest: image }: Descriptor,
  store: Store,
): (blob: ForeignDescriptor) => readonly string[] {
  const manifest = store.readBlob(image);
  const config = store.readBlob(parseManifest(manifest).config.digest);
  const { labels, pieces } = readModel(text, image, manifest, config, []);
  const base = labels[baseLabel];
  if (base === undefined || base.startsWith('oci:')) return () => [];
  const layers = new Set(pieces.filter(({ block }) => block === 'base').map(({ version }) => version));
  return ({ digest }) => (layers.has(hexOf(digest as Digest).slice(0, 12)) ? [base] : []);
}

/** A repository of the same registry, another than the one that is pushed to. */
function repositoryBeside(target: Reference, caches: readonly string[]): string | undefined {
  return caches
    .map(parseReference)
    .find(
      ({ scheme, host, repository }) =>
        scheme === target.scheme && host === target.host && repository !== target.repository,
    )?.repository;
}
