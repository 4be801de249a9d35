import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../support/cli.ts';

test('docs/dependencies.md has a row for each dependency, and for nothing else', () => {
  const names = ['package.json', 'registry-client/package.json'].flatMap(file => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(
      readFileSync(join(repository, file), 'utf8'),
    );
    return [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  });
  const docs = readFileSync(join(repository, 'docs/dependencies.md'), 'utf8');
  const rows = [...docs.matchAll(/^\| ([^|]+?) \|/gm)].flatMap(([, cell]) => cell!.split(', '));
  expect(rows.filter(row => !['package', '---'].includes(row)).sort()).toEqual([...new Set(names)].sort());
});
