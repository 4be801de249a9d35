// Where the bytes of a pushed blob come from.
import { createReadStream } from 'node:fs';
import type { Descriptor } from './descriptor.ts';

/** A file that holds the blob; its bytes go to the connection in the cheapest way. */
export type BlobFile = { readonly path: string };

/** A file, or a blob's bytes in parts of any size, each of which may be used again when the next is asked for. */
export type BlobBytes = AsyncIterable<Uint8Array> | BlobFile;

/** Gives a blob's bytes, from `start` on where they are parts. Called anew whenever bytes are sent again. */
export type OpenBlob = (descriptor: Descriptor, start: number) => BlobBytes | Promise<BlobBytes>;

/** All bytes of a blob, in parts. Throws what the source does. */
export async function* partsOf(open: OpenBlob, descriptor: Descriptor): AsyncGenerator<Uint8Array> {
  const bytes = await open(descriptor, 0);
  yield* 'path' in bytes ? createReadStream(bytes.path) : bytes;
}
