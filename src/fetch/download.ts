// Brings fixed bytes here: finds them by their location, passes them on while they arrive, and checks size and sha256.
// The receiver keeps them only when this ends without an error.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createClient, parseReference } from '@cogpack/registry-client';
import { CogpackError, isSystemError, messageOf } from '../base/error.ts';
import { pathFault } from '../formats/paths.ts';
import type { FetchConfig } from './config.ts';
import { shownUrl } from './credentials.ts';
import type { Http, HttpBody } from './http.ts';
import { type NetworkLocation, type Pages, urlsOf, type Wanted } from './locate.ts';
import type { Location } from './location.ts';

export type Sink = { write(bytes: Uint8Array): void };
export type DownloadOptions = {
  readonly signal: AbortSignal;
  /** Bytes done of bytes to do. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
};
export type Network = { readonly config: FetchConfig; readonly http: Http; readonly pages: Pages };

/**
 * Writes the bytes at `location` to `sink`, once and in order; `wanted.sha256` is `sha256:…`. Throws `fetch/size`,
 * `fetch/sha256`, `fetch/not-found`, `fetch/network`, `fetch/denied`, `fetch/location`, `fetch/file`.
 */
export async function fetchVerified(
  location: Location,
  wanted: Wanted,
  network: Network,
  sink: Sink,
  { signal, progress }: DownloadOptions,
): Promise<void> {
  const { where, size, parts } = await open(location, wanted, network, signal);
  if (size !== undefined && size !== wanted.size) throw wrongSize(wanted, where, size);
  const hash = createHash('sha256');
  let done = 0;
  for await (const part of parts) {
    signal.throwIfAborted();
    done += part.length;
    if (done > wanted.size) throw wrongSize(wanted, where, `more than ${wanted.size}`);
    hash.update(part);
    sink.write(part);
    progress?.(done, wanted.size);
  }
  if (done !== wanted.size) throw wrongSize(wanted, where, done);
  const found = `sha256:${hash.digest('hex')}`;
  if (found === wanted.sha256) return;
  throw new CogpackError(
    'fetch/sha256',
    `${wanted.name}: ${where} has other bytes: expected ${wanted.sha256}, found ${found}`,
    { hint: 'if the file was changed there on purpose, lock anew: cogpack lock --update' },
  );
}

type Opened = {
  /** As messages show it. */
  readonly where: string;
  readonly size: number | undefined;
  readonly parts: AsyncIterable<Uint8Array>;
};

async function open(
  location: Location,
  wanted: Wanted,
  network: Network,
  signal: AbortSignal,
): Promise<Opened> {
  if (location.kind === 'file') return openFile(location.path, wanted, network.config);
  if (location.kind === 'image') return openBlob(location.reference, wanted, signal);
  const urls = await urlsOf(location, wanted, network.config, network.pages);
  const body = await firstOf(urls, location, wanted, network.http, signal);
  return { where: shownUrl(body.url), size: body.size, parts: body.parts };
}

/** The first URL that has the file: mirrors may differ in what they hold. */
async function firstOf(
  urls: readonly URL[],
  location: NetworkLocation,
  { name }: Wanted,
  http: Http,
  signal: AbortSignal,
): Promise<HttpBody> {
  for (const url of urls.slice(0, -1)) {
    try {
      return await http.get(url, { name, signal });
    } catch (error) {
      if (!(error instanceof CogpackError)) throw error;
    }
  }
  try {
    return await http.get(urls.at(-1)!, { name, signal });
  } catch (error) {
    if (location.kind !== 'debian' || !(error instanceof CogpackError) || error.code !== 'fetch/not-found')
      throw error;
    throw new CogpackError(error.code, error.message, {
      hint: 'mirrors drop superseded packages: cogpack lock --update debian',
      cause: error,
    });
  }
}

function openFile(path: string, { name }: Wanted, { projectDir }: FetchConfig): Opened {
  const fault = pathFault(path);
  if (fault !== undefined) {
    throw new CogpackError(
      'fetch/location',
      `${name}: ${JSON.stringify(path)} is no file of the project: ${fault}`,
    );
  }
  return { where: path, size: undefined, parts: fileParts(join(projectDir, path), path, name) };
}

async function* fileParts(file: string, path: string, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>;
  } catch (cause) {
    if (!isSystemError(cause, 'ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES')) throw cause;
    throw new CogpackError('fetch/file', `${name}: cannot read ${path} in the project: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function openBlob(text: string, { sha256, size }: Wanted, signal: AbortSignal): Opened {
  return { where: text, size: undefined, parts: blobParts(text, { digest: sha256, size }, signal) };
}

/** Throws RegistryError. */
async function* blobParts(
  text: string,
  blob: { readonly digest: string; readonly size: number },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const client = createClient();
  try {
    yield* client.getBlob(parseReference(text), blob, signal);
  } finally {
    client.close();
  }
}

function wrongSize({ name, size }: Wanted, where: string, found: number | string): CogpackError {
  return new CogpackError('fetch/size', `${name}: ${where} has ${found} bytes; expected ${size}`, {
    hint: 'if the file was changed there on purpose, lock anew: cogpack lock --update',
  });
}
