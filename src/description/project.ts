// The folder that a description belongs to.
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CogpackError, isSystemError } from '../base/error.ts';

/**
 * The project of a description: the folder it lies in, or would lie in, with symbolic links resolved; of a folder, itself.
 * Throws `description/missing`.
 */
export function projectOf(path: string): string {
  try {
    const real = realpathSync(existsSync(path) ? path : dirname(path));
    return statSync(real).isDirectory() ? real : dirname(real);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR')) throw error;
    throw notThere(path);
  }
}

/** What to say of a description that is not there. */
export function notThere(path: string): CogpackError {
  return new CogpackError('description/missing', `${path} does not exist`, {
    hint: 'name a description (cogpack.jsonnet), or run the command in the folder that has one; cogpack init writes one',
  });
}
