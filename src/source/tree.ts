// source(): the files of a folder as data. What enters is each path, the executable bit, a link's target, and the
// sha256 and size of the contents; no time, owner, umask or directory order does.
import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { digestOfHex } from '../base/digest.ts';
import { CogpackError, isSystemError } from '../base/error.ts';
import type { TreeEntry } from '../base/tree-entry.ts';
import { type IgnoreRules, rootRules } from './ignore.ts';
import type { StatCache } from './stat-cache.ts';

export type TreeOptions = {
  /** gitignore patterns, relative to the folder. */
  readonly exclude: readonly string[];
};

const bufferSize = 1 << 20;
let shared: Buffer | undefined;

/**
 * Lists a folder or a single file, sorted by path bytes. Folders are there by their files: an empty one is left out.
 * Throws `source/missing`, `source/changed`, `source/name`, `source/kind`.
 */
export function readTree(root: string, options: TreeOptions, cache: StatCache): TreeEntry[] {
  const stats = statOf(root);
  if (stats.isFile()) {
    const name = root.slice(root.lastIndexOf('/') + 1);
    return [fileEntry(root, name, '', name, stats, cache)];
  }
  const entries: TreeEntry[] = [];
  walk(root, '', rootRules(root, options.exclude), entries, cache);
  cache.save(entries.map(entry => entry.path));
  return sortByPath(entries);
}

function walk(root: string, dir: string, rules: IgnoreRules, entries: TreeEntry[], cache: StatCache): void {
  const folder = dir === '' ? root : `${root}/${dir}`;
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const path = dir === '' ? item.name : `${dir}/${item.name}`;
    if (item.name.includes('\ufffd')) {
      throw new CogpackError('source/name', `the name of ${join(folder, item.name)} is not UTF-8`, {
        hint: 'rename the file, or exclude it',
      });
    }
    if (item.isDirectory()) {
      if (!rules.ignored(`${path}/`)) walk(root, path, rules.enter(path), entries, cache);
    } else if (!rules.ignored(path)) {
      entries.push(entryOf(`${folder}/${item.name}`, path, dir, item.name, cache));
    }
  }
}

function entryOf(file: string, path: string, dir: string, name: string, cache: StatCache): TreeEntry {
  const stats = statOf(file);
  if (stats.isSymbolicLink()) return { path, target: readlinkSync(file), type: 'link' };
  if (stats.isFile()) return fileEntry(file, path, dir, name, stats, cache);
  throw new CogpackError('source/kind', `${file} is neither a file, a folder nor a symbolic link`, {
    hint: 'exclude it from the source',
  });
}

function fileEntry(
  file: string,
  path: string,
  dir: string,
  name: string,
  stats: Stats,
  cache: StatCache,
): TreeEntry {
  let hex = cache.find(dir, name, stats);
  if (hex === undefined) {
    hex = hashFile(file, stats);
    cache.remember(dir, name, stats, hex);
  }
  const executable = (stats.mode & 0o100) !== 0;
  return { executable, path, sha256: digestOfHex(hex), size: stats.size, type: 'file' };
}

function hashFile(file: string, before: Stats): string {
  const fd = openSync(file, 'r');
  try {
    const hash = createHash('sha256');
    shared ??= Buffer.allocUnsafe(bufferSize);
    let total = 0;
    for (let read = 1; read > 0; total += read) {
      read = readSync(fd, shared, 0, bufferSize, null);
      hash.update(shared.subarray(0, read));
    }
    const after = fstatSync(fd);
    const same =
      after.mtimeMs === before.mtimeMs && after.ctimeMs === before.ctimeMs && after.ino === before.ino;
    if (!same || total !== before.size) {
      throw new CogpackError('source/changed', `${file} changed while it was being read`, {
        hint: 'wait until nothing writes to it, then run the command again; or exclude it',
      });
    }
    return hash.digest('hex');
  } finally {
    closeSync(fd);
  }
}

function statOf(path: string): Stats {
  try {
    return lstatSync(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR')) throw error;
    throw new CogpackError('source/missing', `${path} does not exist`, {
      hint: 'a source is a folder or a file inside the project, named relative to the description',
    });
  }
}

/** Orders by the UTF-8 bytes of the paths: code-unit order, unless a path has surrogates. */
function sortByPath(entries: TreeEntry[]): TreeEntry[] {
  if (entries.some(entry => /[\ud800-\udfff]/.test(entry.path))) {
    return entries.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}
