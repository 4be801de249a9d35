// Writes one blob: bytes go to a temporary file and through sha256 at once; `commit` flushes the file and renames it
// to its digest. A crash leaves only the temporary file, which the next `gc` or `store verify` removes.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestOfHex, hexOf } from '../base/digest.ts';
import { CogpackError, isSystemError } from '../base/error.ts';
import { syncDirectory, temporaryName, writeFully } from '../base/files.ts';
import type { BlobWriter } from './blob-store.ts';

const bufferSize = 1 << 20;

/** A writer into the store at `storeDir`. Holds one buffer of 1 MiB. */
export function createBlobWriter(storeDir: string): BlobWriter {
  const blobs = join(storeDir, 'blobs', 'sha256');
  const temporary = join(storeDir, 'cogpack', 'tmp', temporaryName('blob'));
  const hash = createHash('sha256');
  let buffer: Buffer | undefined;
  let filled = 0;
  let size = 0;
  let fd: number | undefined = open(temporary);

  function guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      abort();
      if (!isSystemError(error, 'ENOSPC', 'EDQUOT', 'EIO', 'EFBIG')) throw error;
      throw new CogpackError('store/write', `cannot write to the store ${storeDir}: ${error.message}`, {
        hint: 'free some space (cogpack gc) or choose another folder with --store, then run it again',
        cause: error,
      });
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
        const path = join(blobs, hexOf(digest));
        if (existsSync(path)) {
          abort();
        } else {
          fsyncSync(opened(fd));
          closeSync(opened(fd));
          fd = undefined;
          renameSync(temporary, path);
          syncDirectory(blobs);
        }
        return { mediaType, digest, size, ...(annotations && { annotations }) };
      });
    },
    abort,
  };
}

function open(path: string): number {
  try {
    return openSync(path, 'wx', 0o444);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    mkdirSync(join(path, '..'), { recursive: true });
    return openSync(path, 'wx', 0o444);
  }
}

function opened(fd: number | undefined): number {
  if (fd === undefined) throw new Error('the blob writer is closed');
  return fd;
}
