// Reads a blob: its bytes are verified while they stream, and a broken connection is taken up again where it broke
// (Range requests, distribution-spec "Pulling blobs"). Holds one network buffer at a time.
import type { Descriptor } from './descriptor.ts';
import { RegistryError } from './error.ts';
import { apiUrl, type Repository } from './hosts.ts';
import { type Answer, failure, type Http, nameOf } from './http.ts';
import { isPassing, pause } from './retry.ts';
import { pullScopes } from './scopes.ts';
import { createVerifier, type Verifier } from './verify.ts';

/**
 * A blob's bytes in order. The last part is given only after size and digest have been found right, so whoever reads
 * to the end has read verified bytes. Throws `digest`, `size`, `not-found`, `network`, …
 */
export async function* getBlob(
  http: Http,
  repository: Repository,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const url = apiUrl(repository, `blobs/${digest}`);
  const name = nameOf('GET', url);
  const verifier = createVerifier({ digest, size }, name);
  let failures = 0;
  for (;;) {
    const before = verifier.size;
    try {
      yield* readFrom(http, repository, url, verifier, size, signal);
      return;
    } catch (error) {
      if (verifier.size > before) failures = 0;
      failures += 1;
      if (failures >= http.retry.attempts || !isPassing(error)) throw error;
      await pause(http.retry, failures, error, signal);
    }
  }
}

async function* readFrom(
  http: Http,
  repository: Repository,
  url: URL,
  verifier: Verifier,
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const start = verifier.size;
  const answer = await http.ask({
    method: 'GET',
    url,
    ...(start > 0 && { headers: { range: `bytes=${start}-` } }),
    scopes: pullScopes(repository),
    expect: start > 0 ? [200, 206] : [200],
    signal,
  });
  const name = nameOf('GET', answer.url);
  let skip = answer.status === 206 ? 0 : start;
  try {
    checkLength(answer, name, start, size);
    for await (const part of failing(answer, name, signal)) {
      const rest = part.subarray(Math.min(skip, part.length));
      skip -= part.length - rest.length;
      if (rest.length === 0) continue;
      verifier.update(rest);
      if (verifier.size === size) verifier.finish();
      yield rest;
    }
  } finally {
    answer.body.destroy();
  }
  if (verifier.size === size && size > 0) return;
  if (size === 0) return verifier.finish();
  throw new RegistryError('network', `${name}: the answer ended after ${verifier.size} of ${size} bytes`, {
    request: name,
  });
}

async function* failing(
  answer: Answer,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  try {
    yield* answer.body as AsyncIterable<Buffer>;
  } catch (error) {
    throw failure(error, name, signal);
  }
}

// A registry that states another length has another blob: no byte of it is taken.
function checkLength(answer: Answer, name: string, start: number, size: number): void {
  const range = /^bytes ([0-9]+)-[0-9]+\/(?:[0-9]+|\*)$/.exec(answer.header('content-range') ?? '');
  if (answer.status === 206 && range !== null && Number(range[1]) !== start) {
    throw new RegistryError(
      'protocol',
      `${name}: asked for bytes from ${start}, given those from ${range[1]}`,
    );
  }
  const length = answer.header('content-length');
  const expected = answer.status === 206 ? size - start : size;
  if (length === undefined || Number(length) === expected) return;
  throw new RegistryError('size', `${name}: expected ${expected} bytes, the registry states ${length}`, {
    request: name,
  });
}
