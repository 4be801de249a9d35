// The field layers of a model: what the graph becomes, and where its errors are told.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../src/base/canonical.ts';
import { CogpackError } from '../../src/base/error.ts';
import { type Evaluated, evaluateDescription } from '../../src/description/evaluate.ts';
import { formatHistory, type History } from '../../src/plan/history.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-plan-'));
afterAll(() => rmSync(dir, { recursive: true }));

type Package = readonly [name: string, version: string, size: number];
const packages: readonly Package[] = [
  ['big', '1', 20_000_000],
  ['minor', '3', 60_000],
  ['large', '1', 30_000_000],
  ['small', '1.2', 11_000],
  ['tokens', '0.2', 40_000],
];

/** Evaluates a model with these fields, of a lock that answers with `list`. */
async function evaluate(fields: string, list = packages): Promise<Evaluated> {
  const file = join(dir, 'cogpack.jsonnet');
  writeFileSync(file, `(import 'cogpack').model {\n  requirements: ['big'],\n${fields}\n}`);
  const options = { file, topLevelArguments: {}, cacheDir: join(dir, 'stat'), withPlans: true };
  const { missing } = await evaluateDescription({ ...options, answers: new Map() });
  const locked = (name: string, filename: string, version: string, size: number) => ({
    name,
    version,
    filename,
    size,
    sha256: `sha256:${Buffer.from(`${name}${version}`).toString('hex').padEnd(64, '0')}`,
  });
  const answerTo = (request: Json): Json =>
    (request as { kind: string }).kind === 'python'
      ? {
          packages: list.map(([name, version, size]) =>
            locked(name, `${name}-${version}-py3-none-any.whl`, version, size),
          ),
        }
      : {
          packages: ['base-files', 'libc6'].map(name => ({
            ...locked(name, `pool/${name}_1_amd64.deb`, '1', 3_000_000),
            archive: 'debian',
          })),
        };
  const answers = new Map(missing.map(request => [canonicalJson(request), answerTo(request)]));
  return evaluateDescription({ ...options, answers });
}

async function layersOf(fields: string, list = packages): Promise<string[]> {
  const { targets } = await evaluate(fields, list);
  return targets[0]!.plan!.map(layer => layer.name);
}

async function errorOf(fields: string): Promise<CogpackError> {
  const error = await evaluate(fields).then(
    () => undefined,
    (found: unknown) => found,
  );
  if (error instanceof CogpackError) return error;
  throw new Error(`no error of cogpack's: ${error}`);
}

test('the image has the layers of the plan, joined where they hold several pieces', async () => {
  const { graph, targets } = await evaluate('');
  const { digest, plan } = targets[0]!;
  const image = graph.derivations.get(digest)!;
  expect(image.args.history).toEqual(plan!.map(layer => layer.name));
  expect(image.inputs.layers!.map(input => input.derivation)).toEqual(plan!.map(layer => layer.derivation));
  for (const layer of plan!) {
    const { builder, inputs } = graph.derivations.get(layer.derivation)!;
    if (layer.pieces.length === 1) expect(builder).not.toMatch(/^join@/);
    else
      expect([builder, inputs.layers!.length]).toEqual([
        expect.stringMatching(/^join@/),
        layer.pieces.length,
      ]);
  }
  expect(plan!.map(layer => layer.name)).toEqual(
    expect.arrayContaining(['big 1', 'large 1', 'python: minor 3, small 1.2, tokens 0.2, venv', 'source']),
  );
});

test('the image says what it is made of, for histories', async () => {
  const { graph, targets } = await evaluate('');
  const { Labels } = graph.derivations.get(targets[0]!.digest)!.args.config as {
    Labels: Record<string, string>;
  };
  expect(Labels['cogpack.pieces']!.split('\n')).toEqual(
    expect.arrayContaining([
      'debian libc6 1 3000000',
      'python big 1 20000000',
      expect.stringMatching(/^debian root [0-9a-f]{12} \d+$/),
    ]),
  );
});

test('a limit, groups and what is preserved are kept', async () => {
  expect(await layersOf('layers: { limit: 2 },')).toHaveLength(2);
  expect(await layersOf("layers: { preserve: ['small'], groups: { nlp: ['tokens', 'big'] } },")).toEqual(
    expect.arrayContaining(['small 1.2', 'python: big 1, tokens 0.2']),
  );
  expect(await layersOf('layers: { squash: true },')).toHaveLength(1);
});

test('of a layer that holds source too, only the packages are checked', async () => {
  const { graph, targets } = await evaluate('layers: { squash: true },');
  const image = graph.derivations.get(targets[0]!.digest)!;
  const check = graph.derivations.get(image.inputs.checked![0]!.derivation)!;
  expect(check.args.layers).toEqual(expect.arrayContaining(['libc6', 'big']));
  expect(check.args.layers).not.toContain('source');
  expect(check.inputs.summaries).toHaveLength((check.args.layers as string[]).length);
});

test('a history of the project is learnt from', async () => {
  const build = (big: string, large: string) => ({
    model: 'm',
    pieces: [
      { block: 'python', name: 'big', version: big, size: 100_000 },
      { block: 'python', name: 'large', version: large, size: 100_000 },
    ],
  });
  const apart: History = Array.from({ length: 12 }, (_, at) => build(String(at), '1'));
  const together: History = Array.from({ length: 12 }, (_, at) => build(String(at), String(at)));
  const fields = "layers: { history: 'history.json' },";
  const shareOne = async () => (await layersOf(fields)).some(name => /big.*large/.test(name));
  writeFileSync(join(dir, 'history.json'), formatHistory(apart));
  expect(await shareOne()).toBe(false);
  writeFileSync(join(dir, 'history.json'), formatHistory(together));
  expect(await shareOne()).toBe(true);
  // What the last builds were like counts, not what is locked now.
  expect(
    (
      await layersOf(
        fields,
        packages.map(([name, , size]) => [name, '9', size]),
      )
    ).map(name => name.replace(/ \S+/g, '')),
  ).toEqual((await layersOf(fields)).map(name => name.replace(/ \S+/g, '')));
});

test.each<[string, string, string, number, RegExp]>([
  ['a group', "layers: {\n  groups: {\n    nlp: ['tokenz'],\n  },\n},", 'plan/unknown', 5, /"tokens"/],
  ['what is preserved', "layers: {\n  preserve: ['smalll'],\n},", 'plan/unknown', 4, /"small"/],
  ['a limit', "layers: {\n  preserve: ['small', 'big'],\n  limit: 2,\n},", 'plan/limit', 5, /raise/],
  ['a history that is not there', "layers: {\n  history: 'no.json',\n},", 'description/file', 4, /./],
  [
    'a history that is none',
    "layers: {\n  history: 'cogpack.jsonnet',\n},",
    'plan/history',
    4,
    /cogpack plan history/,
  ],
  ['a field that there is not', 'layers: {\n  limits: 3,\n},', 'description/unknown-field', 4, /limit/],
])('a mistake in %s is told at its line', async (_, fields, code, line, hint) => {
  const error = await errorOf(fields);
  expect([error.code, error.span?.line]).toEqual([code, line]);
  expect(error.span?.file).toMatch(/cogpack\.jsonnet$/);
  expect(error.hint).toMatch(hint);
});
