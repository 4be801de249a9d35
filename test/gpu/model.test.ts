// The field gpu of a model: what it asks of the lock, what the image's config says, and where its errors are told.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../src/base/canonical.ts';
import { CogpackError } from '../../src/base/error.ts';
import { type Evaluated, evaluateDescription } from '../../src/description/evaluate.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-gpu-'));
afterAll(() => rmSync(dir, { recursive: true }));

function evaluate(text: string, answers: ReadonlyMap<string, Json> = new Map()): Promise<Evaluated> {
  const file = join(dir, 'cogpack.jsonnet');
  writeFileSync(file, text);
  return evaluateDescription({ file, answers, topLevelArguments: {}, cacheDir: join(dir, 'stat') });
}

const model = (fields: string) => `(import 'cogpack').model {\n${fields}\n}`;

type Request = {
  kind: string;
  requirements?: string[];
  constraints?: string[];
};

async function requestOf(fields: string): Promise<Request | undefined> {
  const { missing } = await evaluate(model(fields));
  return (missing as Request[]).find(({ kind }) => kind === 'python');
}

/** The image's config, of a lock that answers with these packages. */
async function configOf(fields: string, packages: readonly [string, string][]) {
  const text = model(fields);
  const { missing } = await evaluate(text);
  const file = (name: string, filename: string) => ({
    name,
    filename,
    size: 1,
    sha256: `sha256:${'0'.repeat(64)}`,
  });
  const answers = new Map(
    (missing as Request[]).map(request => [
      canonicalJson(request as Json),
      (request.kind === 'python'
        ? {
            packages: packages.map(([name, version]) => ({
              ...file(name, `${name.replaceAll('-', '_')}-${version}-py3-none-any.whl`),
              version,
            })),
          }
        : {
            packages: ['base-files', 'ca-certificates', 'libc6'].map(name => ({
              ...file(name, `pool/${name}_1_amd64.deb`),
              version: '1',
              archive: 'debian',
            })),
          }) as unknown as Json,
    ]),
  );
  const { graph, targets } = await evaluate(text, answers);
  const image = graph.derivations.get(targets[0]!.digest)!;
  return image.args.config as { Env: string[]; Labels: Record<string, string> };
}

async function errorOf(fields: string): Promise<CogpackError> {
  const error = await evaluate(model(fields)).then(
    () => undefined,
    (found: unknown) => found,
  );
  if (error instanceof CogpackError) return error;
  throw new Error(`no error of cogpack's: ${error}`);
}

test('a model that says nothing of a GPU asks for what it asked for', async () => {
  expect(await requestOf(`requirements: ['torch==2.5.1', 'numpy'],`)).not.toHaveProperty('constraints');
  expect(await requestOf(`requirements: ['numpy'],`)).toMatchObject({ requirements: ['numpy'] });
});

test('the resolver is kept to the build that was chosen', async () => {
  expect(await requestOf(`requirements: ['torch', 'torchvision'], gpu: { driver: '>=535' },`)).toMatchObject({
    requirements: ['torch', 'torchvision'],
    constraints: ['torch==2.10.0'],
  });
});

test("an extra that brings CUDA's libraries is asked for", async () => {
  expect(await requestOf(`requirements: ['jax==0.8.2'], gpu: { driver: '>=525' },`)).toMatchObject({
    requirements: ['jax==0.8.2', 'jax[cuda12]'],
    constraints: ['jax==0.8.2'],
  });
});

test('the image says what it needs of a host', async () => {
  const { Env, Labels } = await configOf(
    `requirements: ['torch==2.10.0'], gpu: { arch: ['sm_120'], count: 2 },`,
    [
      ['nvidia-cuda-runtime-cu12', '12.8.90'],
      ['torch', '2.10.0'],
    ],
  );
  expect(Env).toContain('NVIDIA_VISIBLE_DEVICES=all');
  expect(Env).toContain('NVIDIA_DRIVER_CAPABILITIES=compute,utility');
  expect(Env).toContain('NVIDIA_REQUIRE_CUDA=cuda>=12.0,driver>=570.26');
  expect(Labels).toMatchObject({
    'cogpack.gpu.count': '2',
    'cogpack.gpu.cuda': '12.8',
    'cogpack.gpu.cuda-runtime': '12.8.90',
    'cogpack.gpu.driver': '570.26',
    'cogpack.gpu.shm-size': '2147483648',
    'cogpack.gpu.sm': 'sm_70 sm_75 sm_80 sm_86 sm_90 sm_100 sm_120',
  });
  expect(Labels['cogpack.gpu.reasons']).toContain('sm_120 needs a driver from 570.26 on');
});

