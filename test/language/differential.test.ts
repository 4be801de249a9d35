import { expect, it } from 'vitest';
import { compareWithGo, goJsonnet } from './differential.ts';

it.skipIf(goJsonnet === undefined)('500 generated programs do the same in go-jsonnet', async () => {
  const { counts, unexplained } = await compareWithGo(goJsonnet!, 500);
  expect(unexplained.slice(0, 5)).toEqual([]);
  expect(counts['same output']).toBeGreaterThan(250);
});
