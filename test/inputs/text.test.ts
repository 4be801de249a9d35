import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../../src/base/canonical.ts';
import { descriptionText } from '../../src/inputs/text.ts';
import { evaluateSnippet, projectImporter, toHost } from '../../src/language/index.ts';

const base = `${mkdtempSync(`${tmpdir()}/cogpack-text-`)}/x`;
const importer = projectImporter({ libraryPaths: [] });

function evaluate(text: string): Json {
  const code = text.replace("import 'cogpack'", '{ model: {} }').replace('cog.model {', 'cog.model + {');
  return toHost(evaluateSnippet({ importer, code, file: 'x', base })) as Json;
}

const source = { file: '/p/cog.yaml', line: 3 };
const json = fc.letrec<{ value: Json }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.integer(),
    fc.array(tie('value'), { maxLength: 8 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 5 }),
  ),
})).value;

test('a description’s text evaluates to the values that it was made of', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ minLength: 1 }), json, { maxKeys: 6 }),
      fc.string(),
      (fields, reason) => {
        const choices = Object.entries(fields).map(([field, value]) => ({ field, value, reason, source }));
        const text = descriptionText(['Made of x.'], choices, () => 'cog.yaml');
        expect(evaluate(text)).toEqual(Object.fromEntries(Object.entries(fields)));
      },
    ),
    { numRuns: 300 },
  );
});

test('what is too long for a line has lines of its own, and keywords are quoted', () => {
  const apt = Array.from({ length: 12 }, (_, at) => `package-${at}-dev`);
  const text = descriptionText([], [{ field: 'apt', value: apt, reason: 'why', source }], () => 'cog.yaml');
  expect(text).toContain("  apt: [\n    'package-0-dev',\n    'package-1-dev',\n");
  expect(text.split('\n').every(line => line.length <= 110)).toBe(true);
  const local = descriptionText([], [{ field: 'local', value: 1, reason: 'why', source }], () => 'cog.yaml');
  expect(local).toContain("  'local': 1,");
});
