// Indexes that the user wrote into a description, or that a project's own lock names: their URLs may stand in an
// answer, those of the machine may not.
import { CogpackError } from '../../base/error.ts';
import type { ResolveContext } from '../context.ts';
import { isPlainUrl, locationOf, type Place } from './place.ts';
import type { LockedFile, LockedPackage } from './pylock.ts';

/** Which of `indexes` has a file, the first first. */
export async function findIndex(
  { name }: LockedPackage,
  { filename, sha256 }: LockedFile,
  indexes: readonly string[],
  { network }: ResolveContext,
): Promise<string | undefined> {
  for (const index of indexes) {
    const files = await network.pages(index, name, filename).catch(error => {
      if (error instanceof CogpackError && error.code === 'fetch/not-found') return [];
      throw error;
    });
    const isIt = (file: (typeof files)[number]) =>
      file.filename === filename &&
      (file.sha256 === undefined || sha256 === undefined || sha256 === `sha256:${file.sha256}`);
    if (files.some(isIt)) return index;
  }
  return undefined;
}

/** Where a file of a project's lock is: what the lock states, unless the machine's own indexes have the file too. */
export async function placeInLock(
  locked: LockedPackage,
  file: LockedFile,
  context: ResolveContext,
): Promise<Place> {
  const { extra, main } = context.config.pythonIndexes();
  const own = [...extra, main];
  const { index } = locked;
  if (index !== undefined && own.some(url => plain(url) === plain(index))) return {};
  if ((await findIndex(locked, file, own, context)) !== undefined) return {};
  return index !== undefined && isPlainUrl(index) ? { index } : { location: locationOf(file) };
}

function plain(index: string): string {
  if (!URL.canParse(index)) return index;
  const { host, pathname } = new URL(index);
  return `${host}${pathname.replace(/\/+$/, '')}`;
}
