import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cogpack } from '../support/cli.ts';

test('imports of a program on the command line are relative to the working folder', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cogpack-imports-'));
  writeFileSync(join(dir, 'x.libsonnet'), '{ a: 1 }');
  const finished = await cogpack(['jsonnet', '-e', "(import 'x.libsonnet').a"], { cwd: dir });
  rmSync(dir, { recursive: true, force: true });
  expect(finished).toEqual({ code: 0, stdout: '1\n', stderr: '' });
});
