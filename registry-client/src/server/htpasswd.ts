// Who is let in: Basic credentials against an htpasswd file with bcrypt entries (`htpasswd -B`), read anew when it changes.
// bcrypt is slow by design, so credentials that were right are remembered as long as the file stays the same.
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import bcrypt from 'bcryptjs';
import { Refusal } from './answer.ts';

/** Throws UNAUTHORIZED for a request that may not come in. */
export type Guard = (request: IncomingMessage) => Promise<void>;

type Users = {
  readonly stamp: string;
  readonly hashes: ReadonlyMap<string, string>;
  readonly accepted: Set<string>;
};

// Compared with when the user is unknown, so that the time taken tells nothing about names.
const nobody = '$2b$10$CwTycUXWue0Thq9StjUM0uJ8Z8W4uQY5u5Z5j5Qe5y5Q5Z5Z5Z5Z5';

export function createGuard(file: string | undefined): Guard {
  if (file === undefined) return async () => {};
  let users = readUsers(file);
  return async request => {
    const stamp = stampOf(file);
    if (stamp !== users.stamp) users = readUsers(file);
    const given = /^basic ([a-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined) throw unauthorized('log in to use this registry');
    const key = createHash('sha256').update(given).digest('hex');
    if (users.accepted.has(key)) return;
    const [name = '', ...rest] = Buffer.from(given, 'base64').toString().split(':');
    const hash = users.hashes.get(name);
    if (!(await bcrypt.compare(rest.join(':'), hash ?? nobody)) || hash === undefined) {
      throw unauthorized('the user or the password is not right');
    }
    users.accepted.add(key);
  };
}

function readUsers(file: string): Users {
  const stamp = stampOf(file);
  const hashes = new Map<string, string>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [name, hash] = line.trim().split(':');
    if (name && hash && !name.startsWith('#')) hashes.set(name, hash.replace(/^\$2y\$/, '$2b$'));
  }
  return { stamp, hashes, accepted: new Set() };
}

function stampOf(file: string): string {
  const { mtimeMs, size, ino } = statSync(file);
  return `${mtimeMs}/${size}/${ino}`;
}

function unauthorized(message: string): Refusal {
  return new Refusal(401, 'UNAUTHORIZED', message, { 'www-authenticate': 'Basic realm="registry"' });
}
