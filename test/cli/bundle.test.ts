import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cogpack, output, repository } from '../support/cli.ts';

const folder = `node_modules/.cache/bundle-${process.pid}`;
const bundle = (args: readonly string[]) =>
  output(process.execPath, [join(repository, folder, 'src/cli/start.js'), ...args], { cwd: repository });

beforeAll(async () => {
  await output(process.execPath, ['scripts/build.ts', folder], { cwd: repository });
});
afterAll(() => rmSync(join(repository, folder), { recursive: true, force: true }));

test('the bundle evaluates a description as the sources do', async () => {
  const args = ['eval', 'examples/quickstart/cogpack.jsonnet'];
  const { stdout } = await cogpack(args, { cwd: repository });
  expect(stdout).toContain('sha256:');
  expect(await bundle(args)).toBe(stdout);
});

test('the bundle evaluates a program, also where it needs a thread with a large stack', async () => {
  const deep = 'local f(n) = if n == 0 then 0 else 1 + f(n - 1); f(50000)';
  expect(await bundle(['jsonnet', '-s', '100000', '-e', deep])).toBe('50000\n');
});

test('the bundle reports every mistake of a text, for which it loads Chevrotain', async () => {
  const started = bundle(['jsonnet', '-e', '{ a: , b: 1 c: 2 }']);
  await expect(started).rejects.toThrow(/expected an expression; found ,[\s\S]*expected a comma/);
});
