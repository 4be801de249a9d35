// Writes one blob: bytes go to a temporary file and through sha256 at once; `commit` flushes the file and renames it
// to its digest. A file that another has written, verified and flushed is only renamed. A crash leaves only the temporary
// file, which the next `gc` or `store verify` removes.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createSha256, type Digest, digestOfHex, hexOf } from '../base/digest.ts';
import { CogpackError, isSystemError } from '../base/error.ts';
import { syncDirectory, temporaryName, writeFully } from '../base/files.ts';
import type { BlobWriter } from './blob-store.ts';

const bufferSize = 1 << 20;

/** A writer into the store at `storeDir`. Holds one buffer of 1 MiB. */
export function createBlobWriter(storeDir: string): BlobWriter {
  const temporary = temporaryPath(storeDir);
  const hash = createSha256();
  let buffer: Buffer | undefined;
  let filled = 0;
  let size = 0;
  let fd: number | undefined = openSync(temporary, 'wx', 0o444);

  function guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      abort();
      throw writeError(storeDir, error);
    }
  }

  function drain(): void {
    if (filled === 0 || buffer === undefined) return;
    const part = buffer.subarray(0, filled);
    hash.update(part);
    writeFully(opened(fd), part);
    filled = 0;
  }

  function abort(): void {
    if (fd === undefined) return;
    closeSync(fd);
    fd = undefined;
    rmSync(temporary, { force: true });
  }

  return {
    write(bytes) {
      guard(() => {
        size += bytes.length;
        if (bytes.length >= bufferSize) {
          drain();
          hash.update(bytes);
          writeFully(opened(fd), bytes);
          return;
        }
        buffer ??= Buffer.allocUnsafe(bufferSize);
        if (filled + bytes.length > bufferSize) drain();
        buffer.set(bytes, filled);
        filled += bytes.length;
      });
    },
    commit(mediaType, annotations) {
      return guard(() => {
        drain();
        const digest = digestOfHex(hash.digest('hex'));
        if (existsSync(pathOf(storeDir, digest))) {
          abort();
        } else {
          fsyncSync(opened(fd));
          closeSync(opened(fd));
          fd = undefined;
          takeFile(storeDir, temporary, digest);
        }
        return { mediaType, digest, size, ...(annotations && { annotations }) };
      });
    },
    abort,
  };
}

/** Where a blob's bytes may lie until `takeFile`: in a folder that is there, under a name that is free. */
export function temporaryPath(storeDir: string): string {
  const folder = join(storeDir, 'cogpack', 'tmp');
  mkdirSync(folder, { recursive: true });
  return join(folder, temporaryName('blob'));
}

/** Makes a file whose bytes have been verified and flushed the blob `digest`. */
export function takeFile(storeDir: string, path: string, digest: Digest): void {
  renameSync(path, pathOf(storeDir, digest));
  syncDirectory(join(storeDir, 'blobs', 'sha256'));
}

/** `store/write` for a disk that takes no more; any other error as it is. */
export function writeError(storeDir: string, error: unknown): unknown {
  if (!isSystemError(error, 'ENOSPC', 'EDQUOT', 'EIO', 'EFBIG')) return error;
  return new CogpackError('store/write', `cannot write to the store ${storeDir}: ${error.message}`, {
    hint: 'free some space (cogpack gc) or choose another folder with --store, then run it again',
    cause: error,
  });
}

function pathOf(storeDir: string, digest: Digest): string {
  return join(storeDir, 'blobs', 'sha256', hexOf(digest));
}

function opened(fd: number | undefined): number {
  if (fd === undefined) throw new Error('the blob writer is closed');
  return fd;
}
