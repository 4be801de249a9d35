// Images broken on purpose, one fault each: real layers are built of their files, scanned and checked by the scheduler,
// and the realise is refused with the fault, the file, the package and the cure. What it says is in
// golden/broken-images.json. A sound image made the same way passes.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Json } from '../../src/base/canonical.ts';
import { type Digest, sha256 } from '../../src/base/digest.ts';
import { CogpackError } from '../../src/base/error.ts';
import type { TreeEntry } from '../../src/base/tree-entry.ts';
import { outputsOf, versionedName } from '../../src/builders/registry.ts';
import { evaluateDescription } from '../../src/description/evaluate.ts';
import { createGraph, type GraphBuilder, type Origin } from '../../src/graph/graph.ts';
import { realise } from '../../src/graph/realise.ts';
import { createRunner } from '../../src/graph/workers.ts';
import { openStore } from '../../src/store/store.ts';
import { type ElfFixture, makeElf, makeFatbin } from '../formats/elf-fixture.ts';
import { compareWithGolden } from '../support/golden.ts';
import { type Files, multiarch, system, wheelFiles } from './fixture.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-broken-'));
const store = openStore(join(dir, 'store'));
const runner = createRunner(store, () => Promise.reject(new Error('nothing is fetched here')));
afterAll(async () => {
  await runner.close();
  rmSync(dir, { recursive: true });
});

type Image = {
  /** Over `system`, the lowest first. */
  readonly layers: Readonly<Record<string, Files>>;
  readonly env?: readonly string[];
  readonly architectures?: readonly string[];
};

const needs = (...needed: string[]): ElfFixture => ({ needed });
const app = (files: Files): Image => ({ layers: { app: files } });
const library = (soname: string, content = 'x'): ElfFixture => ({ soname, content: Buffer.from(content) });
const truncated = (elf: ElfFixture): Buffer => {
  const bytes = makeElf(elf);
  return bytes.subarray(0, bytes.length >> 1);
};
const libstdcxx: ElfFixture = {
  soname: 'libstdc++.so.6',
  versions: ['GLIBCXX_3.4', 'GLIBCXX_3.4.9', 'GLIBCXX_3.4.30', 'CXXABI_1.3', 'CXXABI_1.3.13'],
};
const cxx = (version: string): Image =>
  app({
    [`${multiarch}/libstdc++.so.6`]: libstdcxx,
    ...wheelFiles('fast', {
      'fast/_core.abi3.so': {
        needed: ['libstdc++.so.6'],
        versionNeeds: { 'libstdc++.so.6': [version] },
      },
    }),
  });

