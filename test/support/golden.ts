// Goldens: recorded results in golden/. With COGPACK_GOLDEN=update they are rewritten.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { writeFileAtomic } from '../../src/base/files.ts';
import { repository } from './cli.ts';

/** Compares JSON with golden/<name>. */
export function compareWithGolden(name: string, value: unknown): void {
  const file = join(repository, 'golden', name);
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (process.env.COGPACK_GOLDEN === 'update') writeFileAtomic(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}
