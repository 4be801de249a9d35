// What handlers are given: the site, and one request to one repository of it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isDigest } from '../digest.ts';
import { Refusal } from './answer.ts';
import type { Folder } from './folder.ts';
import type { Uploads } from './uploads.ts';

export type Site = {
  readonly folder: Folder;
  readonly uploads: Uploads;
  readonly limits: { readonly manifestBytes: number };
  readonly readOnly: boolean;
};

/** One request to one repository. `target` is what follows the end point: a digest, a tag, an upload's id. */
export type Call = {
  readonly site: Site;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly repository: string;
  readonly target: string;
  readonly query: URLSearchParams;
};

/** Throws DIGEST_INVALID for what is no digest. */
export function checkDigest(text: string): void {
  if (isDigest(text)) return;
  throw new Refusal(
    400,
    'DIGEST_INVALID',
    'a digest is sha256: and 64 hexadecimal digits, or sha512: and 128',
  );
}
