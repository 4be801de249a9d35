// Which Python a project gets that has no cog.yaml: the one of .python-version if an image can have it, else the first
// that the project's own bounds allow.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CogpackError, type Span } from '../base/error.ts';
import { pythonChoices, pythonFor, pythonOf, pythons } from './pythons.ts';
import { shownPath } from './shown.ts';
import type { Choice } from './text.ts';

export type PythonBounds = {
  /** `>=3.11` */
  readonly specifiers: string;
  readonly span: Span;
};

/** `file` is the input, for what nothing says. Throws `inputs/python` when the bounds allow none. */
export function choosePython(dir: string, bounds: PythonBounds | undefined, file: string): Choice {
  const allowed = bounds === undefined ? pythons[0] : pythonFor(bounds.specifiers);
  if (allowed === undefined) {
    throw new CogpackError(
      'inputs/python',
      `requires-python is "${bounds!.specifiers}"; an image can have Python ${pythonChoices}`,
      { span: bounds!.span, hint: 'widen requires-python if the code allows it, and lock anew' },
    );
  }
  const pinned = readPin(dir);
  const wanted = pinned === undefined ? undefined : pythonOf(minorOf(pinned.version));
  const isAllowed =
    wanted !== undefined && (bounds === undefined || pythonFor(bounds.specifiers, [wanted]) !== undefined);
  if (pinned !== undefined && isAllowed) {
    return {
      field: 'python',
      value: wanted.minor,
      reason: `${wanted.suite} carries ${wanted.full}`,
      source: { file: pinned.file, line: 1 },
    };
  }
  const aside =
    pinned === undefined ? '' : `; ${pinned.file} says ${pinned.version}, which an image cannot have`;
  return {
    field: 'python',
    value: allowed.minor,
    reason:
      bounds === undefined
        ? `nothing says which Python: ${allowed.minor} has wheels of most packages${aside}`
        : `requires-python is ${bounds.specifiers}${aside}`,
    source: bounds === undefined ? { file, line: 1 } : { file: bounds.span.file, line: bounds.span.line },
  };
}

function readPin(dir: string): { readonly version: string; readonly file: string } | undefined {
  const path = join(dir, '.python-version');
  if (!existsSync(path)) return undefined;
  const line = readFileSync(path, 'utf8')
    .split(/\r?\n/)
    .map(text => text.trim())
    .find(text => text !== '' && !text.startsWith('#'));
  const version = line?.replace(/^(?:cpython|python)[-@]/, '');
  return version === undefined ? undefined : { version, file: shownPath(path) };
}

function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
