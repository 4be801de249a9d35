import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../src/base/digest.ts';
import { createGraph, type GraphBuilder } from '../../src/graph/graph.ts';
import { realise } from '../../src/graph/realise.ts';
import { collect } from '../../src/store/collect.ts';
import { takeLease } from '../../src/store/leases.ts';
import { recordRoot } from '../../src/store/roots.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { verifyStore } from '../../src/store/verify.ts';

const hour = 3_600_000;
const signal = new AbortController().signal;
let dir: string;
let store: Store;
let graph: GraphBuilder;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-gc-'));
  store = openStore(dir);
  graph = createGraph();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function derivation(name: string, inputs: Digest[] = []): Digest {
  return graph.add({
    args: {},
    builder: 'tree@1',
    inputs: { needs: inputs.map(input => ({ derivation: input, output: 'layer' })) },
    name,
    outputs: ['layer'],
    platform: 'any',
    v: 1,
  });
}

async function build(target: Digest, name: string, usedHoursAgo = 0): Promise<void> {
  await realise({
    graph,
    targets: [target],
    store,
    jobs: 1,
    signal,
    run: async job => ({
      layer: store.writeBlob('text/plain', `the output of ${job.derivation.name}`.repeat(10)),
    }),
  });
  const before = find('cogpack/roots');
  recordRoot(store, { description: `/${name}.jsonnet`, target: 'image', derivation: target });
  age(5, find('blobs/sha256'));
  age(
    usedHoursAgo,
    find('cogpack/roots').filter(path => !before.includes(path)),
  );
}

function age(hours: number, paths: readonly string[]): void {
  const time = new Date(Date.now() - hours * hour);
  for (const path of paths) utimesSync(path, time, time);
}

function find(folder: string): string[] {
  return (existsSync(join(dir, folder)) ? readdirSync(join(dir, folder)) : []).map(name =>
    join(dir, folder, name),
  );
}

const gc = (more: Partial<Parameters<typeof collect>[1]> = {}) =>
  collect(store, { keepMs: hour, dryRun: false, signal, ...more });
const isBuilt = async (target: Digest) => {
  let builders = 0;
  await realise({
    graph,
    targets: [target],
    store,
    jobs: 1,
    signal,
    run: async job => {
      builders += 1;
      return { layer: store.writeBlob('text/plain', `the output of ${job.derivation.name}`.repeat(10)) };
    },
  });
  return builders === 0;
};

describe('collect', () => {
  test('keeps what a recent root leads to and removes what only an old one does', async () => {
    const shared = derivation('shared');
    const old = derivation('old', [shared]);
    const recent = derivation('recent', [shared]);
    await build(old, 'old', 5);
    await build(recent, 'recent');
    const result = await gc();
    expect(result.letGo).toEqual([{ description: '/old.jsonnet', target: 'image' }]);
    expect(result.removedBlobs).toBe(2);
    expect(await isBuilt(recent)).toBe(true);
    expect(await isBuilt(old)).toBe(false);
    expect((await verifyStore(store)).problems).toEqual([]);
  });

  test('removes nothing on a dry run, and tells the same as it then removes', async () => {
    await build(derivation('old'), 'old', 5);
    const dry = await gc({ dryRun: true });
    expect(dry.removedBlobs).toBe(2);
    expect(await gc()).toEqual(dry);
  });

  test('lets the longest unused go until the rest fits', async () => {
    const targets = ['a', 'b', 'c'].map(name => derivation(name));
    await build(targets[0]!, 'a', 3);
    await build(targets[1]!, 'b', 2);
    await build(targets[2]!, 'c', 1.5);
    const result = await gc({ keepMs: 10 * hour, maxBytes: 700 });
    expect(result.letGo.map(root => root.description)).toEqual(['/a.jsonnet']);
  });

  test('keeps what a running build has taken a lease on', async () => {
    const target = derivation('leased');
    await build(target, 'leased', 5);
    const lease = await takeLease(store, [target], signal);
    expect((await gc()).removedBlobs).toBe(0);
    lease.release();
    expect((await gc()).removedBlobs).toBe(2);
  });

  test('keeps what the layout names', async () => {
    const kept = store.writeBlob('text/plain', 'kept');
    const lost = store.writeBlob('text/plain', 'lost');
    writeFileSync(join(dir, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [kept] }));
    age(5, find('blobs/sha256'));
    await gc();
    expect(store.hasBlob(kept.digest)).toBe(true);
    expect(store.hasBlob(lost.digest)).toBe(false);
  });

  test('waits for nothing that an ended process left', async () => {
    mkdirSync(join(dir, 'cogpack/leases'), { recursive: true });
    writeFileSync(join(dir, 'cogpack/leases/gate'), '999999999');
    writeFileSync(join(dir, 'cogpack/leases/lease.x-999999999'), '');
    await build(derivation('old'), 'old', 5);
    expect((await gc()).removedBlobs).toBe(2);
  });

  test('removes the temporary files of a killed process, and not those of a running one', async () => {
    const running = `blob.${process.pid}-abc-1.tmp`;
    writeFileSync(join(dir, 'cogpack/tmp', 'blob.999999999-abc-1.tmp'), 'part');
    writeFileSync(join(dir, 'cogpack/tmp', running), 'part');
    await gc({ dryRun: true });
    expect(readdirSync(join(dir, 'cogpack/tmp'))).toHaveLength(2);
    await gc();
    expect(readdirSync(join(dir, 'cogpack/tmp'))).toEqual([running]);
  });
});
