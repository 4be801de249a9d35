// A project's description evaluated without a lock: what it would ask.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Json } from '../../src/base/canonical.ts';
import { evaluateDescription } from '../../src/description/evaluate.ts';
import { describeInput, findInput } from '../../src/inputs/index.ts';

type Answers = ReadonlyMap<string, Json>;

export function evaluated(dir: string, answers: Answers = new Map(), written = false) {
  const cacheDir = mkdtempSync(join(tmpdir(), 'cogpack-inputs-cache-'));
  onTestFinished(() => rmSync(cacheDir, { recursive: true, force: true }));
  const input = findInput(dir)!;
  const text = written ? undefined : describeInput(input).text;
  return evaluateDescription({ file: join(dir, input.file), text, answers, topLevelArguments: {}, cacheDir });
}

/** The requests of one kind. */
export async function asked(dir: string, kind: string, answers?: Answers): Promise<readonly Json[]> {
  const { missing } = await evaluated(dir, answers);
  return missing.filter(request => (request as { kind?: Json }).kind === kind);
}
