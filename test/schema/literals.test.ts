import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toJson, type Value } from '../../src/schema/literals.ts';
import { readModule } from '../../src/schema/modules.ts';
import { openProject } from '../../src/schema/project.ts';
import { loadPython } from '../../src/schema/tree.ts';
import { evaluate, scopeOf } from '../../src/schema/values.ts';

const parse = await loadPython();

function valueFrom(expression: string): Value {
  const module = readModule(parse, 'x.py', 'x.py', `X = ${expression}\n`);
  const definition = module.definitions.get('X')!;
  const project = openProject(parse, () => undefined, '');
  return evaluate(definition.node, scopeOf(project, module));
}

test('a string that JSON writes is the same string in Python', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      expect(valueFrom(JSON.stringify(text))).toEqual({ kind: 'string', value: text });
    }),
  );
});

test('integers are exact in every base', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), value => {
      for (const text of [
        `${value}`,
        `0x${value.toString(16)}`,
        `0o${value.toString(8)}`,
        `0B${value.toString(2)}`,
      ]) {
        expect(valueFrom(text)).toEqual({ kind: 'int', value });
      }
    }),
  );
});

const hasPython = spawnSync('python3', ['--version']).status === 0;

const atoms = fc.oneof(
  fc.integer({ min: -50, max: 50 }).map(String),
  fc.integer({ min: -400, max: 400 }).map(value => (value / 8).toString()),
  fc.constantFrom(
    '1_000',
    '0x1F',
    '1.',
    '.5',
    '1e3',
    '"a"',
    "'b\\n'",
    '"""c\nd"""',
    'r"\\d"',
    '"\\x41\\u00e9\\U0001F600\\101"',
    '"a" "b"',
    'None',
    'True',
    '[1, 2]',
    '{"k": 1}',
    '"\\q"',
    '"line\\\n continued"',
  ),
);
const expressions = fc.letrec<{ one: string }>(tie => ({
  one: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    atoms,
    fc
      .tuple(tie('one'), fc.constantFrom('+', '-', '*', '/', '//', '%', '**'), tie('one'))
      .map(parts => `(${parts.join(' ')})`),
    tie('one').map(one => `-(${one})`),
    fc.array(tie('one'), { maxLength: 3 }).map(items => `[${items.join(', ')}]`),
    tie('one').map(one => `[x for x in [${one}]]`),
    tie('one').map(one => `{"a": ${one}}["a"]`),
    tie('one').map(one => `list({"a": ${one}}.values())`),
  ),
})).one;

// What Python makes of each expression as JSON; null where it fails or JSON does not hold the outcome exactly.
const judge = `
import json, sys, warnings
warnings.simplefilter("ignore")
def plain(value):
    if isinstance(value, bool) or value is None or isinstance(value, str): return True
    if isinstance(value, int): return abs(value) < 2**53
    if isinstance(value, float): return value == value and abs(value) != float("inf")
    if isinstance(value, (list, tuple)): return all(map(plain, value))
    if isinstance(value, dict): return all(map(plain, value.values()))
    return False
out = []
for text in json.load(sys.stdin):
    try:
        value = eval(text)
        out.append([value] if plain(value) else None)
    except Exception:
        out.append(None)
json.dump(out, sys.stdout)
`;

test.skipIf(!hasPython)('what an expression is worth is what Python says, or it is refused', () => {
  const sample = fc.sample(expressions, { numRuns: 2000, seed: 20261125 });
  const { stdout, stderr } = spawnSync('python3', ['-c', judge], {
    input: JSON.stringify(sample),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (stdout === '') throw new Error(stderr);
  const answers = JSON.parse(stdout) as (readonly [unknown] | null)[];
  let worked = 0;
  for (const [index, text] of sample.entries()) {
    let found: unknown;
    try {
      const module = valueFrom(text);
      found = toJson(module, {
        type: 'x',
        field: undefined,
        text,
        children: [],
        span: { file: 'x', line: 1, column: 1, endLine: 1, endColumn: 1 },
      });
    } catch (error) {
      expect(error).toHaveProperty('code', 'schema/value');
      continue;
    }
    worked++;
    expect([text, [found]]).toEqual([text, answers[index]]);
  }
  expect(worked).toBeGreaterThan(700);
});
