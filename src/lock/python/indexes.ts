// Indexes that the user wrote into a description: their URLs may stand in a lock.
import { CogpackError } from '../../base/error.ts';
import type { ResolveContext } from '../context.ts';

/** True for an http or https URL without a login. */
export function isIndexUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}

/** Which of `indexes` has the file, the first first; undefined when it is on one of the machine's. */
export async function ownIndexOf(
  project: string,
  filename: string,
  indexes: readonly string[],
  { network }: ResolveContext,
): Promise<string | undefined> {
  for (const index of indexes) {
    const files = await network.pages(index, project, filename).catch(error => {
      if (error instanceof CogpackError && error.code === 'fetch/not-found') return [];
      throw error;
    });
    if (files.some(file => file.filename === filename)) return index;
  }
  return undefined;
}
