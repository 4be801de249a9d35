import { expect, test } from 'vitest';
import { repository, run } from '../support/cli.ts';

test('a thousand mutated programs have values, or errors with places', async () => {
  const { code, stdout, stderr } = await run(process.execPath, ['scripts/fuzz-language.ts', '1000'], {
    cwd: repository,
  });
  expect(stderr).toBe('');
  expect(code, stdout).toBe(0);
});
