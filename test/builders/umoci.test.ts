// Another OCI tool unpacks an image of every builder's layers.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { TreeEntry } from '../../src/base/tree-entry.ts';
import { deb } from '../../src/builders/deb.ts';
import { image } from '../../src/builders/image.ts';
import { join } from '../../src/builders/join.ts';
import { tree } from '../../src/builders/tree.ts';
import { wheel } from '../../src/builders/wheel.ts';
import { makeDeb, makeTar } from '../formats/deb-fixture.ts';
import { openBench } from './fixture.ts';
import { makeWheel, wheelName } from './wheel-fixture.ts';

const bench = openBench();
afterAll(bench.close);
const hasUmoci = spawnSync('umoci', ['--version']).status === 0;

test.skipIf(!hasUmoci)('umoci unpacks an image of wheel, deb, tree and joined layers', async () => {
  const text = (path: string): TreeEntry => ({ path, type: 'text', executable: true, text: path });
  const args = { filename: wheelName, prefix: '/opt/venv', python: '3.11' };
  const wheelLayer = await bench.build(wheel, args, { wheel: [bench.put(makeWheel())] });
  const data = await makeTar([
    { name: './bin/sh', content: 'shell', mode: 0o755 },
    { name: './bin/twin', type: 'link', linkname: './bin/sh' },
  ]);
  const debBytes = await makeDeb({ control: 'Package: demo\n', data, suffix: '.zst' });
  const debLayer = await bench.build(deb, { filename: 'demo_1_all.deb' }, { deb: [bench.put(debBytes)] });
  const long = `${'deep/'.repeat(60)}größe`;
  const treeLayer = await bench.build(tree, { prefix: '/src', entries: [text('run'), text(long)] });
  const joined = await bench.build(join, {}, { layers: [debLayer, treeLayer] });
  const { image: manifest } = await image.build(
    { config: {}, history: ['wheel', 'joined'], annotations: {} },
    { layers: [wheelLayer, joined] },
    {
      name: 'demo',
      platform: 'linux/amd64',
      store: bench.store,
      root: undefined,
      signal: AbortSignal.timeout(60_000),
      progress() {},
    },
  );
  const annotations = { 'org.opencontainers.image.ref.name': 'demo' };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
  writeFileSync(joinPath(bench.store.dir, 'index.json'), JSON.stringify(index));

  const bundle = joinPath(bench.dir, 'bundle');
  const rootless = process.getuid?.() === 0 ? [] : ['--rootless'];
  execFileSync('umoci', ['unpack', ...rootless, '--image', `${bench.store.dir}:demo`, bundle], {
    stdio: 'pipe',
  });
  const at = (path: string) => joinPath(bundle, 'rootfs', path);
  expect(existsSync(at('opt/venv/lib/python3.11/site-packages/demo_pkg/__init__.py'))).toBe(true);
  expect(readFileSync(at(`src/${long}`), 'utf8')).toBe(long);
  expect(readlinkSync(at('bin'))).toBe('usr/bin');
  expect(statSync(at('usr/bin/twin'))).toMatchObject({ ino: statSync(at('usr/bin/sh')).ino, mode: 0o100755 });
});
