import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stdlibDocs } from '../../scripts/stdlib-docs.ts';
import { repository } from '../support/cli.ts';

test('docs/stdlib.md is what scripts/stdlib-docs.ts makes of the contracts', () => {
  expect(readFileSync(join(repository, 'docs/stdlib.md'), 'utf8')).toBe(stdlibDocs());
});
