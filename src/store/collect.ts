// Garbage collection: removes blobs and realisations that no root, tag, layout entry, registry repository or running
// build leads to, and temporary files of processes that have ended. What is younger than the oldest running build stays,
// whatever leads to it.
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Digest, digestOfHex, digestSchema, hexOf } from '../base/digest.ts';
import { isSystemError } from '../base/error.ts';
import { heldLeases, shutGate } from './leases.ts';
import { findLeftovers } from './leftovers.ts';
import { blobsOfManifest } from './manifest.ts';
import { type Outputs, outputsSchema } from './realisations.ts';
import { removeRemote } from './remote.ts';
import { type FoundRoot, readRoots, removeRoot } from './roots.ts';
import type { Store } from './store.ts';

export type CollectOptions = {
  /** Roots that were not used for longer than this are let go, and so are things that nothing leads to. */
  readonly keepMs: number;
  /** Roots are let go, the longest unused first, until what is left is not larger. Bytes. */
  readonly maxBytes?: number | undefined;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
};

export type Collected = {
  readonly removedBlobs: number;
  readonly removedBytes: number;
  readonly keptBlobs: number;
  readonly keptBytes: number;
  /** Targets that are kept no longer. */
  readonly letGo: readonly { readonly description: string; readonly target: string }[];
};

type Blob = {
  readonly digest: Digest;
  readonly path: string;
  readonly size: number;
  readonly writtenMs: number;
};
type Live = { readonly blobs: Set<Digest>; readonly derivations: Set<Digest> };

/** Safe while builds run and registries serve the store. */
export async function collect(store: Store, options: CollectOptions): Promise<Collected> {
  const gate = await shutGate(store, options.signal);
  try {
    const started = Date.now();
    const leases = heldLeases(store);
    const protectedFrom = Math.min(started - options.keepMs, ...leases.map(lease => lease.since));
    const blobs = blobsOf(store);
    const { kept, letGo } = chooseRoots(store, blobs, options, started);

    const live: Live = { blobs: new Set(), derivations: new Set() };
    markAlways(store, live);
    for (const root of kept) markDerivation(store, root.derivation, live);
    for (const { digests } of leases) for (const digest of digests) markDerivation(store, digest, live);

    const garbage = [...blobs.values()].filter(
      blob => !live.blobs.has(blob.digest) && blob.writtenMs < protectedFrom,
    );
    const removedBytes = sizeOf(garbage);
    if (!options.dryRun) {
      for (const root of letGo) removeRoot(root);
      for (const blob of garbage) rmSync(blob.path, { force: true });
      const remote = removeRemote(store, live.blobs, protectedFrom);
      for (const path of await findLeftovers(store.dir))
        rmSync(join(store.dir, path), { force: true, recursive: true });
      removeRecords(store, new Set([...garbage.map(blob => blob.digest), ...remote]), live);
    }
    return {
      removedBlobs: garbage.length,
      removedBytes,
      keptBlobs: blobs.size - garbage.length,
      keptBytes: sizeOf(blobs.values()) - removedBytes,
      letGo: letGo.map(({ description, target }) => ({ description, target })),
    };
  } finally {
    gate.release();
  }
}

function sizeOf(blobs: Iterable<Blob>): number {
  let bytes = 0;
  for (const blob of blobs) bytes += blob.size;
  return bytes;
}

function blobsOf(store: Store): Map<Digest, Blob> {
  const blobs = new Map<Digest, Blob>();
  const dir = join(store.dir, 'blobs', 'sha256');
  for (const name of readdirSync(dir)) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue;
    const path = join(dir, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    const digest = digestOfHex(name);
    blobs.set(digest, { digest, path, size: stats.size, writtenMs: stats.mtimeMs });
  }
  return blobs;
}

