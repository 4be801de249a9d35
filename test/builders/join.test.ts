import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { Descriptor } from '../../src/base/digest.ts';
import type { TreeEntry } from '../../src/base/tree-entry.ts';
import { diffIdAnnotation, layerMediaType } from '../../src/builders/builder.ts';
import { join } from '../../src/builders/join.ts';
import { tree } from '../../src/builders/tree.ts';
import { listLayer, openBench, readLayer } from './fixture.ts';

const bench = openBench();
afterAll(bench.close);

const layerOf = (texts: Readonly<Record<string, string>>, prefix = '/') => {
  const entries = Object.entries(texts).map(
    ([path, text]): TreeEntry => ({ path, type: 'text', executable: false, text }),
  );
  return bench.build(tree, { prefix, entries });
};

test('a joined layer holds the entries of its layers, one after another', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.string({ maxLength: 50 }), { maxLength: 4 }), { minLength: 1, maxLength: 4 }),
      async lists => {
        const layers: Descriptor[] = [];
        for (const [index, list] of lists.entries()) {
          layers.push(
            await layerOf(Object.fromEntries(list.map((text, file) => [`l${index}-${file}`, text]))),
          );
        }
        const expected = (await Promise.all(layers.map(layer => listLayer(bench.store, layer)))).flat();
        expect(await listLayer(bench.store, await bench.build(join, {}, { layers }))).toEqual(expected);
      },
    ),
    { numRuns: 20 },
  );
});

const files = fc.dictionary(fc.constantFrom('a', 'b', 'c/d', 'c/e', 'f/g/h'), fc.string({ maxLength: 20 }));

test('a joined layer holds no path twice, and what an image of its layers would hold', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(files, { minLength: 2, maxLength: 4 }), async lists => {
      const layers: Descriptor[] = [];
      for (const list of lists) layers.push(await layerOf(list, '/x'));
      const joined = await bench.build(join, {}, { layers });
      const input = readFileSync(bench.store.blobPath(joined));
      const names = execFileSync('tar', ['-tzf', '-'], { input, encoding: 'utf8' }).trim().split('\n');
      expect(new Set(names).size).toBe(names.length);
      const found = [...(await readLayer(bench.store, joined))]
        .filter(([, { type }]) => type === 'file')
        .map(([path, { content }]) => [path.slice('x/'.length), content.toString()]);
      expect(Object.fromEntries(found)).toEqual(Object.assign({}, ...lists));
    }),
    { numRuns: 25 },
  );
});

test('of folders with two modes and links with two targets the last counts', async () => {
  const one: TreeEntry[] = [{ type: 'link', path: 'l', target: 'one' }];
  const two: TreeEntry[] = [{ type: 'link', path: 'l', target: 'two' }];
  const layers = [
    await bench.build(tree, { prefix: '/', entries: one }),
    await bench.build(tree, { prefix: '/', entries: two }),
  ];
  expect(await listLayer(bench.store, await bench.build(join, {}, { layers }))).toEqual([
    '777 symlink l -> two',
  ]);
});

test('joining is by bytes: joined layers join again to what joining all gives', async () => {
  const [a, b, c] = [await layerOf({ a: 'a' }), await layerOf({ b: 'b' }), await layerOf({ c: 'c' })];
  const all = await bench.build(join, {}, { layers: [a, b, c] });
  const first = await bench.build(join, {}, { layers: [a, b] });
  expect(await bench.build(join, {}, { layers: [first, c] })).toEqual(all);
  expect(await bench.build(join, {}, { layers: [a] })).toEqual(a);
});

test('tar and gzip take a joined layer for one archive', async () => {
  const layers = [await layerOf({ a: 'a' }, '/x'), await layerOf({ b: 'b'.repeat(2_000_000) }, '/x')];
  const input = readFileSync(bench.store.blobPath(await bench.build(join, {}, { layers })));
  expect(execFileSync('gzip', ['-tv'], { input, stdio: ['pipe', 'pipe', 'pipe'] }).toString()).toBe('');
  expect(execFileSync('tar', ['-tzf', '-'], { input, encoding: 'utf8' })).toBe('x/\nx/a\nx/b\n');
});

test('no layers cannot be joined', async () => {
  await expect(bench.build(join, {}, { layers: [] })).rejects.toMatchObject({ code: 'join/empty' });
});

test('a layer that cogpack did not write is refused', async () => {
  const foreign = { ...bench.put(gzipSync(Buffer.alloc(10_240))), mediaType: layerMediaType };
  for (const layers of [[foreign], [bench.put('')], [await layerOf({ a: 'a' }), bench.put('short')]]) {
    const before = bench.files();
    await expect(bench.build(join, {}, { layers })).rejects.toMatchObject({
      code: 'join/layer',
      message: expect.stringContaining(layers.at(-1)!.digest),
    });
    expect(bench.files()).toEqual(before);
  }
});

test('a layer whose bytes are not those of its diffID is refused', async () => {
  const [a, b] = [await layerOf({ a: 'one' }), await layerOf({ a: 'two' })];
  const liar = { ...a, annotations: { [diffIdAnnotation]: b.annotations![diffIdAnnotation]! } };
  await expect(bench.build(join, {}, { layers: [liar] })).rejects.toMatchObject({
    code: 'join/layer',
    message: expect.stringContaining('its diffID is'),
  });
});

test('a damaged layer is refused', async () => {
  const layer = await layerOf({ a: 'a'.repeat(100), b: 'b' });
  const bytes = readFileSync(bench.store.blobPath(layer));
  bytes[20]! ^= 0xff;
  const damaged = { ...layer, ...bench.put(bytes), annotations: layer.annotations! };
  await expect(bench.build(join, {}, { layers: [damaged] })).rejects.toMatchObject({ code: 'join/layer' });
});
