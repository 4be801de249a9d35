// Leases keep a collection away from what running builds use. A build writes what it may use into a lease before it
// starts; a collection shuts the gate, reads the leases, and removes nothing that they name or that is younger than
// they are. Either side first writes its own file and then looks for the other's, so one of them always sees the other.
// A file of a process that has ended counts for nothing.
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Digest, isDigest } from '../base/digest.ts';
import { isSystemError } from '../base/error.ts';
import { temporaryName, writeFileAtomic } from '../base/files.ts';
import type { Store } from './store.ts';

export type Lease = { readonly release: () => void };

export type HeldLease = {
  /** When it was taken, in milliseconds since the epoch. */
  readonly since: number;
  readonly digests: readonly Digest[];
};

const waitMs = 50;

/** Takes a lease on derivations; waits while a collection is under way, after telling `onWait` once. */
export async function takeLease(
  store: Store,
  digests: readonly Digest[],
  signal: AbortSignal,
  onWait: () => void = () => {},
): Promise<Lease> {
  const path = join(folder(store), `${temporaryName('lease').replace(/\.tmp$/, '')}-${process.pid}`);
  const gate = gatePath(store);
  let told = false;
  for (;;) {
    writeFileAtomic(path, digests.join('\n'));
    if (!isHeld(gate)) return { release: () => rmSync(path, { force: true }) };
    rmSync(path, { force: true });
    if (!told) onWait();
    told = true;
    await sleep(waitMs, undefined, { signal });
  }
}

/** Shuts the gate for new leases; waits while another collection has it. */
export async function shutGate(store: Store, signal: AbortSignal): Promise<Lease> {
  const path = gatePath(store);
  mkdirSync(folder(store), { recursive: true });
  for (;;) {
    try {
      const fd = openSync(path, 'wx');
      writeSync(fd, String(process.pid));
      closeSync(fd);
      return { release: () => rmSync(path, { force: true }) };
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
      if (!isHeld(path)) rmSync(path, { force: true });
      await sleep(waitMs, undefined, { signal });
    }
  }
}

/** The leases of processes that run. Those of ended ones are removed. */
export function heldLeases(store: Store): HeldLease[] {
  const held: HeldLease[] = [];
  for (const name of namesIn(folder(store))) {
    const pid = Number(/-(\d+)$/.exec(name)?.[1]);
    if (!name.startsWith('lease.') || Number.isNaN(pid)) continue;
    const path = join(folder(store), name);
    if (!isRunning(pid)) rmSync(path, { force: true });
    else held.push(...readLease(path));
  }
  return held;
}

function readLease(path: string): HeldLease[] {
  try {
    return [
      { since: statSync(path).mtimeMs, digests: readFileSync(path, 'utf8').split('\n').filter(isDigest) },
    ];
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []; // released meanwhile
    throw error;
  }
}

function isHeld(gate: string): boolean {
  try {
    const text = readFileSync(gate, 'utf8');
    return text === '' || isRunning(Number(text)); // empty: its owner is just writing it
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error, 'EPERM');
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}

const folder = (store: Store): string => join(store.dir, 'cogpack', 'leases');
const gatePath = (store: Store): string => join(folder(store), 'gate');
