// Remembers the sha256 of files by what lstat says of them (size, mtime, ctime, inode), so that a second evaluation
// reads no file. As git does, a file changed within the last two seconds is not remembered: a second change could
// leave the same times. The cache is only ever a saving of work: losing it changes no output.
import { existsSync, readFileSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '../base/digest.ts';
import { messageOf } from '../base/error.ts';
import { writeFileAtomic } from '../base/files.ts';

export type StatCache = {
  /** The sha256 in hexadecimal if the file is as it was. */
  readonly find: (dir: string, name: string, stats: Stats) => string | undefined;
  readonly remember: (dir: string, name: string, stats: Stats, hex: string) => void;
  /** Writes what is known of these files, the ones that the walk saw, if it differs from what was read. */
  readonly save: (paths: Iterable<string>) => void;
};

/** Folder → name → sha256 and stamp. */
type Folders = Record<string, Record<string, string>>;
type Cache = { readonly files: number; readonly folders: Folders };

const settledAfterMs = 2000;

/** The cache of one project folder, kept in `cacheDir`. */
export function openStatCache(cacheDir: string, root: string): StatCache {
  const path = join(cacheDir, `${sha256(root).slice(7, 39)}.json`);
  const { files, folders } = read(path);
  const started = Date.now();
  let changed = false;
  let found = 0;

  return {
    find(dir, name, stats) {
      const value = folders[dir]?.[name];
      if (value === undefined || value.slice(65) !== stampOf(stats)) return undefined;
      found += 1;
      return value.slice(0, 64);
    },
    remember(dir, name, stats, hex) {
      changed = true;
      if (Math.max(stats.mtimeMs, stats.ctimeMs) + settledAfterMs >= started) return;
      folders[dir] ??= {};
      folders[dir][name] = `${hex} ${stampOf(stats)}`;
    },
    save(paths) {
      if (changed || found !== files) trySave(path, only(folders, paths));
    },
  };
}

function only(folders: Folders, paths: Iterable<string>): Cache {
  const kept: Folders = {};
  let files = 0;
  for (const path of paths) {
    const slash = path.lastIndexOf('/');
    const dir = path.slice(0, Math.max(0, slash));
    const name = path.slice(slash + 1);
    const value = folders[dir]?.[name];
    if (value === undefined) continue;
    kept[dir] ??= {};
    kept[dir][name] = value;
    files += 1;
  }
  return { files, folders: kept };
}

function stampOf(stats: Stats): string {
  return `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}`;
}

function read(path: string): Cache {
  try {
    const { files, folders } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Cache>;
    if (typeof files === 'number' && typeof folders === 'object') return { files, folders };
  } catch {
    // Absent or damaged: everything is read again.
  }
  return { files: 0, folders: {} };
}

function trySave(path: string, cache: Cache): void {
  try {
    // Where it lies inside of the project, it is none of its source.
    const ignore = join(dirname(path), '.gitignore');
    if (!existsSync(ignore)) writeFileAtomic(ignore, '*\n');
    writeFileAtomic(path, JSON.stringify(cache));
  } catch (error) {
    process.emitWarning(`the stat cache ${path} was not written: ${messageOf(error)}`);
  }
}
