// A push's bytes from files.
import { open } from 'node:fs/promises';
import type { OpenBlob } from './blob-push.ts';

const bufferBytes = 512 << 10;

/** Reads each blob from the file that `pathOf` names; a part is valid until the next one is asked for. */
export function fileSource(pathOf: (blob: { readonly digest: string }) => string): OpenBlob {
  return async function* (blob, start) {
    const file = await open(pathOf(blob));
    try {
      const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(bufferBytes, blob.size - start)));
      for (let position = start; ; ) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
        if (bytesRead === 0) return;
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  };
}
