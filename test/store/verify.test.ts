import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hexOf, sha256 } from '../../src/base/digest.ts';
import { recordRealisation } from '../../src/store/realisations.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { verifyStore } from '../../src/store/verify.ts';

let dir: string;
let store: Store;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-verify-'));
  store = openStore(dir);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const deadPid = 2 ** 22 + 1; // above the largest pid of Linux

describe('verifyStore', () => {
  test('finds nothing wrong in a store that is right, and says how much it has read', async () => {
    const blob = store.writeBlob('text/plain', 'hello');
    recordRealisation(store, sha256('derivation'), { out: blob });
    const seen: number[] = [];
    const result = await verifyStore(store, { onProgress: done => seen.push(done) });
    expect(result).toEqual({ blobs: 1, bytes: 5, problems: [], leftovers: [], incomplete: 0, removed: 0 });
    expect(seen).toEqual([5]);
  });

  test('names a blob whose bytes have changed, and removes it when it repairs', async () => {
    const blob = store.writeBlob('text/plain', 'hello');
    const path = store.blobPath(blob);
    chmodSync(path, 0o644);
    writeFileSync(path, 'jello');
    const { problems } = await verifyStore(store);
    expect(problems).toEqual([
      { path: join('blobs', 'sha256', hexOf(blob.digest)), problem: `its bytes are ${sha256('jello')}` },
    ]);
    expect(await verifyStore(store, { repair: true })).toMatchObject({ removed: 1 });
    expect(store.hasBlob(blob.digest)).toBe(false);
    expect((await verifyStore(store)).problems).toEqual([]);
  });

  test('names a record that cannot be read', async () => {
    const folder = join(dir, 'cogpack', 'realisations');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${'0'.repeat(64)}.json`), '{"out":');
    expect((await verifyStore(store)).problems).toMatchObject([
      { problem: 'it is not a realisation record' },
    ]);
  });

  test('a record of a blob that is gone is no damage', async () => {
    const blob = store.writeBlob('text/plain', 'hello');
    recordRealisation(store, sha256('derivation'), { out: blob });
    rmSync(store.blobPath(blob));
    expect(await verifyStore(store)).toMatchObject({ problems: [], incomplete: 1 });
  });

  test('the temporary files of a killed process are left over, those of a running one are not touched', async () => {
    const tmp = join(dir, 'cogpack', 'tmp');
    writeFileSync(join(tmp, `blob.${deadPid}-abc-1.tmp`), 'part');
    writeFileSync(join(tmp, `blob.${process.pid}-abc-1.tmp`), 'part');
    const result = await verifyStore(store, { repair: true });
    expect(result).toMatchObject({
      problems: [],
      leftovers: [join('cogpack', 'tmp', `blob.${deadPid}-abc-1.tmp`)],
    });
    expect(readdirSync(tmp)).toEqual([`blob.${process.pid}-abc-1.tmp`]);
  });
});
