// Three hundred combinations of framework, version, CUDA, driver, Python, platform and SM, each with its decision or its
// conflict: golden/gpu/table.json. docs/gpu.md says which of them were held against the vendors' tables by hand.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { gpuFacts, type Platform } from '../../src/gpu/facts.ts';
import { type GpuRequest, type Question, solve } from '../../src/gpu/solve.ts';
import { repository } from '../support/cli.ts';
import { compareWithGolden } from '../support/golden.ts';

const amd64: Platform = 'linux/amd64';
const arm64: Platform = 'linux/arm64';
const facts = gpuFacts();
const everyIndex = [...new Set(facts.torch.builds.map(({ index }) => `https://packages.example/${index}`))];

const requests: readonly GpuRequest[] = [
  true,
  { driver: '>=450' },
  { driver: '>=525' },
  { driver: '>=535', arch: ['sm_90'] },
  { arch: ['sm_120'] },
  { cuda: '12.x', arch: ['sm_70'] },
  { cuda: '13.x', driver: '>=580' },
  false,
];

function combinations(): Question[] {
  const torch = '1.13.1 2.0.1 2.1.2 2.3.1 2.5.1 2.6.0 2.7.1 2.8.0 2.9.1 2.10.0 2.12.0 2.15.0'.split(' ');
  const tensorflow = '2.8.4 2.13.1 2.14.1 2.15.1 2.17.1 2.18.1 2.20.0 2.21.0'.split(' ');
  const jax = '0.4.30 0.4.38 0.6.2 0.8.2 0.9.2 0.12.0'.split(' ');
  const mixed = [
    ['torch==2.7.1', 'tensorflow==2.19.1'],
    ['torch==2.10.0', 'jax==0.8.2'],
    ['torch==2.12.0', 'jax>=0.9'],
    ['torch', 'torchvision==0.21.0', 'torchaudio'],
    ['torch==2.5.1', 'torchvision==0.21.0'],
    ['tensorflow>=2.18', 'jax'],
    ['torch~=2.4.0', 'xformers'],
  ];
  return [
    ...each([amd64, arm64], platform =>
      each(torch, version =>
        each(requests, gpu => [{ gpu, python: '3.11', platform, requirements: [`torch==${version}`] }]),
      ),
    ),
    ...each(['3.9', '3.11', '3.13'], python =>
      each(requests, gpu => [{ gpu, python, platform: amd64, requirements: ['torch'], indexes: everyIndex }]),
    ),
    ...each(tensorflow, version =>
      each([true, { driver: '>=450' }, { cuda: '12.x' }, false], gpu => [
        { gpu, python: '3.11', platform: amd64, requirements: [`tensorflow==${version}`] },
      ]),
    ),
    ...each(jax, version =>
      each([true, { driver: '>=525' }, { cuda: '13.x' }, { arch: ['sm_120'] }], gpu => [
        { gpu, python: '3.12', platform: amd64, requirements: [`jax==${version}`] },
      ]),
    ),
    ...each(mixed, requirements =>
      each([null, true, { driver: '>=535' }, { arch: ['sm_80', 'sm_90'] }], gpu => [
        { gpu, python: '3.11', platform: amd64, requirements },
      ]),
    ),
  ];
}

function each<T, R>(values: readonly T[], make: (value: T) => readonly R[]): R[] {
  return values.flatMap(make);
}

function row({ indexes, ...asked }: Question) {
  const found = solve({ ...asked, ...(indexes && { indexes }) }, facts);
  const ask = {
    gpu: asked.gpu,
    requirements: asked.requirements,
    python: asked.python,
    platform: asked.platform,
    indexes: indexes === undefined ? 'default' : 'all',
  };
  if (found.kind === 'conflict') {
    return {
      ...ask,
      conflict: found.constraints.map(({ text }) => text),
      waysOut: found.waysOut.map(({ change }) => change),
    };
  }
  return {
    ...ask,
    builds: found.frameworks.map(
      ({ name, version, cuda, index }) =>
        `${name} ${version} ${cuda === null ? 'cpu' : `cuda ${cuda}`} ${index ?? 'default'}`,
    ),
    cuda: found.cuda,
    cudnn: found.cudnn,
    nccl: found.nccl,
    driver: found.driver,
    sm: found.sm?.join(' ') ?? null,
    reasons: found.reasons,
  };
}

beforeAll(() => {
  mkdirSync(join(repository, 'golden/gpu'), { recursive: true });
});

test('three hundred combinations are decided or explained as they were', () => {
  const questions = combinations();
  expect(questions.length).toBe(300);
  expect(new Set(questions.map(question => JSON.stringify(question))).size).toBe(300);
  compareWithGolden('gpu/table.json', questions.map(row));
});
