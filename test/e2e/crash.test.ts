// kill -9 in the middle of a realise: the store stays sound, and the next run completes.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cogpack, output, repository } from '../support/cli.ts';

const kills = 12;
let dir: string;
let description: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-crash-'));
  // Many trees of many files, so that there is always something under way.
  const project = join(dir, 'project');
  cpSync(join(repository, 'src'), join(project, 'src'), { recursive: true });
  description = join(project, 'cogpack.jsonnet');
  writeFileSync(
    description,
    `local cog = import 'cogpack';
     local layers = [cog.source('src', { prefix: '/copy-' + i }) for i in std.range(1, 24)];
     cog.derivation({
       name: 'image',
       builder: 'image',
       platform: 'linux/amd64',
       args: { config: {}, history: std.map(function(layer) 'src', layers), annotations: {} },
       inputs: { layers: layers },
     })`,
  );
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

function killedAfter(milliseconds: number, store: string): Promise<void> {
  return new Promise(resolve => {
    const child = spawn(
      process.execPath,
      [join(repository, 'src/cli/main.ts'), 'realise', description, '--store', store],
      {
        stdio: 'ignore',
      },
    );
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

test('after kill -9 the store verifies, and the next run gives the same image', async () => {
  const expected = await output(`${repository}bin/cogpack`, [
    'realise',
    description,
    '--store',
    join(dir, 'whole'),
  ]);
  const store = join(dir, 'killed');
  for (let kill = 0; kill < kills; kill += 1) {
    await killedAfter(250 + kill * 60, store);
    const { code, stdout, stderr } = await cogpack(['store', 'verify', '--store', store, '--json']);
    const problems = code === 0 ? [] : JSON.parse(stdout).problems;
    expect({ problems, stderr }).toEqual({ problems: [], stderr: '' });
  }
  expect(await output(`${repository}bin/cogpack`, ['realise', description, '--store', store])).toBe(expected);
  expect(readFileSync(join(store, 'oci-layout'), 'utf8')).toContain('imageLayoutVersion');
});
