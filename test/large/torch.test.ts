// Real torch with its real nvidia-* wheels: locked, realised, proven with only the driver's libraries open, and imported
// under crun without a driver; a second model that shares its layers; a model on a base that holds some of CUDA; the CPU
// build for another machine. Wheels are some 3 GB, the stores, the base and the unpacked images 22 GB.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Digest, hexOf } from '../../src/base/digest.ts';
import { isDriverLibrary } from '../../src/check/driver.ts';
import type { CheckReport } from '../../src/check/index.ts';
import { gpuFacts } from '../../src/gpu/facts.ts';
import { findRealisation } from '../../src/store/realisations.ts';
import { openStore } from '../../src/store/store.ts';
import { cogpack, output, repository } from '../support/cli.ts';
import { runBundle, unpack } from '../support/container.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-torch-'));
const storeDir = join(dir, 'store');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const cogpackBin = `${repository}bin/cogpack`;
const gpuModel = `(import 'cogpack').model {
  python: '3.11',
  requirements: ['torch==2.5.1', 'numpy'],
  gpu: true,
}`;
const cpuModel = `(import 'cogpack').model {
  python: '3.11',
  platform: 'linux/arm64',
  requirements: ['torch==2.6.0', 'numpy'],
  gpu: false,
}`;

const cudaLibrary = /^lib(cu[a-z]+|nccl|nvrtc|nvJitLink|nvToolsExt)[A-Za-z_.-]*\.so\.[\d.]+$/;

let image: Digest;
let bundle: string;

beforeAll(async () => {
  await lock('first', gpuModel);
  const layout = join(dir, 'layout');
  const { digest, seconds, peak } = await realise('first', '--output', `oci:${layout}`);
  image = digest;
  const stored = (blobBytes() / 1e9).toFixed(1);
  process.stdout.write(
    `torch 2.5.1: ${seconds} s with its downloads, peak RSS ${peak} MB, ${stored} GB in the store\n`,
  );
  bundle = join(dir, 'bundle');
  await unpack(layout, 'latest', bundle);
  rmSync(layout, { recursive: true });
});

test('every library resolves inside the image, or is of the driver', () => {
  const report = reportOf(image);
  expect(report.findings).toEqual([]);
  expect(report.driver).toContain('libcuda.so.1');
  expect(report.driver.filter(soname => !isDriverLibrary(soname))).toEqual([]);
  expect(report.checked).toBeGreaterThan(300);
});

test('there is one file of each of the CUDA libraries', async () => {
  const sonames = await cudaSonames(bundle);
  expect(sonames.length).toBeGreaterThan(15);
  expect(new Set(sonames).size).toBe(sonames.length);
});

test('torch is imported without a driver, and is of the CUDA that was chosen', async () => {
  await importTorch(bundle);
});

test('on a base that holds some of the CUDA libraries, these are used, and no second file of one is there', async () => {
  const folder = join(dir, 'based');
  const base = join(folder, 'base');
  await lock('system', `(import 'cogpack').model { python: '3.11', source: { exclude: ['*'] } }`);
  mkdirSync(folder);
  await realise('system', '--output', `oci:${base}`);
  const cuda = join(dir, 'cuda');
  const site = join(bundle, 'rootfs/opt/venv/lib/python3.11/site-packages/nvidia');
  for (const name of ['cublas', 'cuda_runtime', 'cudnn', 'nvjitlink'])
    cpSync(join(site, name, 'lib'), join(cuda, 'lib64'), {
      recursive: true,
      filter: file => !/\.py$|__pycache__/.test(file),
    });
  // As the toolkit lays them out.
  for (const name of readdirSync(join(cuda, 'lib64'))) {
    const full = name.startsWith('libcudnn')
      ? `${name}.1.0`
      : name === 'libcudart.so.12'
        ? `${name}.4.127`
        : name;
    if (full === name) continue;
    renameSync(join(cuda, 'lib64', name), join(cuda, 'lib64', full));
    symlinkSync(full, join(cuda, 'lib64', name));
  }
  writeFileSync(
    join(cuda, 'version.json'),
    JSON.stringify({ cuda: { name: 'CUDA SDK', version: '12.4.127' } }),
  );
  await output('umoci', ['insert', '--image', `${base}:latest`, cuda, '/usr/local/cuda']);
  rmSync(cuda, { recursive: true });

  const model = gpuModel.replace('{', "{ base: 'oci:base', source: { exclude: ['base'] },");
  await lock('based', model);
  const layout = join(dir, 'based-layout');
  const { digest, seconds, peak } = await realise('based', '--output', `oci:${layout}`);
  process.stdout.write(`torch 2.5.1 on a base with CUDA: ${seconds} s, peak RSS ${peak} MB\n`);
  expect(reportOf(digest).findings).toEqual([]);
  const described = JSON.parse(await output(cogpackBin, ['inspect', `oci:${layout}`, '--json']));
  const wheels = described.packages.map(({ name }: { name: string }) => name);
  expect(wheels).toEqual(expect.arrayContaining(['torch', 'nvidia-nccl-cu12', 'nvidia-cusolver-cu12']));
  for (const wheel of ['nvidia-cublas-cu12', 'nvidia-cuda-runtime-cu12', 'nvidia-cudnn-cu12'])
    expect(wheels).not.toContain(wheel);
  expect(described.env.LD_LIBRARY_PATH).toBe('/usr/local/cuda/lib64');

  const other = join(dir, 'based-bundle');
  await unpack(layout, 'latest', other);
  rmSync(layout, { recursive: true });
  const sonames = await cudaSonames(other);
  expect(new Set(sonames).size).toBe(sonames.length);
  expect(sonames.toSorted()).toEqual((await cudaSonames(bundle)).toSorted());
  await importTorch(other);
  rmSync(other, { recursive: true });
});

