// Which proxy a request goes through: HTTP_PROXY, HTTPS_PROXY and NO_PROXY as curl and Go read them. Loopback hosts never
// go through one. A NO_PROXY entry is *, a host with an optional port, or a domain, which stands for its subdomains too.
import { RegistryError } from '../error.ts';
import { isLoopback } from '../reference.ts';

export type Proxies = { forUrl(url: URL): URL | undefined };

/** Throws `network` for a proxy that is not an http or https URL. */
export function proxiesOf(env: NodeJS.ProcessEnv): Proxies {
  const http = proxyUrl(env.http_proxy || env.HTTP_PROXY);
  const https = proxyUrl(env.https_proxy || env.HTTPS_PROXY);
  const exceptions = (env.no_proxy || env.NO_PROXY || '')
    .split(/[\s,]+/)
    .filter(each => each !== '')
    .map(each => each.toLowerCase());
  return {
    forUrl(url) {
      const proxy = url.protocol === 'https:' ? https : http;
      if (proxy === undefined || isLoopback(url.host)) return undefined;
      return exceptions.some(each => matches(each, url)) ? undefined : proxy;
    },
  };
}

function proxyUrl(text: string | undefined): URL | undefined {
  if (!text) return undefined;
  const full = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url !== undefined && ['http:', 'https:'].includes(url.protocol)) return url;
  throw new RegistryError('network', 'the proxy in HTTP_PROXY or HTTPS_PROXY is not an http or https URL', {
    hint: 'a proxy is written http://host:port',
  });
}

function matches(exception: string, url: URL): boolean {
  if (exception === '*') return true;
  const [, name = '', port] = /^\*?\.?(.*?)(?::([0-9]+))?$/.exec(exception) ?? [];
  if (port !== undefined && port !== (url.port || (url.protocol === 'https:' ? '443' : '80'))) return false;
  return url.hostname === name || url.hostname.endsWith(`.${name}`);
}
