import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { output, repository } from '../support/cli.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-script-'));
  symlinkSync(join(repository, 'bin/cogpack'), join(dir, 'cogpack'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test.each([
  ['by its place', join(repository, 'bin/cogpack'), []],
  ['by a relative path', 'bin/cogpack', []],
  ['by its name alone', 'sh', ['cogpack']],
  ['through a link', 'link', []],
])('bin/cogpack starts %s', async (how, command, first) => {
  const program = command === 'link' ? join(dir, 'cogpack') : command;
  const cwd = how === 'by its name alone' ? join(repository, 'bin') : repository;
  expect(await output(program, [...first, 'jsonnet', '-e', '1 + 1'], { cwd })).toBe('2\n');
});

const hard = execFileSync('sh', ['-c', 'ulimit -H -s'], { encoding: 'utf8' }).trim();
const allows = hard === 'unlimited' || Number(hard) >= 262144;

test.runIf(allows)(
  'cogpack jsonnet takes stack where the system allows it, other commands do not',
  async () => {
    const flag = (command: string) =>
      output(
        'sh',
        ['-c', `ulimit -S -s 8192; sh -x bin/cogpack ${command} 2>&1 | grep -o 'stack-size=[0-9]*'`],
        {
          cwd: repository,
        },
      );
    expect(await flag('jsonnet -e 1')).toBe('stack-size=196608\n');
    expect(await flag('--version')).toBe('stack-size=6144\n');
  },
);

test('a hard limit on the stack is no hindrance', async () => {
  const text = await output('sh', ['-c', 'ulimit -s 4096; bin/cogpack jsonnet -e 1'], { cwd: repository });
  expect(text).toBe('1\n');
});
