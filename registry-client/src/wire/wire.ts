// Requests over a pool of connections. An idle connection is used again; when it turns out to have been closed meanwhile,
// the request is sent once more over a new one.
import {
  type Body,
  type Connection,
  createConnection,
  StaleConnection,
  type WireAnswer,
} from './connection.ts';
import { openDirect, openThrough, proxyHeaders, type TlsFor } from './open.ts';
import type { Proxies } from './proxies.ts';

export type WireRequest = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Called anew when the request is sent again. */
  readonly body: (() => Body | Promise<Body>) | undefined;
  readonly signal: AbortSignal | undefined;
  /** Whether the server may learn the client's certificate. */
  readonly identify?: boolean;
};

export type Wire = {
  /** Throws what the system, TLS or HTTP's syntax says, or the signal's reason. */
  request(request: WireRequest): Promise<WireAnswer>;
  /** Ends all connections. */
  close(): void;
};

export function createWire(options: {
  readonly tlsFor: TlsFor;
  readonly proxies: Proxies;
  readonly idleMs: number;
}): Wire {
  const idle = new Map<string, Connection[]>();
  const all = new Set<Connection>();

  const take = (place: string): Connection | undefined => {
    const list = idle.get(place) ?? [];
    for (let connection = list.pop(); connection !== undefined; connection = list.pop()) {
      if (connection.idle) return connection;
      all.delete(connection);
    }
    return undefined;
  };
  const open = async (url: URL, identify: boolean): Promise<Connection> => {
    const place = placeOf(url, identify);
    const tls = options.tlsFor(url, identify);
    const proxy = options.proxies.forUrl(url);
    const opened =
      proxy === undefined
        ? await openDirect(url, tls)
        : await openThrough(proxy, options.tlsFor(proxy, false), url, tls);
    const connection = createConnection(opened, options.idleMs, again => {
      const list = idle.get(place);
      if (list === undefined) idle.set(place, [again]);
      else list.push(again);
    });
    all.add(connection);
    opened.socket.once('close', () => all.delete(connection));
    return connection;
  };

  const request = async ({
    method,
    url,
    headers,
    body,
    signal,
    identify = false,
  }: WireRequest): Promise<WireAnswer> => {
    signal?.throwIfAborted();
    const proxy = url.protocol === 'http:' ? options.proxies.forUrl(url) : undefined;
    const path = url.pathname + url.search;
    const head = {
      method,
      target: proxy === undefined ? path : url.origin + path,
      headers: { host: url.host, ...headers, ...(proxy && proxyHeaders(proxy)) },
    };
    let bytes = await body?.();
    const kept = take(placeOf(url, identify));
    if (kept !== undefined) {
      try {
        return await kept.exchange(head, bytes, signal);
      } catch (error) {
        if (!(error instanceof StaleConnection) || signal?.aborted) throw error;
      }
      bytes = await body?.();
    }
    return (await open(url, identify)).exchange(head, bytes, signal);
  };

  return {
    request,
    close() {
      for (const connection of all) connection.destroy();
    },
  };
}

// A connection that carries the client's certificate is not used for requests that must not.
function placeOf(url: URL, identify: boolean): string {
  return `${identify} ${url.origin}`;
}
