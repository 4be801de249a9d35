import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openStore } from '../../src/store/store.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-store-'));
afterAll(() => rmSync(dir, { recursive: true }));

test('a store that is named by a relative path gives absolute ones, which programs in other folders can use', () => {
  const store = openStore(relative(process.cwd(), dir));
  expect(store.dir).toBe(dir);
  expect(store.blobPath(store.writeBlob('text/plain', Buffer.from('a')))).toMatch(
    new RegExp(`^${dir}/blobs/`),
  );
});
