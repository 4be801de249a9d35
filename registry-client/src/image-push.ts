// Pushes an image or an index: what the registry has is asked first (one HEAD when the tag is right already), missing
// blobs go in parallel, manifests last and the named one at the very end, so that a tag never names an incomplete image.
import { type OpenBlob, partsOf } from './blob-bytes.ts';
import { knowsOwnBlobs, type PushedBlob, pushBlob } from './blob-push.ts';
import {
  type Descriptor,
  isManifestType,
  type ManifestContent,
  maxManifestBytes,
  parseManifest,
} from './descriptor.ts';
import { RegistryError } from './error.ts';
import type { Http } from './http.ts';
import { headManifest, type Manifest, putManifestBytes } from './manifests.ts';
import { inParallel } from './pool.ts';
import type { Reference } from './reference.ts';
import { addToFallback } from './referrers.ts';
import { createVerifier } from './verify.ts';

export type PushImageOptions = {
  readonly reference: Reference;
  /** The descriptor of an image manifest or an index. */
  readonly manifest: Descriptor;
  /** Gives the bytes of manifests and blobs; asked only for what is sent (and for manifests that are not there). */
  readonly open: OpenBlob;
  /** A repository of the same registry that may hold a blob, which is then mounted rather than sent. */
  readonly mountFrom?: ((blob: Descriptor) => string | undefined) | undefined;
  readonly concurrency?: number | undefined;
  /** Bytes sent, and bytes to be sent as far as they are known. */
  readonly onProgress?: ((sent: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type PushImageResult = {
  readonly digest: string;
  /** Blobs and manifests that were sent. */
  readonly pushed: readonly Descriptor[];
  readonly mounted: readonly Descriptor[];
  /** What was there; empty when the whole image was. */
  readonly existing: readonly Descriptor[];
};

const defaultConcurrency = 8;
const maxDepth = 4;

export async function pushImage(
  http: Http,
  chunkBytes: number,
  options: PushImageOptions,
): Promise<PushImageResult> {
  const { reference, manifest, open, signal } = options;
  const done = { pushed: [] as Descriptor[], mounted: [] as Descriptor[], existing: [] as Descriptor[] };
  const name = reference.tag ?? manifest.digest;
  if (reference.digest !== undefined && reference.digest !== manifest.digest) {
    const message = `cannot push ${manifest.digest} as ${reference.repository}@${reference.digest}: the digests differ`;
    throw new RegistryError('reference', message);
  }
  if (!isManifestType(manifest.mediaType)) {
    throw new RegistryError(
      'protocol',
      `cannot push ${manifest.digest}: ${manifest.mediaType} is not a manifest`,
    );
  }
  const current = await headManifest(http, reference, name, signal, 'push');
  if (current?.digest === manifest.digest) return { digest: manifest.digest, ...done };

  const [there, root] = await Promise.all([
    isThere(http, options, manifest, name),
    readManifest(open, manifest),
  ]);
  if (!there) {
    const children = await missingManifests(http, options, root, done, 1);
    const manifests = [...children, root];
    await pushBlobs(
      http,
      chunkBytes,
      options,
      manifests.map(each => each.content),
      done,
    );
    for (const child of children) await put(http, options, child, child.descriptor.digest, done);
  }
  await put(http, options, root, name, done);
  return { digest: manifest.digest, ...done };
}

// Another tag may name the manifest: then it is whole, and only this tag is missing.
async function isThere(
  http: Http,
  { reference, signal }: PushImageOptions,
  manifest: Descriptor,
  asked: string,
): Promise<boolean> {
  if (asked === manifest.digest) return false;
  return (await headManifest(http, reference, manifest.digest, signal, 'push')) !== undefined;
}

/** The manifests under an index that the registry has not, deepest first. */
async function missingManifests(
  http: Http,
  options: PushImageOptions,
  parent: Manifest,
  done: { existing: Descriptor[] },
  depth: number,
): Promise<Manifest[]> {
  const { reference, open, signal } = options;
  if (depth > maxDepth) {
    throw new RegistryError(
      'protocol',
      `${parent.descriptor.digest}: indexes lie more than ${maxDepth} deep in each other`,
    );
  }
  const missing: Manifest[] = [];
  for (const child of parent.content.manifests) {
    if ((await headManifest(http, reference, child.digest, signal, 'push')) !== undefined) {
      done.existing.push(child);
      continue;
    }
    const manifest = await readManifest(open, child);
    missing.push(...(await missingManifests(http, options, manifest, done, depth + 1)), manifest);
  }
  return missing;
}

async function pushBlobs(
  http: Http,
  chunkBytes: number,
  options: PushImageOptions,
  contents: readonly ManifestContent[],
  done: { pushed: Descriptor[]; mounted: Descriptor[]; existing: Descriptor[] },
): Promise<void> {
  const blobs = [...new Map(contents.flatMap(each => each.blobs).map(blob => [blob.digest, blob])).values()];
  const lists: Record<PushedBlob, Descriptor[]> = {
    uploaded: done.pushed,
    mounted: done.mounted,
    existing: done.existing,
  };
  let total = blobs.reduce((sum, blob) => sum + blob.size, 0);
  let sent = 0;
  const concurrency = options.concurrency ?? defaultConcurrency;
  // As long as nothing was found there: registries write when they mount.
  let isNew = true;
  let knowsOwn: boolean | undefined;
  await inParallel(largestFirst(blobs), concurrency, options.signal, async (blob, signal) => {
    const from = options.mountFrom?.(blob);
    const onBytes = (count: number) => {
      sent += count;
      options.onProgress?.(sent, total);
    };
    const result = await pushBlob(http, options.reference, blob, options.open, chunkBytes, {
      from,
      onBytes,
      signal,
      knowsOwn: isNew && knowsOwn === true,
    });
    if (result !== 'uploaded') {
      total -= blob.size;
      options.onProgress?.(sent, total);
    }
    lists[result].push(blob);
    isNew &&= result === 'uploaded';
    if (isNew && knowsOwn === undefined && blobs.length > 2 * concurrency) {
      knowsOwn = false;
      knowsOwn = await knowsOwnBlobs(http, options.reference, blob.digest, signal);
    }
  });
}

// The longest transfer begins first, so that the last to end does not run alone.
function largestFirst(blobs: readonly Descriptor[]): Descriptor[] {
  return [...blobs].sort((a, b) => b.size - a.size);
}

async function put(
  http: Http,
  { reference, signal }: PushImageOptions,
  manifest: Manifest,
  name: string,
  done: { pushed: Descriptor[] },
): Promise<void> {
  const { mediaType } = manifest.descriptor;
  const { subjectTaken } = await putManifestBytes(http, reference, name, manifest.bytes, mediaType, signal);
  if (!subjectTaken) await addToFallback(http, reference, manifest, signal);
  done.pushed.push(manifest.descriptor);
}

async function readManifest(open: OpenBlob, descriptor: Descriptor): Promise<Manifest> {
  const what = `the manifest ${descriptor.digest}`;
  if (descriptor.size > maxManifestBytes) {
    throw new RegistryError(
      'size',
      `${what} has ${descriptor.size} bytes; registries take ${maxManifestBytes}`,
    );
  }
  const verifier = createVerifier(descriptor, what);
  const parts: Uint8Array[] = [];
  for await (const part of partsOf(open, descriptor)) {
    verifier.update(part);
    parts.push(Uint8Array.from(part));
  }
  verifier.finish();
  const bytes = Buffer.concat(parts);
  return { descriptor, bytes, content: parseManifest(bytes, descriptor.mediaType, what) };
}