// The most recently used roots that are young enough and fit into the size asked for; one at least.
function chooseRoots(
  store: Store,
  blobs: ReadonlyMap<Digest, Blob>,
  { keepMs, maxBytes }: CollectOptions,
  now: number,
): { kept: FoundRoot[]; letGo: FoundRoot[] } {
  const kept: FoundRoot[] = [];
  const letGo: FoundRoot[] = [];
  const live: Live = { blobs: new Set(), derivations: new Set() };
  for (const root of readRoots(store)) {
    const trial: Live = { blobs: new Set(live.blobs), derivations: new Set(live.derivations) };
    markDerivation(store, root.derivation, trial);
    const bytes = sizeOf([...trial.blobs].flatMap(digest => blobs.get(digest) ?? []));
    const fits = maxBytes === undefined || kept.length === 0 || bytes <= maxBytes;
    if (root.usedMs >= now - keepMs && fits) {
      kept.push(root);
      for (const digest of trial.blobs) live.blobs.add(digest);
      for (const digest of trial.derivations) live.derivations.add(digest);
    } else letGo.push(root);
  }
  return { kept, letGo };
}

const indexSchema = z.object({ manifests: z.array(z.object({ digest: digestSchema })) });

// What is named in index.json, and what registry repositories over this store hold.
function markAlways(store: Store, live: Live): void {
  const index = indexSchema.safeParse(json(join(store.dir, 'index.json')));
  for (const { digest } of index.success ? index.data.manifests : []) markBlob(store, digest, live);
  const repositories = join(store.dir, 'registry', 'repositories');
  for (const path of filesBelow(repositories)) {
    const [kind, hex] = path.split('/').slice(-2);
    if ((kind === '_blobs' || kind === '_manifests') && /^[0-9a-f]{64}$/.test(hex ?? ''))
      markBlob(store, digestOfHex(hex!), live);
  }
}

function filesBelow(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}

const derivationSchema = z.object({
  inputs: z.record(z.string(), z.array(z.object({ derivation: digestSchema }))),
});

// A derivation, its outputs, and everything below it. Without recursion: a chain may be long.
function markDerivation(store: Store, first: Digest, live: Live): void {
  const pending = [first];
  for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
    if (live.derivations.has(digest)) continue;
    live.derivations.add(digest);
    live.blobs.add(digest);
    const outputs = outputsSchema.safeParse(json(recordPath(store, hexOf(digest))));
    if (outputs.success)
      for (const output of Object.values(outputs.data)) markBlob(store, output.digest, live);
    const derivation = derivationSchema.safeParse(json(store.blobPath({ digest })));
    if (!derivation.success) continue;
    for (const inputs of Object.values(derivation.data.inputs))
      pending.push(...inputs.map(input => input.derivation));
  }
}

const mostManifestBytes = 4 << 20;

// A blob, and what it names when it is a manifest.
function markBlob(store: Store, digest: Digest, live: Live): void {
  if (live.blobs.has(digest)) return;
  live.blobs.add(digest);
  const path = store.blobPath({ digest });
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || stats.size > mostManifestBytes) return;
  const bytes = readFileSync(path);
  if (bytes[0] !== 0x7b) return; // not a JSON object
  try {
    for (const part of blobsOfManifest(bytes)) live.blobs.add(part.digest);
  } catch {
    const index = indexSchema.safeParse(json(path));
    if (index.success) for (const manifest of index.data.manifests) markBlob(store, manifest.digest, live);
  }
}

function removeRecords(store: Store, gone: ReadonlySet<Digest>, live: Live): void {
  const dir = join(store.dir, 'cogpack', 'realisations');
  for (const name of filesBelow(dir)) {
    const path = join(dir, name);
    const hex = name.replace(/\.json$/, '');
    if (!/^[0-9a-f]{64}$/.test(hex) || live.derivations.has(digestOfHex(hex))) continue;
    const outputs = outputsSchema.safeParse(json(path));
    if (!outputs.success || namesGone(outputs.data, gone)) rmSync(path, { force: true });
  }
}

function namesGone(outputs: Outputs, gone: ReadonlySet<Digest>): boolean {
  return Object.values(outputs).some(output => gone.has(output.digest));
}

const recordPath = (store: Store, hex: string): string =>
  join(store.dir, 'cogpack', 'realisations', `${hex}.json`);

function json(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