const broken: Readonly<Record<string, Image>> = {
  'a library was removed from its wheel': app(
    wheelFiles('scipy', {
      'scipy/_lib.abi3.so': { needed: ['libgfortran-040039e1.so.5'], rpath: '$ORIGIN/../scipy.libs' },
    }),
  ),
  'a system library that a wheel needs is not installed': app(
    wheelFiles('opencv_python', { 'cv2/cv2.abi3.so': needs('libGL.so.1') }),
  ),
  "a wheel of NVIDIA's is not installed": app(
    wheelFiles('torch', { 'torch/lib/libtorch_cuda.so': needs('libcudart.so.12', 'libcuda.so.1') }),
  ),
  'glibc is too old': app({
    'usr/bin/app': { needed: ['libc.so.6'], versionNeeds: { 'libc.so.6': ['GLIBC_2.34', 'GLIBC_2.38'] } },
  }),
  'GLIBCXX is too old': cxx('GLIBCXX_3.4.32'),
  'CXXABI is too old': cxx('CXXABI_1.3.15'),
  "a wheel's own library is of another version": app(
    wheelFiles('numpy', {
      'numpy/core.abi3.so': {
        needed: ['libopenblas.so.0'],
        runpath: '$ORIGIN/../numpy.libs',
        versionNeeds: { 'libopenblas.so.0': ['OPENBLAS_0.3.27'] },
      },
      'numpy.libs/libopenblas.so.0': {
        soname: 'libopenblas.so.0',
        versions: ['OPENBLAS_0.3.9', 'OPENBLAS_0.3.21'],
      },
    }),
  ),
  'there is only another version of a library': app({
    [`${multiarch}/libssl.so.3`]: library('libssl.so.3'),
    'usr/bin/app': needs('libssl.so.1.1'),
  }),
  'two versions of cuDNN': app({
    ...wheelFiles('nvidia_cudnn_cu12', { 'nvidia/cudnn/lib/libcudnn.so.9': library('libcudnn.so.9') }),
    ...wheelFiles('nvidia_cudnn_cu11', { 'nvidia/cudnn8/lib/libcudnn.so.8': library('libcudnn.so.8') }),
  }),
  'two versions of one CUDA soname, from a wheel and the base': {
    layers: {
      base: { 'usr/local/cuda/lib64/libcublas.so.12': library('libcublas.so.12', '12.1') },
      app: wheelFiles('nvidia_cublas_cu12', {
        'nvidia/cublas/lib/libcublas.so.12': library('libcublas.so.12', '12.4'),
      }),
    },
  },
  'no code for a GPU that is asked for': {
    ...app(
      wheelFiles('kernels', {
        'kernels/ops.abi3.so': {
          content: makeFatbin([
            { kind: 'cubin', sm: 70 },
            { kind: 'cubin', sm: 80 },
          ]),
        },
      }),
    ),
    architectures: ['sm_80', 'sm_90'],
  },
  'an i386 program': app({ 'usr/bin/app': { class: 32, machine: 3 } }),
  'an i386 library in the place of another': app({
    [`${multiarch}/libx.so.1`]: { class: 32, machine: 3, soname: 'libx.so.1' },
    'usr/bin/app': needs('libx.so.1'),
  }),
  'an extension module for arm64 in an image for amd64': app(
    wheelFiles('fast', { 'fast/_core.abi3.so': { machine: 183 } }),
  ),
  'a program for musl': app({ 'usr/bin/app': { interpreter: '/lib/ld-musl-x86_64.so.1' } }),
  'a library of a wheel for musl': app(
    wheelFiles('fast', { 'fast/_core.abi3.so': needs('libc.musl-x86_64.so.1') }),
  ),
  'an interpreter that is a broken link': app({
    'opt/loader/ld.so': { link: '/opt/elsewhere/ld.so' },
    'usr/bin/app': { interpreter: '/opt/loader/ld.so' },
  }),
  'a RUNPATH that leads nowhere': app({
    'opt/app/lib/libx.so.1': library('libx.so.1'),
    'opt/app/bin/app': { needed: ['libx.so.1'], runpath: '$ORIGIN/../libs' },
  }),
  'a RUNPATH, which is not handed on': app({
    'opt/app/libx.so.1': { soname: 'libx.so.1', needed: ['liby.so.1'] },
    'opt/app/liby.so.1': library('liby.so.1'),
    'opt/app/app': { needed: ['libx.so.1'], runpath: '$ORIGIN' },
  }),
  'a RUNPATH that puts the RPATH out of force': app({
    'opt/app/lib/libx.so.1': library('libx.so.1'),
    'opt/app/app': { needed: ['libx.so.1'], rpath: '$ORIGIN/lib', runpath: '$ORIGIN/none' },
  }),
  'links that lead round in a circle': app({
    [`${multiarch}/libx.so.1`]: { link: 'libx.so.2' },
    [`${multiarch}/libx.so.2`]: { link: 'libx.so.1' },
    'usr/bin/app': needs('libx.so.1'),
  }),
  'a folder in ld.so.conf, without a cache': app({
    'etc/ld.so.conf': '/opt/lib\n',
    'opt/lib/libx.so.1': library('libx.so.1'),
    'usr/bin/app': needs('libx.so.1'),
  }),
  'LD_LIBRARY_PATH names another folder': {
    ...app({ 'opt/lib/libx.so.1': library('libx.so.1'), 'usr/bin/app': needs('libx.so.1') }),
    env: ['LD_LIBRARY_PATH=/opt/lib64'],
  },
  'an absolute name of a file that is not there': app({ 'usr/bin/app': needs('/opt/lib/libx.so.1') }),
  'a library that was cut off': app({
    [`${multiarch}/libx.so.1`]: truncated({ soname: 'libx.so.1', needed: ['libc.so.6'] }),
    'usr/bin/app': needs('libx.so.1'),
  }),
  'a folder in the place of a library': app({
    [`${multiarch}/libx.so.1`]: null,
    'usr/bin/app': needs('libx.so.1'),
  }),
  'two wheels that bring one module': {
    layers: {
      'opencv-python': wheelFiles('opencv_python', { 'cv2/__init__.py': 'one' }),
      'opencv-python-headless': wheelFiles('opencv_python_headless', { 'cv2/__init__.py': 'other' }),
    },
  },
};

