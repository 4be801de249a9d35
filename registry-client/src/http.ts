// One request and its answer: credentials are added for the registry's own origin only, a 401 is answered once with
// what its challenge asks for, redirects are followed without credentials, and every failure becomes a RegistryError
// that names the request. Bodies come from a function, so that a request can be sent again.
import type { Authorizer } from './auth/authorizer.ts';
import { isRecord } from './descriptor.ts';
import { messageOf, RegistryError, type RegistryErrorCode } from './error.ts';
import { type RetryPolicy, retryAfterMs, retrying } from './retry.ts';
import type { Body, Receiver } from './wire/connection.ts';
import type { Wire } from './wire/wire.ts';
import { SourceError } from './wire/write.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Headers = Readonly<Record<string, string>>;

export type Ask = {
  readonly method: Method;
  readonly url: URL;
  readonly headers?: Headers;
  /** Called anew for each time that the request is sent; `content-length` is in the headers. */
  readonly body?: () => Body | Promise<Body>;
  /** The scopes that the request needs; undefined sends no credentials but those in `headers`. */
  readonly scopes?: readonly string[] | undefined;
  /** The origin that credentials belong to, where `url` may be elsewhere. */
  readonly home?: string;
  /** Statuses that are answers rather than errors. */
  readonly expect: readonly number[];
  readonly signal?: AbortSignal | undefined;
};

export type Answer = {
  readonly status: number;
  header(name: string): string | undefined;
  /**
   * Reads the body to its end, once; a part is valid until the receiver has done with it. An answer is either received
   * or discarded. Throws RegistryError, what the receiver throws, or the signal's reason.
   */
  receive(receiver: Receiver): Promise<void>;
  discard(): void;
  /** Where the answer came from, redirects followed. */
  readonly url: URL;
};

/** An answer without its body. */
export type Facts = Pick<Answer, 'status' | 'header' | 'url'>;

export type Http = {
  /** Sends once (twice after a challenge). Throws RegistryError, or the signal's reason. */
  ask(ask: Ask): Promise<Answer>;
  /** Sends until there is an answer or the tries run out, and drops the answer's body. */
  send(ask: Ask): Promise<Facts>;
  /** As `send`, with the whole body, `maxBytes` at most. */
  read(ask: Ask, maxBytes: number): Promise<Facts & { readonly bytes: Buffer }>;
  readonly retry: RetryPolicy;
};

const maxRedirects = 5;
const redirects = [301, 302, 303, 307, 308];
const userAgent = 'cogpack-registry-client/0.1';

export function createHttp(wire: Wire, authorizer: () => Authorizer, retry: RetryPolicy): Http {
  const ask = async (request: Ask): Promise<Answer> => {
    const home = request.home ?? request.url.origin;
    let { url } = request;
    let challenged = false;
    for (let hops = 0; ; ) {
      const atHome = url.origin === home;
      const authorization =
        atHome && request.scopes ? await authorizer().authorization(home, request.scopes) : undefined;
      const answer = await exchange(wire, request, url, atHome, authorization);
      if (request.expect.includes(answer.status)) return answer;
      if (answer.status === 401 && atHome && request.scopes && !challenged) {
        challenged = true;
        answer.discard();
        const header = answer.header('www-authenticate') ?? '';
        if (await authorizer().challenged(home, header, request.scopes, authorization)) continue;
      }
      if (redirects.includes(answer.status)) {
        answer.discard();
        hops += 1;
        url = redirected(request, url, answer, hops);
        continue;
      }
      throw await refusal(request, url, answer);
    }
  };
  const send = (request: Ask) =>
    retrying(retry, request.signal, async () => {
      const answer = await ask(request);
      answer.discard();
      return answer;
    });
  const read = (request: Ask, maxBytes: number) =>
    retrying(retry, request.signal, async () => {
      const answer = await ask(request);
      const bytes = await readAll(answer, maxBytes, nameOf(request.method, answer.url));
      return { ...answer, bytes };
    });
  return { ask, send, read, retry };
}

/** Method and URL for messages: no query, which may hold a signature. */
export function nameOf(method: string, url: URL): string {
  return `${method} ${url.origin}${url.pathname}`;
}

async function exchange(
  wire: Wire,
  request: Ask,
  url: URL,
  atHome: boolean,
  authorization: string | undefined,
): Promise<Answer> {
  const headers: Record<string, string> = {
    'user-agent': userAgent,
    ...(authorization && { authorization }),
  };
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (atHome || name !== 'authorization') headers[name] = value;
  }
  const name = nameOf(request.method, url);
  try {
    const { head, receive, discard } = await wire.request({
      method: request.method,
      url,
      headers,
      body: request.body,
      signal: request.signal,
      identify: atHome,
    });
    return {
      status: head.status,
      header: each => head.headers.get(each),
      url,
      async receive(receiver) {
        const own: { error?: unknown } = {};
        try {
          await receive(marking(receiver, own));
        } catch (error) {
          throw 'error' in own ? own.error : failure(error, name, request.signal);
        }
      },
      discard,
    };
  } catch (error) {
    throw failure(error, name, request.signal);
  }
}

