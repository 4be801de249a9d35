// Matrices of base images, as descriptions: their targets, and what is said where one is wrong.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Evaluated, evaluateDescription } from '../../src/description/evaluate.ts';
import { readLock } from '../../src/lock/lock-file.ts';
import { repository } from '../support/cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-matrix-'));
afterAll(() => rmSync(dir, { recursive: true }));
const lock = join(dir, 'cogpack.lock');
copyFileSync(join(repository, 'examples/bases/cogpack.lock'), lock);

async function evaluate(code: string): Promise<Evaluated> {
  const file = join(dir, 'cogpack.jsonnet');
  writeFileSync(file, `local cog = import 'cogpack';\n${code}`);
  const options = { file, topLevelArguments: {}, cacheDir: join(dir, 'stat'), withPlans: true };
  return evaluateDescription({ ...options, answers: readLock(lock) });
}

const axes = "axes: { python: ['3.11', '3.13'], pyyaml: ['6.0.2', '6.0.3'] }";
const base = "base(point):: { python: point.python, requirements: ['pyyaml==' + point.pyyaml] }";

test('each point is a target under its name, with a plan of its own', async () => {
  const { targets } = await evaluate(`cog.matrix { ${axes}, ${base} }`);
  expect(
    targets.map(({ name, plan }) => [
      name,
      plan!.flatMap(({ pieces }) => pieces).find(piece => piece.name === 'pyyaml')?.version,
    ]),
  ).toEqual([
    ['python3.11-pyyaml6.0.2', '6.0.2'],
    ['python3.11-pyyaml6.0.3', '6.0.3'],
    ['python3.13-pyyaml6.0.2', '6.0.2'],
    ['python3.13-pyyaml6.0.3', '6.0.3'],
  ]);
});

test('points are left out and named by functions, and a matrix stands beside other models', async () => {
  const { targets } = await evaluate(`
    local matrix = cog.matrix {
      ${axes}, ${base},
      exclude(point):: point.python == '3.13',
      name(point):: 'yaml-' + point.pyyaml,
    };
    { bases: matrix, one: matrix { exclude(point):: point.pyyaml != '6.0.3' || super.exclude(point) } }`);
  expect(targets.map(({ name }) => name)).toEqual(['bases.yaml-6.0.2', 'bases.yaml-6.0.3', 'one.yaml-6.0.3']);
});

test('a point is evaluated when it is asked for, and no other', async () => {
  const { targets } = await evaluate(
    `cog.matrix { ${axes}, base(point):: if point.python == '3.11' then { requirements: ['pyyaml==6.0.2'] } else error 'not asked for' }.targets['python3.11-pyyaml6.0.2']`,
  );
  expect(targets.map(({ name }) => name)).toEqual(['image']);
});

test('a base has what its point asks for, and no file of the project', async () => {
  const { graph } = await evaluate(`cog.matrix { axes: { pyyaml: ['6.0.2'] }, base(point):: {
    requirements: ['pyyaml==' + point.pyyaml], env: { FLAG: point.pyyaml } } }`);
  const derivations = [...graph.derivations.values()];
  expect(derivations.filter(({ name }) => name === 'source')).toEqual([]);
  const { config } = derivations.find(({ name }) => name === 'image')!.args as {
    config: { Env: string[]; Cmd: string[]; WorkingDir: string };
  };
  expect(config).toMatchObject({ Cmd: ['python3'], WorkingDir: '/' });
  expect(config.Env).toContain('FLAG=6.0.2');
});

const wrong: readonly [string, string, { line: number; code: string; message: string }][] = [
  [
    'no axes',
    `cog.matrix {\n${base} }`,
    { line: 3, code: 'description/missing-field', message: 'a matrix needs the field "axes"' },
  ],
  [
    'no base',
    `cog.matrix {\n${axes} }`,
    { line: 3, code: 'jsonnet/error', message: 'a matrix needs base(point)' },
  ],
  [
    'an axis that is no array',
    `cog.matrix { ${base}, axes: {\npython: '3.11' } }`,
    { line: 3, code: 'description/type', message: 'matrix.axes.python must be an array' },
  ],
  [
    'a misspelt field of the matrix',
    `cog.matrix { ${axes}, ${base},\nexclud(point): true }`,
    { line: 3, code: 'description/unknown-field', message: 'a matrix has no field "exclud"' },
  ],
  [
    'a predictor in a base',
    `cog.matrix { ${axes}, base(point):: {\npredict: 'predict.py:Predictor' } }`,
    { line: 3, code: 'description/unknown-field', message: 'a base has no field "predict"' },
  ],
  [
    'a wrong value in a base',
    `cog.matrix { ${axes}, base(point):: {\nworkdir: 'here' } }`,
    {
      line: 3,
      code: 'description/value',
      message: 'base(python3.11-pyyaml6.0.2).workdir must be an absolute path',
    },
  ],
  [
    'a name that is no tag',
    `cog.matrix { ${axes}, ${base},\nname(point):: 'a b' + point.python }`,
    { line: 3, code: 'description/value', message: "must be an image's tag" },
  ],
  [
    'one name for several points',
    `cog.matrix { ${axes}, ${base},\nname(point):: point.python }`,
    { line: 3, code: 'jsonnet/error', message: '"pyyaml": "6.0.3"} have one name: 3.11' },
  ],
  [
    'a value twice in an axis',
    `cog.matrix { ${base},\naxes: { python: ['3.11', '3.11'], pyyaml: ['6.0.2'] } }`,
    { line: 3, code: 'jsonnet/error', message: 'have one name: python3.11-pyyaml6.0.2' },
  ],
];

test.each(wrong)('%s is told at its own line', async (_, code, { line, ...error }) => {
  await expect(evaluate(code)).rejects.toMatchObject({
    code: error.code,
    message: expect.stringContaining(error.message),
    span: { line, file: expect.stringContaining('cogpack.jsonnet') },
  });
});
