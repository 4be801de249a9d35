// HTTP GET for everything that cogpack fetches: proxies from the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY),
// the system's certificate authorities beside Node's, logins from URLs and netrc, and repeats after faults that pass:
// a connection that breaks, 408, 425, 429 and 5xx. A body that breaks off goes on from where it was (RFC 9110, 14).
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { getCACertificates } from 'node:tls';
import { EnvHttpProxyAgent, fetch, type Response } from 'undici';
import { CogpackError, messageOf } from '../base/error.ts';
import { authorizationOf, loginFor, type Netrc, shownUrl } from './credentials.ts';

export type GetOptions = {
  /** For whom the bytes are, as messages name it: a package and its file. */
  readonly name: string;
  readonly accept?: string | undefined;
  readonly signal: AbortSignal;
};

export type Http = {
  /**
   * The body as it arrives, whole or not at all: parts follow one another without a gap over repeats. Throws
   * `fetch/not-found` for 404 and 410, `fetch/denied` for 401 and 403, `fetch/network` for all else.
   */
  get(url: URL, options: GetOptions): Promise<HttpBody>;
};

export type HttpBody = {
  /** Where redirects led; what a page's relative links are relative to. */
  readonly url: string;
  readonly type: string;
  /** In bytes as sent, when the server says so and sends them unencoded. */
  readonly size: number | undefined;
  readonly parts: AsyncIterable<Uint8Array>;
};

export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>;

const mostAttempts = 5;
const firstPause = 500;
const longestPause = 30_000;
const passingStatus: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

