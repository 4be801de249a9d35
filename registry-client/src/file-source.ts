// A push's bytes from files.
import { createReadStream } from 'node:fs';
import type { OpenBlob } from './blob-push.ts';

const readBytes = 256 << 10;

/** Reads each blob from the file that `pathOf` names. */
export function fileSource(pathOf: (blob: { readonly digest: string }) => string): OpenBlob {
  return (blob, start) => createReadStream(pathOf(blob), { start, highWaterMark: readBytes });
}
