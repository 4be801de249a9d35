// Pulled bytes into files. The client writes them itself, on threads of its own when there are many, so that hashing and
// writing keep up with the network.
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { receiveBlob } from './blob-pull.ts';
import type { Descriptor } from './descriptor.ts';
import type { Repository } from './hosts.ts';
import type { Http } from './http.ts';
import { nativeFor } from './wire/native.ts';

/** Where whole blobs go that lie in files. */
export type FileSink = {
  has(descriptor: Descriptor): boolean | Promise<boolean>;
  /** A path at which there is no file yet, in a folder that is there. */
  temporary(descriptor: Descriptor): string;
  /** Given a file that holds the verified blob, to be renamed to its place. */
  commit(descriptor: Descriptor, path: string): void | Promise<void>;
  /** Whether files are flushed to the disk before they are given to `commit`. */
  readonly flush: boolean;
};

/** Writes a verified blob to a new file; when that fails there is none. Throws what `receiveBlob` does, and system errors. */
export async function receiveToFile(
  http: Http,
  repository: Repository,
  blob: Pick<Descriptor, 'digest' | 'size'>,
  path: string,
  flush: boolean,
  onBytes: (count: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const native = nativeFor(blob.size);
  const fd = openSync(path, 'wx', 0o444);
  native?.startBatch();
  try {
    const write = (part: Uint8Array) => {
      writeFully(fd, part);
      onBytes(part.length);
    };
    await receiveBlob(http, repository, blob, write, signal);
    if (flush) fsyncSync(fd);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    native?.stopBatch();
    closeSync(fd);
  }
}

/** Writes bytes that have been verified to a new file; when that fails there is none. */
export function writeToFile(path: string, bytes: Uint8Array, flush: boolean): void {
  const fd = openSync(path, 'wx', 0o444);
  try {
    writeFully(fd, bytes);
    if (flush) fsyncSync(fd);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function writeFully(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}