/** Keeps what the receiver itself throws, which says nothing about the network. */
function marking(receiver: Receiver, own: { error?: unknown }): Receiver {
  const mark = (error: unknown) => {
    own.error = error;
    throw error;
  };
  return part => {
    try {
      const work = receiver(part);
      return work instanceof Promise ? work.catch(mark) : work;
    } catch (error) {
      mark(error);
    }
  };
}

/** What a failed connection or a broken body means. An abort by the caller stays an abort. */
export function failure(error: unknown, request: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof SourceError) return error.cause;
  if (error instanceof RegistryError) return error;
  if (!isNetworkError(error)) return error;
  if (isCertificateError(error)) {
    const refused = /_ALERT_/.test(error.code);
    return new RegistryError(
      'tls',
      `${request}: ${refused ? 'the registry refuses the client: ' : ''}${messageOf(error)}`,
      {
        request,
        cause: error,
        hint: refused
          ? clientCertificateHint
          : "trust the registry's certificate authority, or write http:// if it speaks plain HTTP",
      },
    );
  }
  return new RegistryError('network', `${request}: ${messageOf(error)}`, {
    request,
    cause: error,
    hint: 'check that the registry is running and that its host and port are right, then run it again',
  });
}

// Whatever comes of a socket, TLS or HTTP's syntax has a code; a defect of ours has none.
function isNetworkError(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    !error.code.startsWith('ERR_INVALID')
  );
}

// What the other side says when it wants a certificate, or another one, arrives as an alert (RFC 8446 §6.2).
const clientCertificateHint =
  'if it asks for a client certificate, put client.cert and client.key into ~/.config/containers/certs.d/<host:port>';

function isCertificateError({ code }: { code: string }): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|^ERR_SSL|EPROTO/.test(code);
}

/** All of a body. Throws `size` beyond `maxBytes`, `network` when it breaks. */
async function readAll(answer: Answer, maxBytes: number, request: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  await answer.receive(part => {
    size += part.length;
    if (size > maxBytes) {
      throw new RegistryError('size', `${request}: the answer is longer than ${maxBytes} bytes`, { request });
    }
    parts.push(Buffer.from(part));
  });
  return Buffer.concat(parts);
}

function redirected(request: Ask, from: URL, answer: Answer, hops: number): URL {
  const name = nameOf(request.method, from);
  const refuse = (why: string) =>
    new RegistryError('redirect', `${name}: ${why}`, { request: name, status: answer.status });
  if (hops > maxRedirects) throw refuse(`more than ${maxRedirects} redirects`);
  const location = answer.header('location');
  if (location === undefined || !URL.canParse(location, from)) throw refuse('a redirect without a location');
  const url = new URL(location, from);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse(`a redirect to ${url.protocol}`);
  if (from.protocol === 'https:' && url.protocol === 'http:') {
    throw refuse(`a redirect from HTTPS to plain HTTP at ${url.host}`);
  }
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (!reads && answer.status < 307) throw refuse(`a redirect (${answer.status}) of a request that writes`);
  return url;
}

/** The error for an answer that is not what was expected; reads the registry's own words. */
async function refusal(request: Ask, url: URL, answer: Answer): Promise<RegistryError> {
  const name = nameOf(request.method, url);
  const { code, hint } = meaning(answer.status);
  const words = await wordsOf(answer);
  return new RegistryError(code, `${name}: the registry answered ${answer.status}${words && `: ${words}`}`, {
    status: answer.status,
    request: name,
    hint,
    retryAfterMs: retryAfterMs(answer.header('retry-after')),
  });
}

function meaning(status: number): { code: RegistryErrorCode; hint?: string } {
  if (status === 401) {
    return {
      code: 'unauthorized',
      hint: 'log in to the registry (docker login or podman login), then run it again',
    };
  }
  if (status === 403) return { code: 'denied', hint: 'ask for the right to this repository, or use another' };
  if (status === 404) return { code: 'not-found' };
  if (status === 429) return { code: 'busy', hint: 'the registry limits requests: wait, then run it again' };
  if (status >= 500 || status === 408)
    return { code: 'server', hint: 'the registry failed: run it again later' };
  if (status < 400) return { code: 'protocol' };
  return { code: 'rejected' };
}

// distribution-spec, "Error codes": {errors: [{code, message, detail}]}.
async function wordsOf(answer: Answer): Promise<string> {
  try {
    const text = (await readAll(answer, 64 << 10, '')).toString();
    const value: unknown = JSON.parse(text);
    const errors = isRecord(value) && Array.isArray(value.errors) ? value.errors.filter(isRecord) : [];
    return errors
      .map(each => [each.code, each.message].filter(Boolean).join(' '))
      .join('; ')
      .slice(0, 500);
  } catch {
    return '';
  }
}
