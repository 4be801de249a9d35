// The Model of an image, wherever it is: its manifest and its configuration are read, and no layer.
import { readFileSync } from 'node:fs';
import { createClient, type Reference } from '@cogpack/registry-client';
import { type Descriptor, descriptorSchema, hexOf } from '../base/digest.ts';
import { manifestMediaType, parseManifest } from '../store/manifest.ts';
import type { Store } from '../store/store.ts';
import { derivationsOf, locateModel } from './locate.ts';
import { type Model, readModel } from './model.ts';

/** Throws as `locateModel`, `model/config`, RegistryError. */
export async function findModel(text: string, store: Store, signal: AbortSignal): Promise<Model> {
  const located = locateModel(text, store);
  const { manifest, manifestBytes, configBytes } =
    located.kind === 'registry'
      ? await fromRegistry(located.reference, signal)
      : read(located.manifest, digest =>
          located.kind === 'store'
            ? store.readBlob(digest)
            : readFileSync(`${located.dir}/blobs/sha256/${hexOf(digest)}`),
        );
  return readModel(text, manifest.digest, manifestBytes, configBytes, derivationsOf(store, manifest.digest));
}

type Found = {
  readonly manifest: Descriptor;
  readonly manifestBytes: Uint8Array;
  readonly configBytes: Uint8Array;
};

function read(manifest: Descriptor, blob: (digest: Descriptor['digest']) => Uint8Array): Found {
  const manifestBytes = blob(manifest.digest);
  return { manifest, manifestBytes, configBytes: blob(parseManifest(manifestBytes).config.digest) };
}

async function fromRegistry(reference: Reference, signal: AbortSignal): Promise<Found> {
  const client = createClient();
  try {
    const name = reference.digest ?? reference.tag ?? 'latest';
    const { descriptor, bytes } = await client.getManifest(reference, name, signal);
    const parts: Buffer[] = [];
    for await (const part of client.getBlob(reference, parseManifest(bytes).config, signal))
      parts.push(Buffer.from(part));
    const manifest = descriptorSchema.parse({
      mediaType: manifestMediaType,
      digest: descriptor.digest,
      size: bytes.length,
    });
    return { manifest, manifestBytes: bytes, configBytes: Buffer.concat(parts) };
  } finally {
    client.close();
  }
}
