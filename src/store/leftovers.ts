// Temporary files of processes that were killed: nothing reads them. Their names hold the process's number.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../base/error.ts';

/** Names as `temporaryName` makes them; the first group is the process's number. */
export const temporaryPattern = /\.([0-9]+)-[0-9a-z]+-[0-9]+\.tmp$/;

/** Paths inside the store of what processes that have ended left. */
export async function findLeftovers(root: string): Promise<string[]> {
  const records = ['tmp', 'realisations', 'roots', 'remote', 'leases'].map(name => join('cogpack', name));
  const dirs = ['.', join('blobs', 'sha256'), 'cogpack', ...records];
  const found: string[] = [];
  for (const dir of dirs) {
    for (const name of await namesIn(join(root, dir))) {
      const pid = temporaryPattern.exec(name)?.[1];
      if (pid !== undefined && !isRunning(Number(pid))) found.push(join(dir, name));
    }
  }
  return found;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error, 'EPERM');
  }
}

/** The names in a folder, in order; none when it is not there. */
export async function namesIn(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).sort();
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}
