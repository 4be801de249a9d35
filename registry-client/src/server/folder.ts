// The folder: blobs of an OCI image layout (image-spec image-layout.md) and, under registry/repositories/<name>, one
// small file for each thing that a repository holds. No part of a name begins with "_", so these cannot clash:
//   _blobs/<hex>                     empty: the blob may be read here
//   _manifests/<hex>                 the manifest's media type
//   _tags/<tag>                      the digest it names
//   _referrers/<hex>/<hex>           subject / referrer: the referrer's descriptor
// Everything is written under a temporary name, flushed and renamed; uploads lie in registry/uploads until they are whole.

import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { algorithmOf, hexOf } from '../digest.ts';

export type Folder = {
  readonly uploads: string;
  blobPath(digest: string): string;
  /** The size of a blob that the repository holds. */
  blobSize(repository: string, digest: string): Promise<number | undefined>;
  /** Moves a complete, flushed file to its blob; one that is there already stays. */
  adopt(file: string, digest: string, size: number): Promise<void>;
  /** A record of a repository, or undefined. */
  read(repository: string, ...path: string[]): Promise<string | undefined>;
  write(content: string, repository: string, ...path: string[]): Promise<void>;
  /** False when it was not there. */
  remove(repository: string, ...path: string[]): Promise<boolean>;
  /** The names in one of a repository's folders, by code units; none when there is no such folder. */
  list(repository: string, ...path: string[]): Promise<string[]>;
  exists(repository: string): Promise<boolean>;
};

export function openFolder(dir: string): Folder {
  const blobs = join(dir, 'blobs');
  const uploads = join(dir, 'registry', 'uploads');
  const repositories = join(dir, 'registry', 'repositories');
  for (const each of [join(blobs, 'sha256'), uploads, repositories]) mkdirSync(each, { recursive: true });
  writeOnce(join(dir, 'index.json'), '{"schemaVersion":2,"manifests":[]}');
  writeOnce(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');

  const blobPath = (digest: string) => join(blobs, algorithmOf(digest), hexOf(digest));
  const recordPath = (repository: string, path: readonly string[]) => join(repositories, repository, ...path);

  return {
    uploads,
    blobPath,
    async blobSize(repository, digest) {
      if (!(await isFile(recordPath(repository, ['_blobs', hexOf(digest)])))) return undefined;
      return (await statOf(blobPath(digest)))?.size;
    },
    async adopt(file, digest, size) {
      const path = blobPath(digest);
      if ((await statOf(path))?.size === size) {
        await unlink(file);
        return;
      }
      mkdirSync(dirname(path), { recursive: true });
      await rename(file, path);
      await syncDirectory(dirname(path));
    },
    async read(repository, ...path) {
      return absent(() => readFile(recordPath(repository, path), 'utf8'));
    },
    async write(content, repository, ...path) {
      const target = recordPath(repository, path);
      if ((await absent(() => readFile(target, 'utf8'))) === content) return;
      mkdirSync(dirname(target), { recursive: true });
      const temporary = join(uploads, `record-${randomUUID()}`);
      const handle = await open(temporary, 'wx', 0o644);
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, target);
      await syncDirectory(dirname(target));
    },
    async remove(repository, ...path) {
      return (await absent(() => unlink(recordPath(repository, path)).then(() => true))) ?? false;
    },
    async list(repository, ...path) {
      return ((await absent(() => readdir(recordPath(repository, path)))) ?? []).sort();
    },
    exists: async repository => (await statOf(recordPath(repository, ['_manifests']))) !== undefined,
  };
}

/** Makes renames in `dir` last over a power cut. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function writeOnce(path: string, content: string): void {
  try {
    writeFileSync(path, content, { flag: 'wx' });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

async function statOf(path: string): Promise<{ size: number; isFile(): boolean } | undefined> {
  return absent(() => stat(path));
}

async function isFile(path: string): Promise<boolean> {
  return (await statOf(path))?.isFile() ?? false;
}

async function absent<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
