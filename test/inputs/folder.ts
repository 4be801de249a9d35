// A project in a temporary folder.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CogpackError } from '../../src/base/error.ts';
import { describeInput, findInput } from '../../src/inputs/index.ts';

export type Files = Readonly<Record<string, string | Buffer>>;

/** Writes the files; the folder goes when the test ends. */
export function project(files: Files): string {
  const dir = mkdtempSync(join(tmpdir(), 'cogpack-inputs-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
  return dir;
}

export function described(dir: string) {
  return describeInput(findInput(dir)!);
}

/** What the action throws: its code, message, place and advice. */
export function fault(action: () => unknown) {
  try {
    action();
  } catch (error) {
    const { code, hint, message, span, trace } = error as CogpackError;
    return {
      code,
      hint,
      message,
      file: span?.file,
      place: span && `${span.line}:${span.column}`,
      also: trace?.map(({ what, span: at }) => `${at?.line}:${at?.column} ${what}`),
    };
  }
  throw new Error('nothing was thrown');
}
