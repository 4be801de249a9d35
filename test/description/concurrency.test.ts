// How many predictions an image makes at one time: as its description says, or else its source.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { evaluateDescription } from '../../src/description/evaluate.ts';
import { readLock } from '../../src/lock/lock-file.ts';
import { repository } from '../support/cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-concurrency-'));
afterAll(() => rmSync(dir, { recursive: true }));
cpSync(join(repository, 'examples', 'concurrent'), dir, { recursive: true });
const [file, source] = [join(dir, 'cogpack.jsonnet'), join(dir, 'predict.py')];
const python = readFileSync(source, 'utf8');

async function concurrency(field: string): Promise<{ readonly env: unknown; readonly label: unknown }> {
  writeFileSync(file, `(import 'cogpack').model { predict: 'predict.py:Predictor', ${field} }`);
  const answers = readLock(join(dir, 'cogpack.lock'));
  const options = { file, answers, topLevelArguments: {}, cacheDir: join(dir, 'stat') };
  const { graph, targets } = await evaluateDescription(options);
  const { config } = graph.derivations.get(targets[0]!.digest)!.args as {
    config: { Env: string[]; Labels: Record<string, string> };
  };
  return {
    env: config.Env.find(line => line.startsWith('COG_MAX_CONCURRENCY=')),
    label: JSON.parse(config.Labels['run.cog.config']!).concurrency,
  };
}

test('the decorator counts where the description says nothing', async () => {
  writeFileSync(source, python);
  expect(await concurrency('')).toEqual({ env: 'COG_MAX_CONCURRENCY=4', label: { max: 4 } });
});

test('the description counts before the decorator', async () => {
  writeFileSync(source, python);
  expect(await concurrency('concurrency: { max: 2 }')).toEqual({
    env: 'COG_MAX_CONCURRENCY=2',
    label: { max: 2 },
  });
});

test('a model that says neither makes one prediction at a time', async () => {
  writeFileSync(source, python.replace('    @concurrent(max=4)\n', ''));
  expect(await concurrency('')).toEqual({ env: undefined, label: undefined });
});

test('several predictions at one time need an async function, which is shown', async () => {
  writeFileSync(source, python.replace('    @concurrent(max=4)\n', '').replace('async def', 'def'));
  await expect(concurrency('concurrency: { max: 2 }')).rejects.toMatchObject({
    code: 'schema/callable',
    message: expect.stringContaining('predict is to make 2 predictions at one time, but is not async'),
    span: { line: 9 },
  });
  expect(await concurrency('concurrency: { max: 1 }')).toMatchObject({ env: 'COG_MAX_CONCURRENCY=1' });
});
