// Puts a blob into a repository: nothing is sent when it is there or can be mounted from another repository;
// small blobs go in one PUT, large ones in chunks that are taken up again where the registry says they broke
// (distribution-spec "Pushing blobs"). The registry verifies the digest of what it takes; when it refuses it, the source is
// hashed to tell wrong bytes at this end, which is an error, from bytes that suffered on the way, which are sent again.
import { type OpenBlob, partsOf } from './blob-bytes.ts';
import type { Descriptor } from './descriptor.ts';
import { isRegistryError, RegistryError } from './error.ts';
import { apiRepository, apiUrl, type Repository } from './hosts.ts';
import { type Facts, type Http, nameOf } from './http.ts';
import { isPassing, pause } from './retry.ts';
import { pullScopes, pushScopes } from './scopes.ts';
import { createVerifier } from './verify.ts';
import type { Body } from './wire/connection.ts';
import { SourceError } from './wire/write.ts';

export type PushBlobOptions = {
  /** A repository of the same registry that may hold the blob. */
  readonly from?: string | undefined;
  /** Bytes that the registry has taken since the last call; negative when they must be sent again. */
  readonly onBytes?: ((count: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type PushedBlob = 'existing' | 'mounted' | 'uploaded';

const cancelMs = 5000;

type Upload = {
  readonly http: Http;
  readonly repository: Repository;
  readonly blob: Descriptor;
  readonly open: OpenBlob;
  readonly chunkBytes: number;
  readonly from: string | undefined;
  readonly options: PushBlobOptions;
  readonly scopes: readonly string[];
  readonly home: string;
};

/** The size of a blob in a repository, or undefined when it is not there. */
export async function headBlob(
  http: Http,
  repository: Repository,
  digest: string,
  signal?: AbortSignal,
  scopes = pullScopes(repository),
): Promise<{ size: number | undefined } | undefined> {
  const url = apiUrl(repository, `blobs/${digest}`);
  const answer = await http.send({ method: 'HEAD', url, scopes, expect: [200, 404], signal });
  if (answer.status === 404) return undefined;
  const length = answer.header('content-length');
  return { size: length === undefined ? undefined : Number(length) };
}

/**
 * Throws `digest` or `size` when the source does not give the blob's bytes; nothing is then in the repository. With
 * `knowsOwn`, which `knowsOwnBlobs` tells, one request asks for the blob and begins its upload.
 */
export async function pushBlob(
  http: Http,
  repository: Repository,
  blob: Descriptor,
  open: OpenBlob,
  chunkBytes: number,
  options: PushBlobOptions & { readonly knowsOwn?: boolean } = {},
): Promise<PushedBlob> {
  const scopes = pushScopes(repository, options.from === undefined ? [] : [options.from]);
  const home = apiUrl(repository, '').origin;
  const own = options.knowsOwn ? apiRepository(repository).repository : undefined;
  const from = options.from ?? own;
  const upload: Upload = { http, repository, blob, open, chunkBytes, from, options, scopes, home };
  for (let failures = 1; ; failures += 1) {
    const asks = failures > 1 || from === options.from;
    if (asks && (await isThere(upload))) return failures === 1 ? 'existing' : 'uploaded';
    let taken = 0;
    const count = (bytes: number) => {
      taken += bytes;
      options.onBytes?.(bytes);
    };
    try {
      const how = await attempt({ ...upload, options: { ...options, onBytes: count } });
      return how === 'mounted' && from !== options.from ? 'existing' : how;
    } catch (error) {
      const refused = isRefusedDigest(error);
      if (refused) await checkSource(upload);
      // A session that is gone, or that took bytes twice after a broken connection, is begun anew.
      const lost = refused || isPassing(error) || isRegistryError(error, 'not-found');
      if (!lost || failures >= http.retry.attempts) throw error;
      options.onBytes?.(-taken);
      await pause(http.retry, failures, error, options.signal);
    }
  }
}

async function isThere({ http, repository, blob, options }: Upload): Promise<boolean> {
  const found = await headBlob(http, repository, blob.digest, options.signal, pushScopes(repository));
  if (found === undefined) return false;
  if (found.size === undefined || found.size === blob.size) return true;
  const name = nameOf('HEAD', apiUrl(repository, `blobs/${blob.digest}`));
  throw new RegistryError('size', `${name}: expected ${blob.size} bytes, the registry has ${found.size}`);
}

function isRefusedDigest(error: unknown): boolean {
  return isRegistryError(error, 'rejected') && [400, 416].includes(error.status ?? 0);
}

async function attempt(upload: Upload): Promise<PushedBlob> {
  const session = await begin(upload);
  if (session === undefined) return 'mounted';
  try {
    if (upload.blob.size <= upload.chunkBytes) await putWhole(upload, session.location);
    else await putChunks(upload, session);
    return 'uploaded';
  } catch (error) {
    await cancel(upload, session.location);
    throw error;
  }
}

type Session = { location: URL; readonly minimumChunk: number };

/** Opens an upload session; undefined when the blob has been mounted instead. */
async function begin(
  upload: Pick<Upload, 'http' | 'repository' | 'from' | 'options' | 'scopes' | 'home'> & {
    readonly blob: Pick<Descriptor, 'digest'>;
  },
): Promise<Session | undefined> {
  const { http, repository, blob, from, options, scopes, home } = upload;
  const url = apiUrl(repository, 'blobs/uploads/');
  if (from !== undefined) {
    url.searchParams.set('mount', blob.digest);
    url.searchParams.set('from', from);
  }
  const answer = await http.send({
    method: 'POST',
    url,
    headers: { 'content-length': '0' },
    scopes,
    expect: [201, 202],
    signal: options.signal,
  });
  if (answer.status === 201 && from !== undefined) return undefined;
  return {
    location: locationOf(answer, home),
    minimumChunk: Number(answer.header('oci-chunk-min-length') ?? 0) || 0,
  };
}

/**
 * Whether the registry, asked to mount into a repository the blob `digest` that it has already, says that it is there.
 * One request then asks for a blob and begins its upload. False after any error.
 */
export async function knowsOwnBlobs(
  http: Http,
  repository: Repository,
  digest: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const from = apiRepository(repository).repository;
  const home = apiUrl(repository, '').origin;
  const asked = {
    http,
    repository,
    blob: { digest },
    from,
    options: { signal },
    scopes: pushScopes(repository),
    home,
  };
  try {
    const session = await begin(asked);
    if (session !== undefined) await cancel(asked, session.location);
    return session === undefined;
  } catch {
    return false;
  }
}

async function putWhole(upload: Upload, location: URL): Promise<void> {
  const { blob } = upload;
  const answer = await sendBytes(upload, 'PUT', withDigest(location, blob.digest), 0, blob.size, [201]);
  checkDigest(answer, blob.digest);
  upload.options.onBytes?.(blob.size);
}

async function putChunks(upload: Upload, session: Session): Promise<void> {
  const { http, blob, options, home } = upload;
  const chunk = Math.max(upload.chunkBytes, session.minimumChunk);
  let failures = 0;
  for (let start = 0; start < blob.size; ) {
    let end = Math.min(start + chunk, blob.size);
    try {
      const answer = await sendBytes(upload, 'PATCH', session.location, start, end, [202]);
      session.location = locationOf(answer, home);
      failures = 0;
    } catch (error) {
      failures += 1;
      const resumable = isPassing(error) || (isRegistryError(error) && error.status === 416);
      if (!resumable || failures >= http.retry.attempts) throw error;
      await pause(http.retry, failures, error, options.signal);
      end = await reached(upload, session, start);
    }
    options.onBytes?.(end - start);
    start = end;
  }
  const answer = await http.send({
    method: 'PUT',
    url: withDigest(session.location, blob.digest),
    headers: { 'content-length': '0' },
    scopes: upload.scopes,
    home,
    expect: [201],
    signal: options.signal,
  });
  checkDigest(answer, blob.digest);
}

/** How many bytes the registry has, asked after a broken chunk that began at `start`. */
async function reached(
  { http, blob, scopes, home, options }: Upload,
  session: Session,
  start: number,
): Promise<number> {
  const ask = {
    method: 'GET',
    url: session.location,
    scopes,
    home,
    expect: [204],
    signal: options.signal,
  } as const;
  const answer = await http.send(ask);
  if (answer.header('location') !== undefined) session.location = locationOf(answer, home);
  const range = /^(?:bytes=)?0-([0-9]+)$/.exec(answer.header('range') ?? '');
  const last = range === null ? -1 : Number(range[1]);
  const have = last <= 0 ? 0 : last + 1; // registries say 0-0 of an upload without bytes too
  if (have >= start && have <= blob.size) return have;
  const name = nameOf('GET', session.location);
  throw new RegistryError(
    'network',
    `${name}: the registry has ${have} bytes of an upload that had ${start}`,
    { request: name },
  );
}

async function sendBytes(
  { http, blob, open, scopes, home, options }: Upload,
  method: 'PUT' | 'PATCH',
  url: URL,
  start: number,
  end: number,
  expect: number[],
): Promise<Facts> {
  const answer = await http.ask({
    method,
    url,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(end - start),
      ...(method === 'PATCH' && { 'content-range': `${start}-${end - 1}` }),
    },
    body: end === start ? () => '' : () => bodyOf(open, blob, start, end),
    scopes,
    home,
    expect,
    signal: options.signal,
  });
  answer.discard();
  return answer;
}

async function bodyOf(open: OpenBlob, blob: Descriptor, start: number, end: number): Promise<Body> {
  try {
    const bytes = await open(blob, start);
    return 'path' in bytes ? { path: bytes.path, start, end } : range(bytes, blob, start, end);
  } catch (error) {
    throw new SourceError(error);
  }
}

async function* range(
  bytes: AsyncIterable<Uint8Array>,
  blob: Descriptor,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let left = end - start;
  try {
    for await (const part of bytes) {
      yield part.length > left ? part.subarray(0, left) : part;
      left -= part.length;
      if (left <= 0) return;
    }
    const message = `the bytes given for ${blob.digest} end after ${end - left} of ${blob.size}`;
    throw new RegistryError('size', message);
  } catch (error) {
    throw new SourceError(error);
  }
}

/** Throws `digest` or `size` when the source does not give the blob's bytes. */
async function checkSource({ blob, open }: Upload): Promise<void> {
  const verifier = createVerifier(blob, `the bytes given for ${blob.digest}`);
  for await (const part of partsOf(open, blob)) verifier.update(part);
  verifier.finish();
}

async function cancel(
  { http, scopes, home }: Pick<Upload, 'http' | 'scopes' | 'home'>,
  url: URL,
): Promise<void> {
  try {
    const signal = AbortSignal.timeout(cancelMs);
    (await http.ask({ method: 'DELETE', url, scopes, home, expect: [200, 202, 204], signal })).discard();
  } catch {
    // the session expires by itself
  }
}

function locationOf(answer: Pick<Facts, 'header' | 'url'>, home: string): URL {
  const location = answer.header('location');
  if (location === undefined || !URL.canParse(location, answer.url)) {
    throw new RegistryError('protocol', `${answer.url.origin}: an upload without a location`);
  }
  const url = new URL(location, answer.url);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && home.startsWith('http:'))) {
    throw new RegistryError(
      'redirect',
      `${home}: an upload is sent on to ${url.protocol}//${url.host}, which is not HTTPS`,
    );
  }
  return url;
}

function withDigest(location: URL, digest: string): URL {
  const url = new URL(location);
  url.searchParams.set('digest', digest);
  return url;
}

function checkDigest(answer: Pick<Facts, 'header' | 'url'>, digest: string): void {
  const found = answer.header('docker-content-digest');
  if (found === undefined || found === digest) return;
  throw new RegistryError(
    'digest',
    `${nameOf('PUT', answer.url)}: sent ${digest}, the registry names it ${found}`,
  );
}
