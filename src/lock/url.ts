// The lock kind `url`: a URL that the user wrote, fixed by the sha256 and size that its bytes have now.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { digestOfHex } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { httpUrl } from '../fetch/locate.ts';
import type { ResolveContext } from './context.ts';

export const urlRequest = z.strictObject({ kind: z.literal('url'), url: z.string() });
export type UrlRequest = z.infer<typeof urlRequest>;
/** `sha256:…`, and the size in bytes. */
export type UrlAnswer = { readonly sha256: string; readonly size: number };

/** Throws `lock/request` for a URL with a login in it, and as the network does. */
export async function resolveUrl(
  { url: text }: UrlRequest,
  { network, signal }: ResolveContext,
): Promise<UrlAnswer> {
  const url = httpUrl(text, text);
  if (url.username !== '' || url.password !== '') {
    throw new CogpackError('lock/request', `the URL of ${url.host}${url.pathname} has a login in it`, {
      hint: 'take it out of the URL and put it into ~/.netrc: a lock is shared',
    });
  }
  const hash = createHash('sha256');
  let size = 0;
  const { parts } = await network.http.get(url, { name: url.href, signal });
  for await (const part of parts) {
    hash.update(part);
    size += part.length;
  }
  return { sha256: digestOfHex(hash.digest('hex')), size };
}
