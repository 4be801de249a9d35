// One store used by many processes at once, while collections run.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cogpack, output, repository } from '../support/cli.ts';

const builds = 8;
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-sharing-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Descriptions share half of their layers. */
function project(number: number): string {
  const folder = join(dir, `project-${number}`);
  cpSync(join(repository, 'src/base'), join(folder, 'base'), { recursive: true });
  writeFileSync(
    join(folder, 'cogpack.jsonnet'),
    `local cog = import 'cogpack';
     local layers = [cog.source('base', { prefix: '/copy-' + i }) for i in std.range(${number % 4}, ${(number % 4) + 7})];
     cog.derivation({
       name: 'image',
       builder: 'image',
       platform: 'linux/amd64',
       args: { config: {}, history: std.map(function(layer) 'base', layers), annotations: {} },
       inputs: { layers: layers },
     })`,
  );
  return join(folder, 'cogpack.jsonnet');
}

test(`${builds} processes realise on one store while collections remove all they may`, async () => {
  const descriptions = Array.from({ length: builds }, (_, number) => project(number));
  const expected = await Promise.all(
    descriptions.map((description, number) =>
      output(`${repository}bin/cogpack`, ['realise', description, '--store', join(dir, `own-${number}`)]),
    ),
  );
  const store = join(dir, 'shared');
  let building = true;
  const collections = (async () => {
    let count = 0;
    for (; building; count += 1)
      await output(`${repository}bin/cogpack`, ['gc', '--store', store, '--keep-days', '0']);
    return count;
  })();
  const results = await Promise.all(
    descriptions.map(async description => {
      const first = await cogpack(['realise', description, '--store', store]);
      const second = await cogpack(['realise', description, '--store', store]);
      return [first, second];
    }),
  );
  building = false;
  expect(await collections).toBeGreaterThan(0);
  expect(results.flat()).toEqual(
    expected.flatMap(stdout => {
      const finished = { code: 0, stdout, stderr: '' };
      return [finished, finished];
    }),
  );
  const { stdout } = await cogpack(['store', 'verify', '--store', store]);
  expect(stdout).toContain(', 0 problems');
});
