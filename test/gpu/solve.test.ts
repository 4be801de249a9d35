import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { gpuFacts, type Platform } from '../../src/gpu/facts.ts';
import { wishOf } from '../../src/gpu/question.ts';
import { frameworkOf } from '../../src/gpu/requirement.ts';
import { solutions } from '../../src/gpu/search.ts';
import { type GpuAnswer, type GpuRequest, type Question, solve } from '../../src/gpu/solve.ts';
import { compareDotted, keeps, parseCuda } from '../../src/gpu/versions.ts';

const facts = gpuFacts();
const amd64: Platform = 'linux/amd64';

function ask(gpu: GpuRequest | null, requirements: readonly string[], rest: Partial<Question> = {}) {
  return solve({ gpu, requirements, python: '3.11', platform: amd64, ...rest }, facts);
}

function answer(...asked: Parameters<typeof ask>): GpuAnswer {
  const found = ask(...asked);
  if (found.kind === 'conflict') throw new Error(found.message);
  return found;
}

const questions: fc.Arbitrary<Question> = fc.record({
  gpu: fc.oneof(
    fc.constantFrom<GpuRequest | null>(null, true, false),
    fc.record(
      {
        driver: fc.constantFrom('>=450', '>=470.82.01', '>=525', '>=535', '>=570', '>=580', '>=600'),
        arch: fc.subarray(['sm_60', 'sm_70', 'sm_75', 'sm_80', 'sm_89', 'sm_90', 'sm_120'], { maxLength: 2 }),
        cuda: fc.constantFrom('11.x', '12.x', '12.6', '13.x', '>=12.1,<13'),
        count: fc.integer({ min: 1, max: 8 }),
      },
      { requiredKeys: [] },
    ),
  ),
  python: fc.constantFrom('3.8', '3.9', '3.10', '3.11', '3.12', '3.13', '3.14'),
  platform: fc.constantFrom<Platform>('linux/amd64', 'linux/arm64'),
  requirements: fc
    .tuple(
      fc.constantFrom(
        '',
        'torch',
        'torch>=2.4,<2.8',
        'torch==2.5.1',
        'torch~=2.9.0',
        'torch==2.12.1',
        'torch<2',
      ),
      fc.constantFrom('', '', 'torchvision', 'torchvision==0.20.1', 'torchaudio>=2.6'),
      fc.constantFrom('', '', 'tensorflow', 'tensorflow==2.15.1', 'tensorflow>=2.18'),
      fc.constantFrom('', '', 'jax', 'jax==0.4.38', 'jax[cuda12]>=0.6'),
    )
    .map(lines => lines.filter(Boolean)),
  indexes: fc.subarray(
    ['cpu', 'cu118', 'cu126', 'cu128', 'cu130'].map(path => `https://packages.example/whl/${path}`),
  ),
});

