// Upload sessions: a file in registry/uploads that grows as bytes come and are hashed. A session outlives a broken
// connection and a restart; a newer request for it ends an older one that hangs. A file has one owner: the server that
// began it, whose mark its name ends with. Another server that is asked to go on makes it a copy of its own.
import { createHash, type Hash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Algorithm, algorithmOf } from '../digest.ts';
import { Refusal } from './answer.ts';
import { type Folder, hasCode } from './folder.ts';

export type Uploads = {
  /** Begins a session and answers with its id. */
  begin(repository: string): Promise<string>;
  /** How many bytes a session has. Throws BLOB_UPLOAD_UNKNOWN. */
  size(repository: string, id: string): Promise<number>;
  /**
   * Adds a request's body and answers with the new size. `start`, when it is given, must be where the session is;
   * `length` what the body brings. A body that breaks off leaves what came of it.
   */
  append(repository: string, id: string, request: IncomingMessage, range: Range | undefined): Promise<number>;
  /** Makes the session's bytes the blob `digest`. Throws DIGEST_INVALID, and the session is then gone. */
  finish(repository: string, id: string, digest: string): Promise<void>;
  cancel(repository: string, id: string): Promise<void>;
  close(): Promise<void>;
};

export type Range = { readonly start: number; readonly end: number };

type Session = {
  readonly path: string;
  readonly hash: Hash;
  size: number;
  /** The request that is writing, and the end of its work. */
  current: { readonly request: IncomingMessage; readonly done: Promise<unknown> } | undefined;
};

const writeBytes = 1 << 20;
const sweepMs = 3600 * 1000;
const idPattern = /^[0-9a-f]{16}-[0-9a-f-]{36}$/;

export function createUploads(
  folder: Folder,
  limits: { readonly blobBytes: number; readonly uploadMs: number },
): Uploads {
  const sessions = new Map<string, Promise<Session>>();
  const mark = randomUUID().slice(0, 8);
  const sweep = () => void removeOld(folder.uploads, limits.uploadMs, sessions).catch(() => {});
  const timer = setInterval(sweep, sweepMs).unref();
  sweep();

  const find = (repository: string, id: string): Promise<Session> => {
    if (!idPattern.test(id) || !id.startsWith(tagOf(repository))) throw unknown();
    let session = sessions.get(id);
    if (session === undefined) {
      session = takeOver(folder.uploads, id, mark);
      sessions.set(id, session);
      session.catch(() => sessions.delete(id));
    }
    return session;
  };

  // Requests for one session follow each other; one whose client has gone is cut off by the next.
  const alone = async <T>(session: Session, request: IncomingMessage, work: () => Promise<T>): Promise<T> => {
    while (session.current !== undefined) {
      session.current.request.destroy();
      await session.current.done.catch(() => {});
    }
    const done = work();
    const current = { request, done };
    session.current = current;
    try {
      return await done;
    } finally {
      if (session.current === current) session.current = undefined;
    }
  };

  const forget = async (id: string, session: Session) => {
    sessions.delete(id);
    await rm(session.path, { force: true });
  };

  return {
    async begin(repository) {
      const id = `${tagOf(repository)}-${randomUUID()}`;
      const path = join(folder.uploads, `${id}.${mark}`);
      await (await open(path, 'wx', 0o644)).close();
      sessions.set(id, Promise.resolve({ path, hash: createHash('sha256'), size: 0, current: undefined }));
      return id;
    },
    async size(repository, id) {
      return (await find(repository, id)).size;
    },
    async append(repository, id, request, range) {
      const session = await find(repository, id);
      return alone(session, request, async () => {
        if (range !== undefined && range.start !== session.size) {
          const message = `the upload has ${session.size} bytes; this chunk begins at ${range.start}`;
          throw new Refusal(416, 'BLOB_UPLOAD_INVALID', message, rangeHeader(session.size));
        }
        const before = session.size;
        await receive(session, request, limits.blobBytes);
        const came = session.size - before;
        if (range === undefined || came === range.end - range.start + 1) return session.size;
        throw new Refusal(
          400,
          'SIZE_INVALID',
          `Content-Range says ${range.end - range.start + 1} bytes; ${came} came`,
        );
      });
    },
    async finish(repository, id, digest) {
      const session = await find(repository, id);
      const found = await digestOfSession(session, algorithmOf(digest));
      if (found !== digest) {
        await forget(id, session);
        throw new Refusal(
          400,
          'DIGEST_INVALID',
          `expected ${digest}, the ${session.size} bytes are ${found}`,
        );
      }
      await flush(session);
      await folder.adopt(session.path, digest, session.size);
      sessions.delete(id);
    },
    async cancel(repository, id) {
      const session = await find(repository, id);
      session.current?.request.destroy();
      await session.current?.done.catch(() => {});
      await forget(id, session);
    },
    async close() {
      clearInterval(timer);
      const open = await Promise.allSettled(sessions.values());
      await Promise.allSettled(
        open.map(each => (each.status === 'fulfilled' ? each.value.current?.done : undefined)),
      );
    },
  };
}

