import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateModelSchema } from '../../src/schema/index.ts';
import { output, repository } from '../support/cli.ts';
import { models } from '../support/models.ts';
import { fixtures, fixturesFolder, readerOf } from './fixtures.ts';
import { generate, prepareOracle, servedDocument } from './oracle.ts';

const oracle = prepareOracle();

describe.skipIf(typeof oracle === 'string')(
  'cog itself, where python3, go and a package index are there',
  () => {
    if (typeof oracle === 'string') return;

    test.each(['runner', 'streaming', 'predict-and-train', 'other-files'])(
      'serves the schema of %s',
      async name => {
        const fixture = fixtures[name]!;
        const folder = join(fixturesFolder, name);
        const schema = await generateModelSchema({ ...fixture, root: '', readFile: readerOf(folder) });
        expect(await servedDocument(oracle, folder, fixture)).toEqual(schema?.document);
      },
    );

    test.each(models)('makes the schema that the image of $name has', async ({ name }) => {
      const folder = join(repository, 'examples', name);
      const printed = await output(join(repository, 'bin', 'cogpack'), ['schema', folder]);
      expect(JSON.parse(printed)).toEqual(generate(oracle, folder, { predict: 'predict.py:Predictor' }));
    });

    test('makes the same schema of predictors with arbitrary inputs and outputs', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'cogpack-schema-'));
      const fixture = { predict: 'predict.py:Predictor' };
      try {
        await fc.assert(
          fc.asyncProperty(predictors, async source => {
            writeFileSync(join(folder, 'predict.py'), source);
            const schema = await generateModelSchema({ ...fixture, root: '', readFile: readerOf(folder) });
            expect(schema?.document).toEqual(generate(oracle, folder, fixture));
          }),
          { numRuns: 200 },
        );
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  },
);

const names = fc.stringMatching(/^[a-z][a-z_]{0,8}[a-z]$/).map(name => `in_${name}`);
const words = fc.stringMatching(/^[a-zA-Z0-9 .,é日]{0,12}$/);
const texts = words.map(word => JSON.stringify(word));
const integers = fc.integer({ min: -1000, max: 1_000_000 }).map(String);
const floats = fc
  .tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: 0, max: 99 }))
  .map(([a, b]) => `${a}.${b}`);

type Scalar = {
  readonly type: string;
  readonly value: fc.Arbitrary<string>;
  readonly facts: readonly string[];
};
const scalars: readonly Scalar[] = [
  { type: 'str', value: texts, facts: ['min_length=1', 'max_length=20', 'regex=r"^[a-z]\\d$"'] },
  { type: 'int', value: integers, facts: ['ge=-3', 'le=1000000'] },
  { type: 'float', value: floats, facts: ['ge=-1.5', 'le=99'] },
  { type: 'bool', value: fc.constantFrom('True', 'False'), facts: ['deprecated=True'] },
  { type: 'Path', value: fc.constant('None'), facts: ['accept="image/*"'] },
  { type: 'Secret', value: fc.constant('None'), facts: [] },
  { type: 'dict', value: fc.constant('{}'), facts: [] },
  { type: 'Any', value: fc.constant('None'), facts: [] },
];

const wrappers: readonly ((type: string) => string)[] = [
  type => type,
  type => `Optional[${type}]`,
  type => `${type} | None`,
  type => `Union[None, ${type}]`,
  type => `"${type}"`,
  type => `list[${type}]`,
  type => `List[${type}] | None`,
];

const annotated = fc
  .constantFrom(...scalars)
  .chain(scalar =>
    fc.tuple(
      fc.constantFrom(...wrappers.map(wrap => wrap(scalar.type))),
      fc.subarray([...scalar.facts]),
      fc.option(scalar.value),
      fc.option(texts),
      fc.constantFrom('none', 'plain', 'input'),
    ),
  );

const parameters = annotated.map(([type, facts, value, description, form]) => {
  const isList = /^list|^List/.test(type);
  const given = value === null || value === 'None' || !isList ? value : `[${value}]`;
  if (form === 'none') return type;
  if (form === 'plain') return given === null ? type : `${type} = ${given}`;
  const args = [
    ...(description === null ? [] : [`description=${description}`]),
    ...(given === null ? [] : [`default=${given}`]),
    ...facts,
  ];
  return `${type} = Input(${args.join(', ')})`;
});

const outputs = fc.letrec<{ type: string }>(tie => ({
  type: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('str', 'int', 'float', 'bool', 'Path', 'dict', 'Any', 'list', 'Result'),
    tie('type').map(type => `list[${type}]`),
    tie('type').map(type => `Dict[str, ${type}]`),
    tie('type').map(type => `Iterator[${type}]`),
  ),
})).type;

const predictors = fc
  .tuple(
    fc.uniqueArray(fc.tuple(names, parameters), { selector: ([name]) => name, maxLength: 6 }),
    outputs,
    outputs.filter(type => !type.includes('Iterator')),
    fc.constantFrom('run', 'predict'),
    fc.boolean(),
  )
  .map(([inputs, output, field, method, future]) =>
    [
      ...(future ? ['from __future__ import annotations'] : []),
      'from typing import Any, Dict, Iterator, List, Optional, Union',
      'from cog import BaseModel, Input, Path, Secret',
      'class Result(BaseModel):',
      `    one: ${field}`,
      `    two_parts: Optional[${field}] = None`,
      '    three: int = 3',
      'class Predictor:',
      `    def ${method}(self${inputs.map(([name, rest]) => `, ${name}: ${rest}`).join('')}) -> ${output}:`,
      '        raise NotImplementedError',
      '',
    ].join('\n'),
  );