test('an answer keeps everything that was asked', () => {
  fc.assert(
    fc.property(questions, question => {
      const found = solve(question, facts);
      if (found.kind === 'conflict') return;
      const { gpu } = question;
      const asked = typeof gpu === 'object' && gpu !== null ? gpu : {};
      if (asked.driver !== undefined && found.driver !== null) {
        const driver = asked.driver.replace('>=', '');
        const parts = driver.split('.').length;
        expect(
          compareDotted(driver, found.driver.split('.').slice(0, parts).join('.')),
        ).toBeGreaterThanOrEqual(0);
      }
      if (asked.cuda !== undefined) {
        const major = parseCuda(asked.cuda)![0]!.version.split('.')[0];
        expect(found.cuda?.split('.')[0]).toBe(major);
      }
      if (gpu === false) expect(found.env).toEqual({});
      for (const { name, version, index } of found.frameworks) {
        if (index !== null) expect(question.indexes!.some(url => url.endsWith(index))).toBe(true);
        for (const { name: of, specifiers } of wishOf(question).requirements) {
          if (of === name) expect(keeps(version, specifiers)).toBe(true);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('of the lines that cannot hold together none can be left out, and together they cannot hold', () => {
  let conflicts = 0;
  fc.assert(
    fc.property(questions, question => {
      const found = solve(question, facts);
      if (found.kind === 'answer') return;
      conflicts += 1;
      const wish = wishOf(question);
      const named = wish.constraints.filter(({ field, text }) =>
        found.constraints.some(each => each.field === field && each.text === text),
      );
      const frameworks = [...new Set(wish.requirements.flatMap(({ name }) => frameworkOf(name) ?? []))];
      const of = frameworks.length === 0 ? (['cuda'] as const) : frameworks;
      const hold = (constraints: typeof named) => !solutions(of, constraints, facts).next().done;
      expect(hold(named)).toBe(false);
      for (const each of named) expect(hold(named.filter(other => other !== each))).toBe(true);
      expect(found.waysOut.length).toBeLessThanOrEqual(2);
    }),
    { numRuns: 100 },
  );
  expect(conflicts).toBeGreaterThan(20);
});

test('the same question has the same answer, and its indexes have no order', () => {
  fc.assert(
    fc.property(questions, question => {
      const turned = { ...question, indexes: [...question.indexes!].reverse() };
      expect(solve(turned, facts)).toEqual(solve(question, facts));
    }),
    { numRuns: 50 },
  );
});

test('a GPU is detected from what is of use with one only', () => {
  expect(answer(null, ['torch', 'flash-attn'])).toMatchObject({ accelerator: 'cuda' });
  expect(answer(null, ['onnxruntime-gpu==1.20.0']).reasons[0]).toBe(
    'a GPU is taken to be wanted: onnxruntime-gpu is of use with a GPU only',
  );
  expect(answer(null, ['jax[cuda12]==0.6.2'])).toMatchObject({ accelerator: 'cuda', cuda: '12.1' });
  expect(answer(null, ['torch==2.1.0+cu118'])).toMatchObject({
    cuda: '11.8',
    constraints: ['torch==2.1.0+cu118'],
  });
  expect(answer(null, ['torch'])).toMatchObject({ accelerator: 'cpu', constraints: [], env: {}, labels: {} });
  expect(answer(false, ['torch', 'flash-attn'])).toMatchObject({ accelerator: 'cpu' });
});

test("an extra that names CUDA's major version is kept to", () => {
  expect(answer(true, ['jax[cuda12]'])).toMatchObject({ cuda: '12.1', requirements: [] });
  expect(answer(true, ['jax']).requirements).toEqual(['jax[cuda13]']);
  expect(ask({ cuda: '13.x' }, ['jax[cuda12]'])).toMatchObject({
    kind: 'conflict',
    constraints: [{ text: 'jax[cuda12]' }, { text: 'cuda 13.x' }],
  });
});

test('a requirement whose marker does not hold is none', () => {
  expect(answer(true, ['torch==2.5.1; sys_platform == "darwin"']).frameworks).toEqual([]);
  expect(answer(true, ['torch==2.5.1; python_version < "3.12"']).frameworks).toMatchObject([
    { version: '2.5.1' },
  ]);
});

test('without a GPU the CPU build is taken from an index that has it', () => {
  const indexes = ['https://packages.example/whl/cpu'];
  const found = answer(false, ['torch==2.5.1'], { indexes });
  expect(found).toMatchObject({
    frameworks: [{ version: '2.5.1', cuda: null, index: 'whl/cpu' }],
    constraints: ['torch==2.5.1+cpu'],
  });
  expect(found.reasons.at(-1)).toMatch(/^at least \d\.\d GB less than linux\/amd64's build of CUDA 12\.4$/);
});

test("the default index's build for arm64 is a CPU build up to 2.10, and one of CUDA since", () => {
  const platform = 'linux/arm64';
  expect(answer(false, ['torch==2.10.0'], { platform }).frameworks[0]!.cuda).toBeNull();
  expect(answer(true, ['torch==2.11.0'], { platform }).frameworks[0]!.cuda).toBe('13.0');
  expect(ask(true, ['torch==2.10.0'], { platform })).toMatchObject({ kind: 'conflict' });
});

test('a release that no table has is not judged', () => {
  const found = answer(true, ['torch==2.99.0']);
  expect(found.frameworks).toEqual([]);
  expect(found.reasons[0]).toContain('no table has the releases that are asked for of torch');
});

test('several GPUs ask for shared memory', () => {
  expect(answer({ count: 4 }, ['torch']).labels).toMatchObject({ 'cogpack.gpu.shm-size': '4294967296' });
  expect(answer(true, ['torch']).labels).not.toHaveProperty('cogpack.gpu.shm-size');
});

test('two frameworks get wheels of NVIDIA that can stand side by side', () => {
  const { frameworks } = answer(true, ['torch', 'tensorflow']);
  expect(frameworks.map(({ name, version }) => `${name} ${version}`)).toEqual([
    'torch 2.10.0',
    'tensorflow 2.20.0',
  ]);
  expect(ask(true, ['torch==2.7.1', 'tensorflow==2.19.1']).kind).toBe('conflict');
});

test('what is no driver, architecture or CUDA is refused', () => {
  expect(() => ask({ driver: 'latest' }, [])).toThrow('gpu.driver is a driver; found "latest"');
  expect(() => ask({ arch: ['80'] }, [])).toThrow('gpu.arch is an architecture; found "80"');
  expect(() => ask({ cuda: 'twelve' }, [])).toThrow('gpu.cuda is a version of CUDA; found "twelve"');
});