test('without a GPU the image asks for none, and says what a CPU build would save', async () => {
  const { Env, Labels } = await configOf(`requirements: ['torch==2.5.1'],`, [['torch', '2.5.1']]);
  expect(Env.join()).not.toContain('NVIDIA');
  expect(Object.keys(Labels).filter(name => name.startsWith('cogpack.gpu'))).toEqual(['cogpack.gpu.reasons']);
  expect(Labels['cogpack.gpu.reasons']).toMatch(
    /CUDA's wheels, \d\.\d GB, come with it and are not used; whl\/cpu/,
  );
});

test('where a model says nothing of a GPU, its source does', async () => {
  const source = (...lines: string[]) => writeFileSync(join(dir, 'predict.py'), lines.join('\n'));
  const fields = `requirements: ['torch==2.5.1'], predict: 'predict.py:predict',`;
  source('import torch', 'def predict(text: str) -> str:', '    return text');
  expect(await requestOf(fields)).not.toHaveProperty('constraints');
  source('import torch', 'def predict(text: str) -> str:', '    return str(torch.ones(1).to("cuda")) + text');
  expect(await requestOf(fields)).toMatchObject({ constraints: ['torch==2.5.1'] });
  const { Env, Labels } = await configOf(fields, [
    ['cog', '0.23.1'],
    ['torch', '2.5.1'],
  ]);
  expect(Env).toContain('NVIDIA_VISIBLE_DEVICES=all');
  expect(Labels['cogpack.gpu.reasons']).toMatch(
    /^a GPU is taken to be wanted: predict\.py, line 3: torch\.ones\(1\)\.to\("cuda"\)\n/,
  );
});

test("an environment of the user's stands over the answer's", async () => {
  const { Env } = await configOf(`requirements: [], gpu: true, env: { NVIDIA_VISIBLE_DEVICES: '0' },`, []);
  expect(Env).toContain('NVIDIA_VISIBLE_DEVICES=0');
});

test("a conflict names the user's own lines and two ways out", async () => {
  const error = await errorOf(
    `requirements: ['numpy', 'torch==2.12.0'],\npython: '3.11',\ngpu: {\n  cuda: '13.x',\n  driver: '>=535',\n},`,
  );
  expect(error.code).toBe('gpu/conflict');
  expect(error.message.split('\n')).toEqual([
    'no build of torch keeps all of these:',
    '  cuda 13.x   (gpu.cuda, line 5)',
    '  driver >=535   (gpu.driver, line 6)',
  ]);
  expect(error.span).toMatchObject({ line: 5 });
  expect(error.hint).toBe(
    'either driver >=580.65.06, or cuda 12.6 and name an index that ends with whl/cu126',
  );
});

test('a field that is not well-formed is told where it stands', async () => {
  const driver = await errorOf(`gpu: {\n  driver: 'new',\n},`);
  expect([driver.code, driver.span?.line]).toEqual(['gpu/request', 3]);
  expect(driver.hint).toContain('>=535');
  const arch = await errorOf(`gpu: { arch: ['ampere'] },`);
  expect([arch.code, arch.span?.line]).toEqual(['gpu/request', 2]);
  expect((await errorOf(`gpu: 'yes',`)).code).toBe('description/type');
  expect((await errorOf(`gpu: { drivers: '>=535' },`)).hint).toBe('did you mean "driver"?');
});

test('where nothing is said of a GPU, what cannot be is left to the resolver', async () => {
  expect(await requestOf(`requirements: ['torch==2.5.1', 'torchvision==0.21.0'],`)).toMatchObject({
    requirements: ['torch==2.5.1', 'torchvision==0.21.0'],
  });
});
