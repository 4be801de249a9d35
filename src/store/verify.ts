// Checks a store: every blob is hashed again, every realisation record read. What a killed process leaves (temporary
// files, records of blobs that are gone) is no damage: nothing reads the former, and the latter count as absent.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Descriptor } from '../base/digest.ts';
import { findLeftovers, namesIn, temporaryPattern } from './leftovers.ts';
import { outputsSchema } from './realisations.ts';
import { cachesOf } from './remote.ts';
import { hasWhole, type Store } from './store.ts';

export type VerifyResult = {
  readonly blobs: number;
  readonly bytes: number;
  /** Damage: paths inside the store. */
  readonly problems: readonly { readonly path: string; readonly problem: string }[];
  /** Temporary files of processes that have ended. */
  readonly leftovers: readonly string[];
  /** Records of things that would have to be built again. */
  readonly incomplete: number;
  /** How many files `repair` removed. */
  readonly removed: number;
};

export type VerifyOptions = {
  /** Bytes hashed, of bytes to hash. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** Removes what is wrong and what is left over: the next realise makes anew what is then missing. */
  readonly repair?: boolean;
};

const readBytes = 1 << 20;
const hexPattern = /^[0-9a-f]{64}$/;

export async function verifyStore(store: Store, options: VerifyOptions = {}): Promise<VerifyResult> {
  const problems: { path: string; problem: string }[] = [];
  const damage = (path: string, problem: string) =>
    problems.push({ path: relative(store.dir, path), problem });

  const blobs = await blobFiles(join(store.dir, 'blobs', 'sha256'), damage);
  const bytes = blobs.reduce((sum, blob) => sum + blob.size, 0);
  let done = 0;
  for (const { path, hex } of blobs) {
    const found = await hashOf(path, options.signal, count => {
      done += count;
      options.onProgress?.(done, bytes);
    });
    if (found !== hex) damage(path, `its bytes are sha256:${found}`);
  }
  const incomplete = await verifyRecords(store, damage);
  const leftovers = await findLeftovers(store.dir);
  const removed = options.repair
    ? await remove(store.dir, [...problems.map(each => each.path), ...leftovers])
    : 0;
  return { blobs: blobs.length, bytes, problems, leftovers, incomplete, removed };
}

type Damage = (path: string, problem: string) => void;

async function blobFiles(
  dir: string,
  damage: Damage,
): Promise<{ path: string; hex: string; size: number }[]> {
  const files: { path: string; hex: string; size: number }[] = [];
  for (const hex of await namesIn(dir)) {
    const path = join(dir, hex);
    const info = await stat(path);
    if (hexPattern.test(hex) && info.isFile()) files.push({ path, hex, size: info.size });
    else if (!temporaryPattern.test(hex)) damage(path, 'it is not a blob');
  }
  return files;
}

/** The hex digits of a file's sha256. */
export async function hashOf(
  path: string,
  signal: AbortSignal | undefined,
  count: (bytes: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path, { highWaterMark: readBytes, ...(signal && { signal }) })) {
    hash.update(part as Buffer);
    count((part as Buffer).length);
  }
  return hash.digest('hex');
}

/** How many records name blobs that are not there. */
async function verifyRecords(store: Store, damage: Damage): Promise<number> {
  const dir = join(store.dir, 'cogpack', 'realisations');
  let incomplete = 0;
  for (const name of await namesIn(dir)) {
    if (temporaryPattern.test(name)) continue;
    const path = join(dir, name);
    const outputs = outputsSchema.safeParse(json(await readFile(path, 'utf8')));
    if (!outputs.success) damage(path, 'it is not a realisation record');
    else if (Object.values(outputs.data).some(each => isGone(store, each))) incomplete += 1;
  }
  return incomplete;
}

function isGone(store: Store, blob: Descriptor): boolean {
  return !hasWhole(store, blob) && cachesOf(store, blob).length === 0;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function remove(root: string, paths: readonly string[]): Promise<number> {
  for (const path of paths) await rm(join(root, path), { force: true, recursive: true });
  return paths.length;
}
