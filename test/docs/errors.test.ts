import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../support/cli.ts';

const areas =
  'ar|base|builder|configure|deb|debian|description|fetch|file|gpu|graph|image|inputs|join|layer|lock|model|output|plan|realise|run|scan|source|store|tree|wheel|zip';

test('docs/errors.md has a cure for every code', () => {
  const docs = readFileSync(join(repository, 'docs/errors.md'), 'utf8');
  const codes = new Set<string>();
  for (const file of readdirSync(join(repository, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(repository, 'src', file), 'utf8');
    for (const [, code] of text.matchAll(new RegExp(`(?:Error|fail)\\(\\s*'((?:${areas})/[a-z0-9-]+)'`, 'g')))
      codes.add(code!);
  }
  expect(codes.size).toBeGreaterThan(50);
  expect([...codes].filter(code => !docs.includes(`\`${code}\``))).toEqual([]);
});