/** `Range` of a session: an empty one says 0-0 too. */
export function rangeHeader(size: number): Record<string, string> {
  return { range: `0-${Math.max(size - 1, 0)}` };
}

async function receive(session: Session, request: IncomingMessage, limit: number): Promise<void> {
  const file = await openExisting(session.path);
  const parts: Buffer[] = [];
  let gathered = 0;
  const drain = async () => {
    if (gathered === 0) return;
    await writeAll(file, parts, session.size);
    for (const part of parts) session.hash.update(part);
    session.size += gathered;
    parts.length = 0;
    gathered = 0;
  };
  try {
    try {
      for await (const part of request as AsyncIterable<Buffer>) {
        if (session.size + gathered + part.length > limit) {
          throw new Refusal(413, 'SIZE_INVALID', `a blob may have ${limit} bytes here`);
        }
        parts.push(part);
        gathered += part.length;
        if (gathered >= writeBytes) await drain();
      }
    } finally {
      await drain();
    }
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, parts: readonly Buffer[], position: number): Promise<void> {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  let { bytesWritten: done } = await file.writev(parts, position);
  if (done === size) return;
  const rest = Buffer.concat(parts);
  while (done < size) done += (await file.write(rest, done, size - done, position + done)).bytesWritten;
}

async function flush({ path, size }: Session): Promise<void> {
  const file = await openExisting(path);
  try {
    await file.truncate(size); // a write that failed may have left some bytes
    await file.chmod(0o444);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function openExisting(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    throw hasCode(error, 'ENOENT') ? unknown() : error;
  }
}

// Bytes are hashed with sha256 as they come; for the other algorithm they are read once more.
async function digestOfSession({ path, hash }: Session, algorithm: Algorithm): Promise<string> {
  if (algorithm === 'sha256') return `sha256:${hash.copy().digest('hex')}`;
  const other = createHash(algorithm);
  for await (const part of createReadStream(path, { highWaterMark: writeBytes }))
    other.update(part as Buffer);
  return `${algorithm}:${other.digest('hex')}`;
}

/** A session of before a restart, or of another server over the same folder: its bytes are copied and hashed again. */
async function takeOver(dir: string, id: string, mark: string): Promise<Session> {
  const name = (await readdir(dir)).find(each => each.startsWith(`${id}.`));
  if (name === undefined) throw unknown();
  const theirs = join(dir, name);
  const path = join(dir, `${id}.${mark}`);
  const hash = createHash('sha256');
  let size = 0;
  const hashed = async function* (parts: AsyncIterable<Buffer>) {
    for await (const part of parts) {
      hash.update(part);
      size += part.length;
      yield part;
    }
  };
  try {
    const source = createReadStream(theirs, { highWaterMark: writeBytes });
    await pipeline(source, hashed, createWriteStream(path, { flags: 'wx' }));
    await rm(theirs);
  } catch (error) {
    throw hasCode(error, 'ENOENT') ? unknown() : error;
  }
  return { path, hash, size, current: undefined };
}

async function removeOld(dir: string, maxAgeMs: number, sessions: Map<string, unknown>): Promise<void> {
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    if (Date.now() - (await stat(path)).mtimeMs < maxAgeMs) continue;
    sessions.delete(name.split('.')[0] ?? name);
    await rm(path, { force: true });
  }
}

// A session belongs to one repository: its id begins with a digest of the name.
function tagOf(repository: string): string {
  return createHash('sha256').update(repository).digest('hex').slice(0, 16);
}

function unknown(): Refusal {
  return new Refusal(404, 'BLOB_UPLOAD_UNKNOWN', 'there is no such upload here');
}
