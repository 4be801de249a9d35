// The check on real input: Debian's packages for Python 3.11, as the quickstart's lock has them, and well-known wheels
// over them. Nothing may be found wrong with these; then things are taken away.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Descriptor, Digest } from '../../src/base/digest.ts';
import { scanLayer } from '../../src/builders/scan.ts';
import { wheel } from '../../src/builders/wheel.ts';
import { pathConflicts } from '../../src/check/conflicts.ts';
import { type CheckReport, checkImage, type NamedSummary } from '../../src/check/index.ts';
import type { SummaryEntry } from '../../src/check/summary.ts';
import { openStore } from '../../src/store/store.ts';
import { openBench } from '../builders/fixture.ts';
import { cogpack, output, repository } from '../support/cli.ts';
import { makeLayer, multiarch } from './fixture.ts';

const wheels = [
  'cryptography==50.0.2',
  'numpy==2.4.6',
  'pillow==13.0.0',
  'pydantic-core==2.50.5',
  'tokenizers==0.23.3',
];
const platforms = ['manylinux2014_x86_64', 'manylinux_2_27_x86_64', 'manylinux_2_28_x86_64'];
const hasPip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;

const bench = openBench();
const dir = mkdtempSync(join(tmpdir(), 'cogpack-check-'));
const downloads = join(tmpdir(), 'cogpack-check-wheels');
let base: readonly NamedSummary[] = [];
let layers: readonly NamedSummary[] = [];

afterAll(() => {
  bench.close();
  rmSync(dir, { recursive: true, force: true });
});

beforeAll(async () => {
  base = await debianLayers();
  layers = hasPip ? [...base, ...(await wheelLayers())] : base;
});

async function debianLayers(): Promise<NamedSummary[]> {
  copyFileSync(join(repository, 'examples/quickstart/cogpack.lock'), join(dir, 'cogpack.lock'));
  const description = join(dir, 'cogpack.jsonnet');
  writeFileSync(description, "(import 'cogpack').model { python: '3.11' }");
  const storeDir = join(dir, 'store');
  const layout = join(dir, 'layout');
  const { code, stderr } = await cogpack([
    'realise',
    description,
    '--store',
    storeDir,
    '--output',
    `oci:${layout}`,
  ]);
  expect(code, stderr).toBe(0);
  const store = openStore(storeDir);
  const read = (digest: Digest) => JSON.parse(store.readBlob(digest).toString());
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  const manifest = read(index.manifests[0].digest);
  const { history } = read(manifest.config.digest);
  return Promise.all(
    manifest.layers.map(async (layer: Descriptor, at: number) => {
      const name: string = history[at].created_by;
      return { name, summary: await scanLayer(layer, { name, store }) };
    }),
  );
}

async function wheelLayers(): Promise<NamedSummary[]> {
  mkdirSync(downloads, { recursive: true });
  const target = [
    '--python-version=3.11',
    '--implementation=cp',
    ...platforms.map(name => `--platform=${name}`),
  ];
  const options = ['--quiet', '--no-deps', '--only-binary=:all:', `--dest=${downloads}`];
  await output('python3', ['-m', 'pip', 'download', ...options, ...target, ...wheels]);
  const summaries: NamedSummary[] = [];
  for (const filename of readdirSync(downloads).sort()) {
    const input = bench.put(readFileSync(join(downloads, filename)));
    const layer = await bench.build(
      wheel,
      { filename, prefix: '/opt/venv', python: '3.11' },
      { wheel: [input] },
    );
    summaries.push({
      name: filename,
      summary: await scanLayer(layer, { name: filename, store: bench.store }),
    });
  }
  return summaries;
}

const judge = (image: readonly NamedSummary[]): CheckReport =>
  checkImage({ layers: image, env: {}, platform: 'linux/amd64' });

/** The image with entries changed or, where `change` gives undefined, removed. */
function changed(change: (entry: SummaryEntry) => SummaryEntry | undefined): NamedSummary[] {
  return layers.map(({ name, summary }) => ({
    name,
    summary: { ...summary, entries: summary.entries.flatMap(entry => change(entry) ?? []) },
  }));
}

const without = (pattern: RegExp): NamedSummary[] =>
  changed(entry => (pattern.test(entry.path) ? undefined : entry));

test("nothing is wrong with Debian's packages, and each ELF file has its package", () => {
  const report = judge(base);
  expect(report).toMatchObject({ findings: [], plugins: [], driver: [], assumed: [] });
  expect(report.checked).toBeGreaterThan(300);
  for (const { summary } of base) {
    for (const entry of summary.entries) {
      if (entry.type === 'file' && entry.elf !== undefined) expect(entry.owner, entry.path).toBeDefined();
    }
  }
});

describe.skipIf(!hasPip)('with wheels', () => {
  test('nothing is wrong, and nothing has to be assumed', () => {
    expect(judge(layers)).toMatchObject({ findings: [], plugins: [], driver: [], assumed: [] });
    expect(pathConflicts(layers)).toEqual([]);
  });

  test("a library taken out of a wheel's own folder is missed by its users", () => {
    const { findings } = judge(without(/numpy\.libs\/libscipy_openblas64_/));
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings) {
      expect(finding).toMatchObject({ kind: 'missing-library', package: 'numpy (wheel)' });
    }
  });

  test('a system library that is not installed is missed, and its package named', () => {
    const { findings } = judge(without(/^usr\/lib\/x86_64-linux-gnu\/libstdc\+\+\.so/));
    expect(findings).toContainEqual(
      expect.objectContaining({
        soname: 'libstdc++.so.6',
        package: 'numpy (wheel)',
        provider: 'libstdc++6 (deb)',
      }),
    );
  });

  test('an older glibc is told by version', () => {
    const older = (version: string) => !/^GLIBC_2\.(1[89]|[23]\d)$/.test(version);
    const image = changed(entry =>
      entry.type === 'file' && entry.elf !== undefined && !('fault' in entry.elf)
        ? { ...entry, elf: { ...entry.elf, versions: entry.elf.versions.filter(older) } }
        : entry,
    );
    expect(judge(image).findings).toContainEqual(
      expect.objectContaining({
        kind: 'missing-version',
        package: 'numpy (wheel)',
        soname: 'libm.so.6',
        versions: ['GLIBC_2.27'],
        library: { file: `/${multiarch}/libm.so.6`, package: 'libc6 (deb)' },
        newest: 'GLIBC_2.15',
      }),
    );
  });

  test('a missing interpreter of programs is told for the Python that needs it', () => {
    expect(judge(without(/ld-linux-x86-64\.so/)).findings).toContainEqual({
      kind: 'missing-interpreter',
      file: '/usr/bin/python3.11',
      package: 'python3.11-minimal (deb)',
      interpreter: '/lib64/ld-linux-x86-64.so.2',
    });
  });

  test('an i386 library in the place of another is told, and what needs it', async () => {
    const name = 'i386';
    const path = `${multiarch}/libz.so.1`;
    const layer = await makeLayer(bench, { [path]: { class: 32, machine: 3, soname: 'libz.so.1' } });
    const { findings } = judge([
      ...layers,
      { name, summary: await scanLayer(layer, { name, store: bench.store }) },
    ]);
    expect(findings).toContainEqual({
      kind: 'wrong-machine',
      file: `/${path}`,
      package: 'i386',
      found: 'i386',
      expected: 'x86-64',
    });
    expect(findings).toContainEqual(
      expect.objectContaining({ kind: 'missing-library', soname: 'libz.so.1', passedOver: `/${path}` }),
    );
  });
});
