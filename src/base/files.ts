// Crash-safe files: written under a temporary name in the same file system, flushed, renamed, directory flushed.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

let counter = 0;

/** A name that no other process or thread on this machine uses at the same time. */
export function temporaryName(hint: string): string {
  counter += 1;
  return `${hint}.${process.pid}-${threadTag()}-${counter}.tmp`;
}

function threadTag(): string {
  return process.hrtime.bigint().toString(36);
}

/** Writes all of `bytes`; a short write (a disk that is nearly full) goes on until it fails. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done);
}

/** Makes a rename in `dir` last over a power cut. */
export function syncDirectory(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Replaces `path` with `content` as one step; on failure the old file stays and nothing is left behind. */
export function writeFileAtomic(path: string, content: Uint8Array | string): void {
  const dir = dirname(path);
  mkdirSync(dir, { recursive: true });
  const temporary = join(dir, `.${temporaryName(basename(path))}`);
  const fd = openSync(temporary, 'wx', 0o644);
  try {
    try {
      writeFully(fd, typeof content === 'string' ? Buffer.from(content) : content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
  syncDirectory(dir);
}
