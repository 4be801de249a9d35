// What a project's file asks of the lock: a requirements file becomes requirements, constraints and indexes; uv.lock
// and pylock.toml are named with their sha256 and are never resolved again. Packages of the project itself, which a
// uv.lock names by their folders, are left to the description.
import { basename, dirname, join, posix } from 'node:path';
import { sha256 } from '../base/digest.ts';
import { CogpackError, type Span } from '../base/error.ts';
import { isProjectLock } from '../lock/python/project-lock.ts';
import { readRequirementsFile } from '../lock/python/requirements-file.ts';
import { type LocalPackage, localPackages } from './local-packages.ts';
import { shownPath } from './shown.ts';

export type AskedPackages =
  | {
      readonly requirements: readonly string[];
      readonly constraints?: readonly string[];
      readonly indexes?: readonly string[];
      readonly local: readonly LocalPackage[];
    }
  | {
      readonly lock: { readonly path: string; readonly sha256: string };
      readonly local: readonly LocalPackage[];
    };

/** Gives a project file's bytes, by its path from the project; throws where there is none. */
export type ReadBytes = (path: string) => Buffer;

/** `project` is the absolute folder that `path` is relative to. Throws `lock/requirement…`, `inputs/…`, as `read` does. */
export function askedPackages(project: string, path: string, read: ReadBytes): AskedPackages {
  const readText = (name: string) => textOf(read(name), join(project, name));
  const folder = posix.normalize(dirname(path));
  const file = basename(path) === 'pyproject.toml' ? posix.join(folder, 'uv.lock') : posix.normalize(path);
  if (isProjectLock(file)) {
    const local = basename(file) === 'uv.lock' ? localPackages(project, file, readText) : [];
    return { lock: { path: file, sha256: sha256(read(file)) }, local };
  }
  const { requirements, constraints, indexes } = withShownFiles(project, () =>
    readRequirementsFile(file, readText),
  );
  return {
    requirements,
    ...(constraints.length > 0 && { constraints }),
    ...(indexes.length > 0 && { indexes }),
    local: [],
  };
}

function textOf(bytes: Buffer, file: string): string {
  if (!bytes.includes(0)) return bytes.toString('utf8');
  throw new CogpackError('inputs/encoding', `${shownPath(file)} is not text in UTF-8`, {
    hint: 'PowerShell writes UTF-16 where > is used; save the file as UTF-8',
  });
}

// The reader names files from the project; messages name them from where the command runs.
function withShownFiles<T>(project: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof CogpackError) || error.span === undefined) throw error;
    const shown = (span: Span) => ({ ...span, file: shownPath(join(project, span.file)) });
    throw new CogpackError(error.code, error.message, {
      span: shown(error.span),
      hint: error.hint,
      trace: error.trace.map(({ what, span }) => ({ what, span: span && shown(span) })),
      cause: error,
    });
  }
}
