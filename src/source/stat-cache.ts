// Remembers the sha256 of files by what lstat says of them (size, mtime, ctime, inode), so that a second evaluation
// reads no file. As git does, a file changed within the last two seconds is not remembered: a second change could
// leave the same times. The cache is only ever a saving of work: losing it changes no output.
import { readFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../base/digest.ts';
import { messageOf } from '../base/error.ts';
import { writeFileAtomic } from '../base/files.ts';

export type StatCache = {
  /** The sha256 in hexadecimal if the file is as it was. */
  readonly find: (dir: string, name: string, stats: Stats) => string | undefined;
  readonly remember: (dir: string, name: string, stats: Stats, hex: string) => void;
  /** Writes what this walk saw, if it differs from what was read. */
  readonly save: () => void;
};

type Entries = Record<string, Record<string, string>>;
const settledAfterMs = 2000;

/** The cache of one project folder, kept in `cacheDir`. */
export function openStatCache(cacheDir: string, root: string): StatCache {
  const path = join(cacheDir, `${sha256(root).slice(7, 39)}.json`);
  const before = read(path);
  const after: Entries = {};
  const started = Date.now();
  let changed = false;

  const keep = (dir: string, name: string, value: string) => {
    let entries = after[dir];
    if (entries === undefined) {
      entries = {};
      after[dir] = entries;
    }
    entries[name] = value;
  };

  return {
    find(dir, name, stats) {
      const value = before[dir]?.[name];
      if (value?.slice(65) !== stampOf(stats)) return undefined;
      keep(dir, name, value);
      return value.slice(0, 64);
    },
    remember(dir, name, stats, hex) {
      changed = true;
      if (Math.max(stats.mtimeMs, stats.ctimeMs) + settledAfterMs < started) {
        keep(dir, name, `${hex} ${stampOf(stats)}`);
      }
    },
    save() {
      if (changed) trySave(path, after);
    },
  };
}

function stampOf(stats: Stats): string {
  return `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}`;
}

function read(path: string): Entries {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Entries;
  } catch {
    return {};
  }
}

function trySave(path: string, entries: Entries): void {
  try {
    writeFileAtomic(path, JSON.stringify(entries));
  } catch (error) {
    process.emitWarning(`the stat cache ${path} was not written: ${messageOf(error)}`);
  }
}