/** `pause` is for tests that need not wait. */
export function createHttp(env: NodeJS.ProcessEnv, netrc: Netrc, pause: Pause = pauseFor): Http {
  let agent: EnvHttpProxyAgent | undefined;

  async function send(
    url: URL,
    { name, accept = '*/*', signal }: GetOptions,
    from: number,
  ): Promise<Response> {
    agent ??= createAgent(env);
    const target = new URL(url);
    target.username = '';
    target.password = '';
    const login = loginFor(url, netrc);
    const response = await fetch(target, {
      dispatcher: agent,
      signal,
      headers: {
        accept,
        'user-agent': 'cogpack',
        ...(accept === '*/*' && { 'accept-encoding': 'identity' }),
        ...(login && { authorization: authorizationOf(login) }),
        ...(from > 0 && { range: `bytes=${from}-` }),
      },
    });
    if (response.ok) return response;
    await response.body?.cancel();
    throw passingStatus.includes(response.status)
      ? new PassingStatus(response)
      : refusal(name, url, response.status);
  }

  async function repeat<T>(
    url: URL,
    options: GetOptions,
    attempts: Attempts,
    action: () => Promise<T>,
  ): Promise<T> {
    for (;;) {
      try {
        return await action();
      } catch (error) {
        options.signal.throwIfAborted();
        if (error instanceof CogpackError) throw error;
        attempts.done += 1;
        if (attempts.done >= mostAttempts) throw unreachable(options.name, url, attempts, error);
        await pause(pauseBefore(attempts.done, error), options.signal);
      }
    }
  }

  return {
    async get(url, options) {
      const attempts: Attempts = { done: 0, received: 0 };
      const first = await repeat(url, options, attempts, () => send(url, options, 0));
      const length = first.headers.get('content-length');
      const encoded = first.headers.get('content-encoding') !== null;
      async function* parts(): AsyncGenerator<Uint8Array> {
        let response = first;
        let skipped = 0;
        for (;;) {
          try {
            for await (const part of bodyOf(response)) {
              const known = Math.min(part.length, attempts.received - skipped);
              skipped += known;
              if (known === part.length) continue;
              attempts.received += part.length - known;
              skipped = attempts.received;
              yield part.subarray(known);
            }
            return;
          } catch (error) {
            options.signal.throwIfAborted();
            if (error instanceof CogpackError) throw error;
            let broken: unknown = error;
            response = await repeat(url, options, attempts, () => {
              if (broken === undefined) return send(url, options, encoded ? 0 : attempts.received);
              const cause = broken;
              broken = undefined;
              throw cause;
            });
            skipped = startOf(response);
            if (skipped > attempts.received) throw unreachable(options.name, url, attempts, error);
          }
        }
      }
      return {
        url: first.url,
        type: (first.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase(),
        size: length === null || encoded ? undefined : Number(length),
        parts: parts(),
      };
    },
  };
}

/** All of a body. Throws `fetch/size` when it has more than `most` bytes. */
export async function readAll(body: HttpBody, name: string, most: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body.parts) {
    size += part.length;
    if (size > most) {
      throw new CogpackError('fetch/size', `${name}: ${shownUrl(body.url)} has more than ${most} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

type Attempts = { done: number; received: number };

class PassingStatus extends Error {
  readonly retryAfter: number;
  constructor(response: Response) {
    super(`the server answered ${response.status}`);
    this.retryAfter = Number(response.headers.get('retry-after')) || 0;
  }
}

async function* bodyOf(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body !== null) yield* response.body as AsyncIterable<Uint8Array>;
}

/** The first byte's place in the whole: after `Content-Range: bytes START-`, else 0. */
function startOf(response: Response): number {
  if (response.status !== 206) return 0;
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? Infinity);
}

function pauseBefore(attempt: number, error: unknown): number {
  const asked = error instanceof PassingStatus ? error.retryAfter * 1000 : 0;
  return Math.min(longestPause, Math.max(asked, firstPause * 2 ** (attempt - 1)));
}

async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await wait(milliseconds, undefined, { signal });
}

function refusal(name: string, url: URL, status: number): CogpackError {
  if (status === 404 || status === 410)
    return new CogpackError('fetch/not-found', `${name}: ${shownUrl(url)} is not there (${status})`);
  if (status === 401 || status === 403) {
    return new CogpackError('fetch/denied', `${name}: ${shownUrl(url)} refuses us (${status})`, {
      hint: `put the user and password for ${url.host} into ~/.netrc or into the URL in your environment`,
    });
  }
  return new CogpackError('fetch/network', `${name}: ${shownUrl(url)} answered ${status}`);
}

function unreachable(name: string, url: URL, { done, received }: Attempts, error: unknown): CogpackError {
  const reason = reasonOf(error);
  const after = received > 0 ? ` after ${received} bytes` : '';
  return new CogpackError(
    'fetch/network',
    `${name}: no answer from ${shownUrl(url)}${after}: ${reason} (tried ${done} times)`,
    {
      hint: 'check the network, the proxy (HTTPS_PROXY, NO_PROXY) and the URL, then run it again',
      cause: error,
    },
  );
}

/** fetch hides why it failed in causes. */
function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (inner instanceof AggregateError && inner.message === '') return inner.errors.map(messageOf).join('; ');
  return messageOf(inner);
}

function createAgent(env: NodeJS.ProcessEnv): EnvHttpProxyAgent {
  const ca = [
    ...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...extraCertificates(env)]),
  ];
  const proxyOf = (name: string) => env[name.toLowerCase()] || env[name] || '';
  return new EnvHttpProxyAgent({
    httpProxy: proxyOf('HTTP_PROXY') || proxyOf('ALL_PROXY'),
    httpsProxy: proxyOf('HTTPS_PROXY') || proxyOf('ALL_PROXY'),
    noProxy: proxyOf('NO_PROXY'),
    connect: { ca, timeout: 30_000 },
    requestTls: { ca },
    proxyTls: { ca },
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  });
}

/** The authorities that pip, uv and requests are told of. */
function extraCertificates(env: NodeJS.ProcessEnv): string[] {
  return ['SSL_CERT_FILE', 'PIP_CERT', 'REQUESTS_CA_BUNDLE'].flatMap(name => {
    try {
      const text = env[name] ? readFileSync(env[name], 'utf8') : '';
      return text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
    } catch {
      return [];
    }
  });
}
