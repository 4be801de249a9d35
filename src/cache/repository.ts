// One cache: a repository of a registry. Its name is as people write it, host/repository, without a tag.
import { type Client, formatReference, parseReference, type Reference } from '@cogpack/registry-client';
import type { Descriptor, Digest } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import type { Store } from '../store/store.ts';

export type CacheRepository = {
  /** In one form, however it was written. */
  readonly name: string;
  readonly reference: Reference;
};

/** Throws `cache/reference`, and RegistryError for what is no reference at all. */
export function cacheRepository(text: string): CacheRepository {
  const reference = parseReference(text);
  if (reference.tag === undefined && reference.digest === undefined) {
    return { name: formatReference(reference), reference };
  }
  throw new CogpackError('cache/reference', `a cache is a repository, and ${text} names an image in one`, {
    hint: `write ${formatReference({ ...reference, tag: undefined, digest: undefined })}`,
  });
}

/** Streams a blob into the store, verified. Throws RegistryError. */
export async function downloadBlob(
  client: Client,
  cache: CacheRepository,
  { mediaType, digest, size }: Descriptor,
  store: Store,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<void> {
  const blob = store.createBlob();
  try {
    for await (const part of client.getBlob(cache.reference, { digest, size }, signal)) {
      blob.write(part);
      onBytes(part.length);
    }
    checkDigest(blob.commit(mediaType).digest, digest);
  } catch (error) {
    blob.abort();
    throw error;
  }
}

// The client has verified the bytes as they came; this is what the store says of them.
function checkDigest(found: Digest, expected: Digest): void {
  if (found !== expected) throw new Error(`expected ${expected}, the store has written ${found}`);
}
