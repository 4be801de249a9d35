import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { sha256 } from '../../src/base/digest.ts';
import type { TreeEntry } from '../../src/base/tree-entry.ts';
import { tree } from '../../src/builders/tree.ts';
import { listLayer, openBench } from './fixture.ts';

const bench = openBench();
afterAll(bench.close);
const root = join(bench.dir, 'project');

beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, 'lib'), { recursive: true });
  writeFileSync(join(root, 'lib', 'b.py'), 'b');
  writeFileSync(join(root, 'run.sh'), 'r');
});

const file = (path: string, text: string, executable = false): TreeEntry => ({
  path,
  type: 'file',
  executable,
  sha256: sha256(text),
  size: Buffer.byteLength(text),
});

test('files, texts, links and folders become entries in the order of their paths, each folder once before what is in it', async () => {
  const entries: TreeEntry[] = [
    { path: 'zebra', type: 'link', target: '/etc/../zoo' },
    { path: 'lib/empty', type: 'folder' },
    file('run.sh', 'r', true),
    { path: 'lib.txt', type: 'text', executable: false, text: 'größe' },
    file('lib/b.py', 'b'),
  ];
  const layer = await bench.build(tree, { prefix: '/src/app', entries }, {}, { root });
  expect(await listLayer(bench.store, layer)).toEqual([
    '755 directory src/',
    '755 directory src/app/',
    '644 file src/app/lib.txt: größe',
    '755 directory src/app/lib/',
    '644 file src/app/lib/b.py: b',
    '755 directory src/app/lib/empty/',
    '755 file src/app/run.sh: r',
    '777 symlink src/app/zebra -> /etc/../zoo',
  ]);
});

test('a prefix of / puts entries at the root', async () => {
  const layer = await bench.build(tree, {
    prefix: '/',
    entries: [{ path: 'a', type: 'text', executable: false, text: '' }],
  });
  expect(await listLayer(bench.store, layer)).toEqual(['644 file a: ']);
});

test('a tree without entries is its folder', async () => {
  expect(await listLayer(bench.store, await bench.build(tree, { prefix: '/src', entries: [] }))).toEqual([
    '755 directory src/',
  ]);
});

test('times and modes of the files do not matter, and neither does the order of the entries', async () => {
  const entries = [file('lib/b.py', 'b'), file('run.sh', 'r')];
  const first = await bench.build(tree, { prefix: '/src', entries }, {}, { root });
  utimesSync(join(root, 'run.sh'), 1, 1_000_000);
  const second = await bench.build(tree, { prefix: '/src', entries: entries.reverse() }, {}, { root });
  expect(second).toEqual(first);
});

test('a source that is one file is read from there', async () => {
  const layer = await bench.build(
    tree,
    { prefix: '/src', entries: [file('run.sh', 'r')] },
    {},
    { root: join(root, 'run.sh') },
  );
  expect(await listLayer(bench.store, layer)).toContain('644 file src/run.sh: r');
});

test('a large file is copied as it is', async () => {
  const text = Buffer.alloc(5_000_000, 'a large file, ').toString();
  writeFileSync(join(root, 'large'), text);
  const layer = await bench.build(tree, { prefix: '/src', entries: [file('large', text)] }, {}, { root });
  expect(await listLayer(bench.store, layer)).toContain(`644 file src/large: ${text}`);
});

const changes: readonly [string, () => void][] = [
  ['has other bytes', () => writeFileSync(join(root, 'run.sh'), 'x')],
  ['is longer', () => writeFileSync(join(root, 'run.sh'), 'rr')],
  ['is shorter', () => writeFileSync(join(root, 'run.sh'), '')],
  ['is gone', () => rmSync(join(root, 'run.sh'))],
  [
    'is now a link',
    () => {
      rmSync(join(root, 'run.sh'));
      symlinkSync('lib/b.py', join(root, 'run.sh'));
    },
  ],
];

test.for(changes)(
  'a file that %s since it was hashed is refused, and nothing is left',
  async ([, change]) => {
    change();
    const before = bench.files();
    const built = bench.build(
      tree,
      { prefix: '/src', entries: [file('lib/b.py', 'b'), file('run.sh', 'r')] },
      {},
      { root },
    );
    await expect(built).rejects.toMatchObject({
      code: 'tree/changed',
      message: expect.stringContaining('run.sh changed since it was hashed'),
    });
    expect(bench.files()).toEqual(before);
  },
);

const text = (path: string): TreeEntry => ({ path, type: 'text', executable: false, text: path });
const refused: readonly [string, string, TreeEntry[]][] = [
  ['a path out of the root', 'layer/path', [text('../evil')]],
  ['an absolute path', 'layer/path', [text('/evil')]],
  ['a path given twice', 'layer/duplicate', [text('a'), text('a')]],
  ['a file below a file', 'layer/parent', [text('a'), text('a/b')]],
  ['a file below a link', 'layer/parent', [{ path: 'a', type: 'link', target: '/etc' }, text('a/b')]],
  ['a folder that is a file too', 'layer/duplicate', [text('a'), { path: 'a', type: 'folder' }]],
  ['a project file without a project', 'tree/root', [file('run.sh', 'r')]],
];

test.for(refused)('%s is refused', async ([, code, entries]) => {
  const before = bench.files();
  await expect(bench.build(tree, { prefix: '/src', entries })).rejects.toMatchObject({ code });
  expect(bench.files()).toEqual(before);
});

test('a prefix is an absolute folder', () => {
  for (const prefix of ['src', '/src/', '//', ''])
    expect(tree.args.safeParse({ prefix, entries: [] }).success, prefix).toBe(false);
});