const models: Readonly<Record<string, string>> = {
  'the driver is too old for the CUDA of the wheels': `{
  python: '3.11',
  requirements: ['torch==2.9.1'],
  gpu: { driver: '>=450' },
}`,
  'the GPU is too old for the wheels': `{
  python: '3.11',
  requirements: ['torch==2.9.1'],
  gpu: { arch: ['sm_50'] },
}`,
};

const sound: Image = {
  layers: {
    app: {
      [`${multiarch}/libx.so.1`]: library('libx.so.1'),
      'opt/lib/liby.so.1': library('liby.so.1'),
      'usr/bin/app': needs('libc.so.6', 'libx.so.1', 'liby.so.1', 'libcuda.so.1'),
    },
  },
  env: ['LD_LIBRARY_PATH=/opt/lib'],
};

test('a sound image is not refused', async () => {
  expect(await refusal('sound', sound)).toBeUndefined();
});

test('each image that is broken on purpose is refused, with the cause that is its own', async () => {
  const told: Record<string, string[]> = Object.fromEntries(Object.keys(broken).map(name => [name, []]));
  const waiting = Object.entries(broken);
  const lane = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      told[next[0]] = (await refusal(...next))?.split('\n') ?? [];
    }
  };
  await Promise.all(Array.from({ length: 4 }, lane));
  for (const [name, fields] of Object.entries(models)) told[name] = (await conflict(fields)).split('\n');
  expect(Object.keys(told).length).toBeGreaterThanOrEqual(20);
  for (const [name, lines] of Object.entries(told)) expect(lines.length, name).toBeGreaterThan(1);
  compareWithGolden('broken-images.json', told);
});

/** What `realise` says of the image's check; undefined when it has nothing to say. */
async function refusal(name: string, image: Image): Promise<string | undefined> {
  const graph = createGraph();
  const layers = Object.entries({ system, ...image.layers });
  const summaries = layers.map(([, files], index) => {
    const root = join(dir, name, String(index));
    const tree = add(graph, 'tree', {}, { prefix: '/', entries: writeTree(root, files) as Json }, { root });
    return add(graph, 'scan', { layer: [tree] });
  });
  const args = {
    layers: layers.map(([layer]) => layer),
    env: [...(image.env ?? [])],
    architectures: [...(image.architectures ?? [])],
  };
  const check = add(graph, 'check', { summaries }, args);
  const signal = new AbortController().signal;
  const error = await realise({ graph, targets: [check], store, jobs: 1, run: runner.run, signal }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) return undefined;
  if (!(error instanceof CogpackError) || error.code !== 'check/image') throw error;
  return error.message;
}

function add(
  graph: GraphBuilder,
  builder: string,
  inputs: Readonly<Record<string, readonly Digest[]>>,
  args: Record<string, Json> = {},
  origin: Origin = {},
): Digest {
  const ofInput = (derivation: Digest) => ({ derivation, output: outputOf(graph, derivation) });
  return graph.add(
    {
      v: 1,
      name: builder,
      builder: versionedName(builder)!,
      platform: builder === 'check' ? 'linux/amd64' : 'any',
      args,
      inputs: Object.fromEntries(Object.entries(inputs).map(([role, list]) => [role, list.map(ofInput)])),
      outputs: [...outputsOf(builder)],
    },
    origin,
  );
}

function outputOf(graph: GraphBuilder, digest: Digest): string {
  return graph.derivations.get(digest)!.outputs[0]!;
}

function writeTree(root: string, files: Files): TreeEntry[] {
  mkdirSync(root, { recursive: true });
  return Object.entries(files).map(([path, content]): TreeEntry => {
    if (content === null) return { type: 'folder', path };
    if (typeof content === 'string') return { type: 'text', path, text: content, executable: false };
    if (!(content instanceof Uint8Array) && 'link' in content) {
      return { type: 'link', path, target: content.link };
    }
    const bytes = content instanceof Uint8Array ? content : makeElf(content);
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    return { type: 'file', path, executable: true, sha256: sha256(bytes), size: bytes.length };
  });
}

/** What an evaluation says of a model whose GPU cannot run its wheels. */
async function conflict(fields: string): Promise<string> {
  const file = join(dir, 'cogpack.jsonnet');
  writeFileSync(file, `(import 'cogpack').model ${fields}\n`);
  const error = await evaluateDescription({
    file,
    answers: new Map(),
    topLevelArguments: {},
    cacheDir: join(dir, 'stat'),
  }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CogpackError)) throw error ?? new Error('nothing is wrong with it');
  return [error.message, error.hint].filter(part => part !== undefined).join('\n');
}
