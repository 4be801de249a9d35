// Requests over a pool of connections. An idle connection is used again; when it turns out to have been closed meanwhile,
// the request is sent once more over a new one.
import {
  type Body,
  type Connection,
  createConnection,
  StaleConnection,
  type WireAnswer,
} from './connection.ts';
import { openDirect, openThrough, proxyHeaders, type Tls } from './open.ts';
import type { Proxies } from './proxies.ts';

export type WireRequest = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: (() => Body) | undefined;
  readonly signal: AbortSignal | undefined;
};

export type Wire = {
  /** Throws what the system, TLS or HTTP's syntax says, or the signal's reason. */
  request(request: WireRequest): Promise<WireAnswer>;
  /** Ends all connections. */
  close(): void;
};

export function createWire(options: {
  readonly tls: Tls;
  readonly proxies: Proxies;
  readonly idleMs: number;
}): Wire {
  const idle = new Map<string, Connection[]>();
  const all = new Set<Connection>();

  const take = (origin: string): Connection | undefined => {
    const list = idle.get(origin) ?? [];
    for (let connection = list.pop(); connection !== undefined; connection = list.pop()) {
      if (connection.idle) return connection;
      all.delete(connection);
    }
    return undefined;
  };
  const open = async (url: URL): Promise<Connection> => {
    const proxy = options.proxies.forUrl(url);
    const opened =
      proxy === undefined ? await openDirect(url, options.tls) : await openThrough(proxy, url, options.tls);
    const connection = createConnection(opened, options.idleMs, again => {
      const list = idle.get(url.origin);
      if (list === undefined) idle.set(url.origin, [again]);
      else list.push(again);
    });
    all.add(connection);
    opened.socket.once('close', () => all.delete(connection));
    return connection;
  };

  const request = async ({ method, url, headers, body, signal }: WireRequest): Promise<WireAnswer> => {
    signal?.throwIfAborted();
    const proxy = url.protocol === 'http:' ? options.proxies.forUrl(url) : undefined;
    const path = url.pathname + url.search;
    const head = {
      method,
      target: proxy === undefined ? path : url.origin + path,
      headers: { host: url.host, ...headers, ...(proxy && proxyHeaders(proxy)) },
    };
    const kept = take(url.origin);
    if (kept !== undefined) {
      try {
        return await kept.exchange(head, body?.(), signal);
      } catch (error) {
        if (!(error instanceof StaleConnection) || signal?.aborted) throw error;
      }
    }
    return (await open(url)).exchange(head, body?.(), signal);
  };

  return {
    request,
    close() {
      for (const connection of all) connection.destroy();
    },
  };
}
