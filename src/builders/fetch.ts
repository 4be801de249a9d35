// fetch@1: a file whose bytes are fixed by sha256 and size. Where it may be found is in no hash: it comes with the
// context, as does the way to the network, which no other builder has. Bytes already in the store are taken from there.
import { statSync } from 'node:fs';
import { z } from 'zod';
import { digestSchema } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import type { Builder } from './builder.ts';

const args = z.strictObject({ sha256: digestSchema, size: z.number().int().nonnegative() });
type Args = z.infer<typeof args>;

const mediaType = 'application/octet-stream';

export const fetch: Builder<Args> = {
  name: 'fetch',
  version: 1,
  thread: 'main',
  args,
  async build({ sha256, size }, _inputs, context) {
    const { name, store, location, download } = context;
    const descriptor = { mediaType, digest: sha256, size };
    if (statSync(store.blobPath(descriptor), { throwIfNoEntry: false })?.size === size) {
      return { file: descriptor };
    }
    if (location === undefined || download === undefined) {
      throw new CogpackError('fetch/location', `${name}: where ${sha256} may be found is not known`, {
        hint: 'give the fetch a location in the description',
      });
    }
    const blob = store.createBlob();
    try {
      await download(
        location,
        { sha256, size, name },
        bytes => blob.write(bytes),
        context.signal,
        context.progress,
      );
      return { file: checked(blob.commit(mediaType), descriptor, name) };
    } catch (error) {
      blob.abort();
      throw error;
    }
  },
};

// The way to the network has checked the bytes as they came; this is what the store says of them.
function checked<T extends { digest: string; size: number }>(found: T, expected: T, name: string): T {
  if (found.digest === expected.digest && found.size === expected.size) return found;
  throw new CogpackError(
    'fetch/sha256',
    `${name}: expected ${expected.digest} of ${expected.size} bytes, found ${found.digest} of ${found.size}`,
  );
}
