// Reads a blob: its bytes are verified while they stream, and a broken connection is taken up again where it broke
// (Range requests, distribution-spec "Pulling blobs"). Holds the connection's buffer and no more.
import type { Descriptor } from './descriptor.ts';
import { RegistryError } from './error.ts';
import { apiUrl, type Repository } from './hosts.ts';
import { type Answer, type Http, nameOf } from './http.ts';
import { isPassing, pause } from './retry.ts';
import { pullScopes } from './scopes.ts';
import { createVerifier, type Verifier } from './verify.ts';
import type { Receiver } from './wire/connection.ts';

type Wanted = Pick<Descriptor, 'digest' | 'size'>;

/**
 * Gives a blob's bytes to `receiver`, in order, each part valid until it has done with it. The last part is given only
 * after size and digest have been found right. Throws `digest`, `size`, `not-found`, `network`, …, or what the receiver throws.
 */
export async function receiveBlob(
  http: Http,
  repository: Repository,
  { digest, size }: Wanted,
  receiver: Receiver,
  signal?: AbortSignal,
): Promise<void> {
  const url = apiUrl(repository, `blobs/${digest}`);
  const verifier = createVerifier({ digest, size }, nameOf('GET', url));
  if (size === 0) return verifier.finish();
  let failures = 0;
  while (verifier.size < size) {
    const before = verifier.size;
    try {
      await receiveFrom(http, repository, url, verifier, size, receiver, signal);
    } catch (error) {
      failures = verifier.size > before ? 1 : failures + 1;
      if (failures >= http.retry.attempts || !isPassing(error)) throw error;
      await pause(http.retry, failures, error, signal);
    }
  }
}

/** A blob's bytes in order, as parts that are the reader's own. What `receiveBlob` says of verifying holds here too. */
export async function* getBlob(
  http: Http,
  repository: Repository,
  blob: Wanted,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  let arrived = Promise.withResolvers<{ part: Buffer; taken: () => void } | undefined>();
  const all = receiveBlob(
    http,
    repository,
    blob,
    part => new Promise(taken => arrived.resolve({ part: Buffer.from(part), taken })),
    either,
  );
  all.then(
    () => arrived.resolve(undefined),
    error => arrived.reject(error),
  );
  try {
    for (;;) {
      const next = await arrived.promise;
      if (next === undefined) return;
      arrived = Promise.withResolvers();
      yield next.part;
      next.taken();
    }
  } finally {
    stop.abort();
  }
}

async function receiveFrom(
  http: Http,
  repository: Repository,
  url: URL,
  verifier: Verifier,
  size: number,
  receiver: Receiver,
  signal: AbortSignal | undefined,
): Promise<void> {
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
  try {
    checkLength(answer, name, start, size);
  } catch (error) {
    answer.discard();
    throw error;
  }
  let skip = answer.status === 206 ? 0 : start;
  await answer.receive(part => {
    const rest = skip === 0 ? part : part.subarray(Math.min(skip, part.length));
    skip -= part.length - rest.length;
    if (rest.length === 0) return;
    verifier.update(rest);
    if (verifier.size === size) verifier.finish();
    return receiver(rest);
  });
  if (verifier.size === size) return;
  const message = `${name}: the answer ended after ${verifier.size} of ${size} bytes`;
  throw new RegistryError('network', message, { request: name });
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
  const message = `${name}: expected ${expected} bytes, the registry states ${length}`;
  throw new RegistryError('size', message, { request: name });
}
