// Where a locked wheel is when it is not on an index of the machine. Only what the user wrote may stand in an answer.
import { CogpackError } from '../../base/error.ts';
import type { LockedFile } from './pylock.ts';

/** Nothing for a file on the machine's own indexes. */
export type Place = {
  /** The URL of another index. */
  readonly index?: string;
  /** Where it is when it is on no index. */
  readonly location?:
    | { readonly kind: 'url'; readonly url: string }
    | { readonly kind: 'file'; readonly path: string };
};

/** True for an http or https URL without a login. */
export function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}

/** The place that a user wrote. Throws `lock/requirement` for a URL that a lock may not hold. */
export function locationOf({ url, path, filename }: LockedFile): NonNullable<Place['location']> {
  if (path !== undefined) return { kind: 'file', path };
  if (url !== undefined && isPlainUrl(url)) return { kind: 'url', url };
  throw new CogpackError(
    'lock/requirement',
    `${filename}: its URL has a login in it, or is not http or https`,
    { hint: 'put the login into ~/.netrc: a lock is shared' },
  );
}
