import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openStatCache } from '../../src/source/stat-cache.ts';
import { readTree } from '../../src/source/tree.ts';
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

test("a store inside of a project is no part of the project's source", () => {
  const project = join(dir, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'main.py'), '');
  openStore(join(project, 'store')).writeBlob('text/plain', 'a');
  const entries = readTree(project, { exclude: [] }, openStatCache(join(dir, 'stat'), project));
  expect(entries.map(({ path }) => path)).toEqual(['main.py']);
});

test("what is remembered of a project's files is no part of its source, wherever it lies", () => {
  const project = join(dir, 'remembering');
  mkdirSync(project);
  writeFileSync(join(project, 'main.py'), '');
  utimesSync(join(project, 'main.py'), 1, 1);
  const read = () => {
    const cache = openStatCache(join(project, 'store', 'cogpack', 'stat'), project);
    const entries = readTree(project, { exclude: [] }, cache);
    cache.save(entries.map(({ path }) => join(project, path)));
    return entries.map(({ path }) => path);
  };
  expect(read()).toEqual(['main.py']);
  expect(readdirSync(join(project, 'store', 'cogpack', 'stat'))).toHaveLength(2);
  expect(read()).toEqual(['main.py']);
});
