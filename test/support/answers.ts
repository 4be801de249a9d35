// Asks an example model for a prediction through `cogpack run`, and compares what the container serves with its label.
import { join } from 'node:path';
import { expect } from 'vitest';
import { cogpack, repository } from './cli.ts';
import type { ModelCase } from './models.ts';

/** Realises and runs the model; expects its answer. */
export async function expectAnswer({ name, inputs, output }: ModelCase, store: string): Promise<void> {
  const flags = inputs.flatMap(input => ['-i', input]);
  const { code, stdout, stderr } = await cogpack([
    'run',
    join(repository, 'examples', name),
    '--store',
    store,
    '--json',
    ...flags,
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const answer = JSON.parse(stdout) as { status: string; output: unknown };
  expect(answer.status).toBe('succeeded');
  if (output instanceof RegExp) expect(answer.output).toMatch(output);
  else expect(answer.output).toEqual(output);
}
