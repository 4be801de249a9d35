import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../src/base/canonical.ts';
import { generateModelSchema } from '../../src/schema/index.ts';
import { fixtures, fixturesFolder, goldenFolder, readerOf } from './fixtures.ts';

describe('the schema of a predictor equals what the cog server serves', () => {
  test.each(Object.entries(fixtures))('%s', async (name, fixture) => {
    const golden = JSON.parse(readFileSync(join(goldenFolder, `${name}.json`), 'utf8'));
    const schema = await generateModelSchema({
      ...fixture,
      root: '',
      readFile: readerOf(join(fixturesFolder, name)),
    });
    expect(schema?.document).toEqual(golden);
    expect(canonicalJson(schema?.document ?? {})).toBe(canonicalJson(golden));
  });
});
