// Locks that a project brings with it, pylock.toml (PEP 751) or uv.lock, read as they are: nothing is resolved again.
// A request names the file and its sha256, so that an answer is of these bytes and of no others.
import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, posix, sep } from 'node:path';
import { type Digest, sha256 } from '../../base/digest.ts';
import { CogpackError, isSystemError } from '../../base/error.ts';
import { type LockedFile, type Pylock, parsePylock } from './pylock.ts';
import { exportWithUv, type UvInput } from './run-uv.ts';

export type ProjectLock = {
  /** Relative to the project. */
  readonly path: string;
  readonly sha256: Digest;
  readonly extras: readonly string[];
  readonly groups: readonly string[] | undefined;
};

/** True for the names that such files have. */
export function isProjectLock(path: string): boolean {
  return /^(uv\.lock|pylock(\.[^.]+)?\.toml)$/.test(basename(path));
}

/** Throws `lock/file`, `lock/pylock`, `lock/uv`. `uv` is called for uv.lock only. */
export async function readProjectLock(
  lock: ProjectLock,
  project: string,
  uv: () => Promise<UvInput>,
): Promise<Pylock> {
  const text = readVerified(lock, project);
  if (basename(lock.path) !== 'uv.lock') return inProject(parsePylock(text, lock.path), lock);
  const folder = dirname(join(project, lock.path));
  const { code, pylock, messages } = await exportWithUv({
    ...(await uv()),
    folder,
    extras: lock.extras,
    groups: lock.groups ?? [],
  });
  if (code === 0) return inProject(parsePylock(pylock, lock.path), lock);
  throw new CogpackError(
    'lock/file',
    `${lock.path} cannot be read: ${messages.replace(/^error: /, '').trim()}`,
    {
      hint: 'run: uv lock',
    },
  );
}

// A lock's paths start at its own folder.
function inProject(pylock: Pylock, { path: lockPath }: ProjectLock): Pylock {
  const rebased = (file: LockedFile): LockedFile =>
    file.path === undefined ? file : { ...file, path: posix.join(posix.dirname(lockPath), file.path) };
  return {
    ...pylock,
    packages: pylock.packages.map(each => ({
      ...each,
      wheels: each.wheels.map(rebased),
      archive: each.archive && rebased(each.archive),
    })),
  };
}

function readVerified({ path, sha256: wanted }: ProjectLock, project: string): string {
  const file = join(project, path);
  try {
    if (!realpathSync(file).startsWith(realpathSync(project) + sep)) {
      throw new CogpackError('lock/file', `${path} is not inside the project`);
    }
    const bytes = readFileSync(file);
    if (sha256(bytes) === wanted) return bytes.toString('utf8');
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES')) throw error;
    throw new CogpackError('lock/file', `${path} cannot be read in the project: ${error.code}`, {
      cause: error,
    });
  }
  throw new CogpackError('lock/file', `${path} has changed since the description was evaluated`, {
    hint: 'run it again',
  });
}
