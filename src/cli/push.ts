// Pushes an image from the store.
import { createClient, fileSource, type PushImageResult, parseReference } from '@cogpack/registry-client';
import type { Descriptor, Digest } from '../base/digest.ts';
import type { Store } from '../store/store.ts';
import type { Progress } from './progress.ts';

/** Throws RegistryError. */
export async function pushFromStore(
  reference: string,
  manifest: Descriptor,
  store: Store,
  signal: AbortSignal,
  progress: Progress,
): Promise<PushImageResult & { readonly reference: string }> {
  const client = createClient();
  try {
    const result = await client.pushImage({
      reference: parseReference(reference),
      manifest,
      open: fileSource(blob => store.blobPath({ digest: blob.digest as Digest })),
      signal,
      onProgress: (sent, total) => progress.update('push', `push ${reference}`, sent, total),
    });
    return { reference, ...result };
  } finally {
    client.close();
  }
}