test('a second model that shares these layers costs no more than one per cent of new bytes', async () => {
  const before = blobBytes();
  await lock('second', gpuModel.replace("'numpy'", "'numpy', 'humanize'"));
  writeFileSync(join(dir, 'second', 'main.py'), 'print("another model")\n');
  const { seconds } = await realise('second');
  const added = blobBytes() - before;
  process.stdout.write(
    `a second model: ${seconds} s, ${added} bytes more, ${((100 * added) / before).toFixed(3)} %\n`,
  );
  expect(added / before).toBeLessThan(0.01);
});

test("torch's CPU build for arm64 is realised on any machine, and its libraries resolve without a driver", async () => {
  await lock('arm64', cpuModel);
  const { digest, seconds, peak } = await realise('arm64');
  process.stdout.write(`torch 2.6.0 for linux/arm64: ${seconds} s with its downloads, peak RSS ${peak} MB\n`);
  const { findings, driver, checked } = reportOf(digest);
  expect({ findings, driver }).toEqual({ findings: [], driver: [] });
  expect(checked).toBeGreaterThan(100);
});

/** Of the files, not of the links to them. */
async function cudaSonames(unpacked: string): Promise<string[]> {
  const listed = await output('find', [join(unpacked, 'rootfs'), '-type', 'f', '-printf', '%f\n']);
  return listed
    .split('\n')
    .filter(name => cudaLibrary.test(name))
    .map(name => name.replace(/(\.so\.\d+)\.\d.*/, name.startsWith('libnvrtc-builtins') ? '$&' : '$1'));
}

async function importTorch(unpacked: string): Promise<void> {
  const program = `import json, torch
print(json.dumps([torch.version.cuda, torch.backends.cudnn.version(), torch.cuda.is_available(), torch._C._cuda_getArchFlags()]))`;
  const { code, stdout, stderr } = await runBundle(unpacked, ['python', '-c', program]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const facts = gpuFacts().torch.releases.find(({ version }) => version === '2.5.1')?.['linux/amd64'];
  const architectures = facts?.sm?.map(sm => `sm_${sm}`).join(' ');
  expect(JSON.parse(stdout)).toEqual(['12.4', 90100, false, architectures]);
}

async function lock(name: string, description: string): Promise<void> {
  mkdirSync(join(dir, name), { recursive: true });
  writeFileSync(join(dir, name, 'cogpack.jsonnet'), description);
  const { code, stderr } = await cogpack(['lock', join(dir, name), '--store', storeDir]);
  if (code !== 0) throw new Error(stderr);
}

/** `digest` is the derivation of the image; `peak` is in MB, of the largest process. */
async function realise(name: string, ...more: string[]) {
  const started = performance.now();
  const usage = join(dir, 'usage');
  const command = [cogpackBin, 'realise', join(dir, name), '--store', storeDir, '--json', ...more];
  const found = JSON.parse(await output('/usr/bin/time', ['-f', '%M', '-o', usage, ...command]));
  return {
    digest: found.targets[0].derivation as Digest,
    seconds: Math.round((performance.now() - started) / 1000),
    peak: Math.round(Number(readFileSync(usage, 'utf8')) / 1000),
  };
}

/** What the check that the image waits for has said. */
function reportOf(derivation: Digest): CheckReport {
  const store = openStore(storeDir);
  const read = (digest: Digest) =>
    JSON.parse(readFileSync(join(storeDir, 'blobs/sha256', hexOf(digest)), 'utf8'));
  const check: Digest = read(derivation).inputs.checked[0].derivation;
  return read(Object.values(findRealisation(store, check)!)[0]!.digest);
}

function blobBytes(): number {
  const folder = join(storeDir, 'blobs/sha256');
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
