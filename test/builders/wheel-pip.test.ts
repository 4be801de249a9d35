// Holds the wheel builder against pip, which installs the same wheels to a folder: the same files, bytes and modes.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wheel } from '../../src/builders/wheel.ts';
import { parseRecord } from '../../src/formats/wheel-metadata.ts';
import { type LayerEntry, openBench, readLayer } from './fixture.ts';

// Small wheels that use what wheels can have: compiled modules, console scripts, .data/scripts, headers and data.
const packages = [
  'charset-normalizer==3.4.0',
  'greenlet==3.1.1',
  'jmespath==1.0.1',
  'jupyterlab_widgets==3.0.13',
  'PyYAML==6.0.2',
];

const bench = openBench();
afterAll(bench.close);
const downloads = join(tmpdir(), 'cogpack-test-wheels');
const python = 'python3';
const hasPip = spawnSync(python, ['-m', 'pip', '--version']).status === 0;

const forTarget = [
  '--only-binary=:all:',
  '--python-version=3.11',
  '--implementation=cp',
  '--platform=manylinux2014_x86_64',
  '--no-deps',
];

beforeAll(() => {
  if (!hasPip) return;
  mkdirSync(downloads, { recursive: true });
  pip('download', ...forTarget, `--dest=${downloads}`, ...packages);
}, 300_000);

test.skipIf(!hasPip).for(packages)('%s is laid out as pip does it', async name => {
  const filename = findWheel(name);
  const path = join(downloads, filename);
  const input = bench.put(readFileSync(path));
  const layer = await bench.build(
    wheel,
    { filename, prefix: '/opt/venv', python: '3.11' },
    { wheel: [input] },
  );
  const ours = asTarget(await readLayer(bench.store, layer));

  const target = join(bench.dir, filename);
  pip('install', ...forTarget, '--no-compile', '--no-index', `--target=${target}`, path);
  const theirs = readFolder(target);

  const own = /\.dist-info\/(INSTALLER|RECORD|REQUESTED|direct_url\.json)$/;
  const paths = (files: ReadonlyMap<string, unknown>) =>
    [...files.keys()].filter(file => !own.test(file)).sort();
  expect(paths(ours)).toEqual(paths(theirs));
  for (const file of paths(theirs)) {
    const [our, their] = [ours.get(file)!, theirs.get(file)!];
    expect(our.mode & 0o111, file).toBe(their.mode & 0o111);
    if (file.startsWith('bin/')) expect(our.content.toString()).toMatch(/^#!\/opt\/venv\/bin\/python\n/);
    else expect(our.content.equals(their.content), file).toBe(true);
  }
  expect(recordOf(ours)).toEqual(recordOf(theirs));
});

type File = Pick<LayerEntry, 'mode' | 'content'>;

/** A layer's files as `pip install --target` places them. */
function asTarget(entries: ReadonlyMap<string, LayerEntry>): Map<string, File> {
  const files = [...entries].filter(([, entry]) => entry.type === 'file');
  return new Map(
    files.map(([path, entry]) => [
      path
        .replace('opt/venv/lib/python3.11/site-packages/', '')
        .replace('opt/venv/include/site/python3.11/', 'include/python/')
        .replace('opt/venv/', ''),
      entry,
    ]),
  );
}

/** RECORD's hashes of files that both installers take from the wheel unchanged. */
function recordOf(files: ReadonlyMap<string, File>): Record<string, string> {
  const record = [...files].find(([path]) => path.endsWith('.dist-info/RECORD'))![1].content;
  const lines = parseRecord(record.toString())!.filter(
    ({ path }) => !path.startsWith('..') && !/dist-info/.test(path),
  );
  return Object.fromEntries(lines.map(({ path, hash, size }) => [path, `${hash} ${size}`]));
}

function findWheel(name: string): string {
  const [stem = '', version] = name.split('==');
  const start = `${stem.replaceAll('-', '_')}-${version}-`.toLowerCase();
  return readdirSync(downloads).find(file => file.toLowerCase().startsWith(start))!;
}

function readFolder(folder: string): Map<string, File> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = paths.filter(path => statSync(join(folder, path)).isFile());
  return new Map(
    files.map(path => [
      path,
      { mode: statSync(join(folder, path)).mode, content: readFileSync(join(folder, path)) },
    ]),
  );
}

function pip(...command: string[]): void {
  execFileSync(python, ['-m', 'pip', '--quiet', '--disable-pip-version-check', ...command], {
    stdio: 'pipe',
  });
}
