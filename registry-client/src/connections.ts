// How hosts are reached: directly or through a proxy, with the system's certificate authorities and the caller's own.
// Loopback hosts never go through a proxy.
import { getCACertificates } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { isLoopback } from './reference.ts';

export type ConnectionOptions = {
  /** Certificate authorities in PEM, trusted beside the system's. */
  readonly ca?: string | undefined;
  /** The client's certificate and private key in PEM. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** HTTP_PROXY, HTTPS_PROXY and NO_PROXY are read from here. */
  readonly env: NodeJS.ProcessEnv;
  /** How long a connection may say nothing. */
  readonly idleMs: number;
};

export type Connections = { forUrl(url: URL): Dispatcher; close(): Promise<void> };

const connectMs = 15_000;

export function createConnections(options: ConnectionOptions): Connections {
  const tls = {
    ...(options.ca !== undefined && { ca: [...getCACertificates('default'), options.ca] }),
    ...(options.cert !== undefined && { cert: options.cert }),
    ...(options.key !== undefined && { key: options.key }),
  };
  const shared = {
    connect: { timeout: connectMs, ...tls },
    headersTimeout: options.idleMs,
    bodyTimeout: options.idleMs,
    keepAliveTimeout: 10_000,
  };
  const direct = new Agent(shared);
  const { HTTP_PROXY, HTTPS_PROXY, NO_PROXY, http_proxy, https_proxy, no_proxy } = options.env;
  const httpProxy = http_proxy || HTTP_PROXY;
  const httpsProxy = https_proxy || HTTPS_PROXY;
  const proxied =
    httpProxy || httpsProxy
      ? new EnvHttpProxyAgent({
          ...shared,
          requestTls: tls,
          httpProxy: httpProxy ?? '',
          httpsProxy: httpsProxy ?? '',
          noProxy: no_proxy || NO_PROXY || '',
        })
      : undefined;
  return {
    forUrl: url => (proxied === undefined || isLoopback(url.host) ? direct : proxied),
    async close() {
      await Promise.all([direct.destroy(), proxied?.destroy()]);
    },
  };
}
