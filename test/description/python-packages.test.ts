// Python packages that a block brings by other means than wheels.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { evaluateDescription } from '../../src/description/evaluate.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-provided-'));
afterAll(() => rmSync(dir, { recursive: true }));

test('what a block brings of Python is named to the resolver', async () => {
  const file = join(dir, 'cogpack.jsonnet');
  writeFileSync(
    file,
    `(import 'cogpack').model {
      requirements: ['scipy'],
      blocks+:: { assets: { needs: ['venv'], pythonPackages: { numpy: '2.1.0' } } },
    }`,
  );
  const options = { file, answers: new Map(), topLevelArguments: {}, cacheDir: join(dir, 'stat') };
  const { missing } = await evaluateDescription(options);
  expect(missing).toContainEqual(
    expect.objectContaining({ kind: 'python', requirements: ['scipy'], provided: { numpy: '2.1.0' } }),
  );
});
