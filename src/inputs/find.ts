// Which file of a folder describes its model: the first of those that are there.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CogpackError } from '../base/error.ts';

export type InputKind = 'description' | 'cog' | 'uv' | 'pylock' | 'requirements';
export type Input = {
  readonly kind: InputKind;
  /** As the caller names it. */
  readonly dir: string;
  /** The file's name in `dir`. */
  readonly file: string;
};

const candidates: readonly (readonly [InputKind, file: string, beside?: string])[] = [
  ['description', 'cogpack.jsonnet'],
  ['cog', 'cog.yaml'],
  ['uv', 'uv.lock', 'pyproject.toml'],
  ['pylock', 'pylock.toml'],
  ['requirements', 'requirements.txt'],
];

const inputNames = 'cog.yaml, pyproject.toml with uv.lock, pylock.toml, requirements.txt';

/**
 * The input of a folder, with or without regard to a description; undefined when there is none. `pylock.NAME.toml` counts
 * when it is the only one.
 */
export function findInput(dir: string, { description = true } = {}): Input | undefined {
  for (const [kind, file, beside] of candidates) {
    if (kind === 'description' && !description) continue;
    const isThere = existsSync(join(dir, file)) && (beside === undefined || existsSync(join(dir, beside)));
    if (isThere) return { kind, dir, file };
    if (kind !== 'pylock') continue;
    const named = namesIn(dir).filter(name => /^pylock\.[^.]+\.toml$/.test(name));
    if (named.length === 1) return { kind, dir, file: named[0]! };
  }
  return undefined;
}

/** For a folder without an input. */
export function noInput(dir: string, { description = true } = {}): CogpackError {
  const hint = existsSync(join(dir, 'pyproject.toml'))
    ? 'pyproject.toml alone pins nothing: run uv lock, or write a requirements.txt'
    : `the first of these counts: ${description ? 'cogpack.jsonnet, ' : ''}${inputNames}`;
  return new CogpackError(
    'inputs/none',
    `${dir === '.' ? 'this folder' : dir} has no file that describes a model`,
    { hint },
  );
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

/** The input that a path names: a folder's, or a file of one of these kinds; undefined for another file. */
export function inputAt(path: string): Input | undefined {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return findInput(path);
  const [dir, file] = [dirname(path), basename(path)];
  if (file === 'cog.yaml') return { kind: 'cog', dir, file };
  if (file === 'uv.lock' || file === 'pyproject.toml') return { kind: 'uv', dir, file: 'uv.lock' };
  if (/^pylock(\.[^.]+)?\.toml$/.test(file)) return { kind: 'pylock', dir, file };
  if (file.endsWith('.txt')) return { kind: 'requirements', dir, file };
  return undefined;
}
