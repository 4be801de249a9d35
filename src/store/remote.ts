// Blobs that the store does not hold but knows a cache to hold: one small file each, with the blob's size and the
// repositories. The bytes come when something needs them (src/cache), and are then verified as all others are.
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../base/canonical.ts';
import { type Descriptor, type Digest, digestOfHex, hexOf } from '../base/digest.ts';
import { isSystemError } from '../base/error.ts';
import { writeFileAtomic } from '../base/files.ts';
import type { Store } from './store.ts';

const remoteSchema = z.strictObject({
  /** References of repositories. */
  caches: z.array(z.string()).min(1),
  /** Bytes. */
  size: z.number().int().nonnegative(),
});
type Remote = z.infer<typeof remoteSchema>;

/** The caches that hold a blob of this digest and size, as far as the store knows. */
export function cachesOf(store: Store, blob: Pick<Descriptor, 'digest' | 'size'>): readonly string[] {
  const remote = readRemote(remotePath(store, blob.digest));
  return remote?.size === blob.size ? remote.caches : [];
}

/** Remembers that a cache holds a blob. */
export function recordRemote(store: Store, blob: Pick<Descriptor, 'digest' | 'size'>, cache: string): void {
  const caches = cachesOf(store, blob);
  if (caches.includes(cache)) return;
  write(remotePath(store, blob.digest), { caches: [...caches, cache], size: blob.size });
}

/** A cache does not hold a blob after all. */
export function forgetRemote(store: Store, digest: Digest, cache: string): void {
  forget(remotePath(store, digest), cache);
}

/** Nothing is to be had of a cache now. */
export function forgetCache(store: Store, cache: string): void {
  for (const name of remoteFiles(store)) forget(join(folder(store), name), cache);
}

/** Removes the records of blobs that are not in `live` and older than `before` (milliseconds); gives their digests. */
export function removeRemote(store: Store, live: ReadonlySet<Digest>, before: number): Digest[] {
  return remoteFiles(store).flatMap(name => {
    const digest = digestOfHex(name.slice(0, 64));
    const path = join(folder(store), name);
    const writtenMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (live.has(digest) || writtenMs === undefined || writtenMs >= before) return [];
    rmSync(path, { force: true });
    return [digest];
  });
}

// The names of all records, `<hex>.json`.
function remoteFiles(store: Store): string[] {
  try {
    return readdirSync(folder(store)).filter(name => /^[0-9a-f]{64}\.json$/.test(name));
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}

function forget(path: string, cache: string): void {
  const remote = readRemote(path);
  const left = remote?.caches.filter(each => each !== cache) ?? [];
  if (remote === undefined || left.length === remote.caches.length) return;
  if (left.length === 0) rmSync(path, { force: true });
  else write(path, { ...remote, caches: left });
}

function write(path: string, remote: Remote): void {
  writeFileAtomic(path, `${canonicalJson(remote)}\n`);
}

// A record that cannot be read counts as none: the cache is asked again.
function readRemote(path: string): Remote | undefined {
  try {
    const result = remoteSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}

const folder = (store: Store): string => join(store.dir, 'cogpack', 'remote');
const remotePath = (store: Store, digest: Digest): string => join(folder(store), `${hexOf(digest)}.json`);
