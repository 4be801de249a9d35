// Makes all of an image be in the store, wherever it is: pulled from a registry, copied from a layout. Every blob is
// verified by its sha256.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import {
  createClient,
  type FileSink,
  type Descriptor as ForeignDescriptor,
  type Reference,
} from '@cogpack/registry-client';
import { type Descriptor, descriptorSchema, hexOf } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { takeFile, temporaryPath, writeError } from '../store/blob-writer.ts';
import { blobsOfManifest } from '../store/manifest.ts';
import { hasWhole, type Store } from '../store/store.ts';
import { locateModel } from './locate.ts';

/**
 * Gives the image's manifest. `onProgress`: bytes received, of all. The caller holds a lease on the store, since nothing
 * there leads to what is brought. Throws as `locateModel`, `store/missing-blob`, `model/blob`, RegistryError.
 */
export async function bringModel(
  text: string,
  store: Store,
  signal: AbortSignal,
  onProgress: (received: number, total: number) => void,
): Promise<Descriptor> {
  const located = locateModel(text, store);
  switch (located.kind) {
    case 'registry':
      return pull(located.reference, store, signal, onProgress);
    case 'layout': {
      const { dir, manifest } = located;
      await copy(dir, manifest, store);
      for (const blob of blobsOfManifest(store.readBlob(manifest.digest))) {
        signal.throwIfAborted();
        await copy(dir, blob, store);
      }
      return manifest;
    }
    case 'store': {
      const { manifest } = located;
      const lost = blobsOfManifest(store.readBlob(manifest.digest)).find(blob => !hasWhole(store, blob));
      if (lost === undefined) return manifest;
      throw new CogpackError('store/missing-blob', `the store ${store.dir} does not hold ${lost.digest}`, {
        hint: 'name the description, so that what is missing is made anew',
      });
    }
    default:
      return located satisfies never;
  }
}

async function pull(
  reference: Reference,
  store: Store,
  signal: AbortSignal,
  onProgress: (received: number, total: number) => void,
): Promise<Descriptor> {
  const client = createClient();
  const sink: FileSink = {
    flush: true,
    has: blob => hasWhole(store, own(blob)),
    temporary: () => temporaryPath(store.dir),
    commit: (blob, path) => takeFile(store.dir, path, own(blob).digest),
  };
  try {
    const { manifest } = await client.pullImage({ reference, sink, signal, onProgress });
    return own(manifest);
  } catch (error) {
    throw writeError(store.dir, error);
  } finally {
    client.close();
  }
}

function own({ mediaType, digest, size }: ForeignDescriptor): Descriptor {
  return descriptorSchema.parse({ mediaType, digest, size });
}

async function copy(dir: string, blob: Descriptor, store: Store): Promise<void> {
  if (hasWhole(store, blob)) return;
  const writer = store.createBlob();
  try {
    for await (const part of createReadStream(join(dir, 'blobs', 'sha256', hexOf(blob.digest))))
      writer.write(part as Buffer);
    const { digest } = writer.commit(blob.mediaType);
    if (digest !== blob.digest)
      throw new CogpackError('model/blob', `${dir}: the blob ${blob.digest} has the digest ${digest}`, {
        hint: 'the layout is damaged: write it again',
      });
  } catch (error) {
    writer.abort();
    throw error;
  }
}
