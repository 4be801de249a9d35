// Opens connections: TCP or TLS, directly, or through a proxy (an absolute URL for http, CONNECT for https; RFC 9110 §9.3.6).
// The module of TLS is loaded with the first connection that needs it.
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { TLSSocket, ConnectionOptions as TlsOptions } from 'node:tls';
import type { Opened } from './connection.ts';
import { HttpSyntaxError, parseHead, writeHead } from './head.ts';

export type Tls = Pick<TlsOptions, 'ca' | 'cert' | 'key'>;

/** TLS for an origin; with the client's own certificate only where the server may learn it (`identify`). */
export type TlsFor = (url: URL, identify: boolean) => Tls;

type Sink = (part: Buffer) => void | Promise<void>;

const bufferBytes = 512 << 10;
const connectMs = 15_000;

/** Connects to an origin. Throws the system's or TLS's error. */
export async function openDirect(url: URL, tls: Tls): Promise<Opened> {
  const sink: { current: Sink } = { current: () => {} };
  const onread = {
    buffer: Buffer.allocUnsafeSlow(bufferBytes),
    callback(count: number, buffer: Uint8Array): boolean {
      const work = sink.current((buffer as Buffer).subarray(0, count));
      if (!(work instanceof Promise)) return true;
      work.then(() => socket.resume());
      return false;
    },
  };
  const where = { host: hostOf(url), port: portOf(url) };
  const socket: Socket =
    url.protocol === 'https:'
      ? connectTls({ ...where, ...tls, ...nameFor(url), onread } as TlsOptions)
      : connectTcp({ ...where, onread });
  await connected(socket, url.protocol === 'https:' ? 'secureConnect' : 'connect');
  return {
    socket,
    attach(next) {
      sink.current = next;
    },
  };
}

/** Connects to an origin through `proxy`; for http the proxy itself is what answers. */
export async function openThrough(proxy: URL, proxyTls: Tls, url: URL, tls: Tls): Promise<Opened> {
  if (url.protocol === 'http:') return openDirect(proxy, proxyTls);
  const where = { host: hostOf(proxy), port: portOf(proxy) };
  const outer: Socket =
    proxy.protocol === 'https:'
      ? connectTls({ ...where, ...proxyTls, ...nameFor(proxy) })
      : connectTcp(where);
  await connected(outer, proxy.protocol === 'https:' ? 'secureConnect' : 'connect');
  await tunnel(outer, proxy, url);
  const socket = connectTls({ socket: outer, ...tls, ...nameFor(url) });
  await connected(socket, 'secureConnect');
  return {
    socket,
    attach(sink) {
      socket.on('data', (part: Buffer) => {
        const work = sink(part);
        if (!(work instanceof Promise)) return;
        socket.pause();
        work.then(() => socket.resume());
      });
    },
  };
}

/** `Proxy-Authorization` of a proxy whose URL has a user. */
export function proxyHeaders(proxy: URL): Record<string, string> {
  if (proxy.username === '') return {};
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` };
}

function tunnel(socket: Socket, proxy: URL, url: URL): Promise<void> {
  const target = `${url.hostname}:${portOf(url)}`;
  return new Promise((resolve, reject) => {
    let text = '';
    const stop = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    const onData = (part: Buffer) => {
      text += part.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0 && text.length < bufferBytes) return;
      try {
        const { status } = parseHead(text.slice(0, end));
        if (status !== 200)
          throw new HttpSyntaxError(`the proxy ${proxy.host} answered ${status} to CONNECT ${target}`);
      } catch (error) {
        return stop(error as Error);
      }
      socket.off('data', onData).off('error', stop).pause();
      resolve();
    };
    socket.on('data', onData).on('error', stop);
    socket.once('close', () => reject(new HttpSyntaxError(`the proxy ${proxy.host} closed the connection`)));
    socket.write(writeHead({ method: 'CONNECT', target, headers: { host: target, ...proxyHeaders(proxy) } }));
  });
}

function connected(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const onTimeout = () =>
      stop(Object.assign(new Error(`no connection within ${connectMs / 1000} s`), { code: 'ETIMEDOUT' }));
    const stop = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(connectMs, onTimeout);
    socket.once('error', stop);
    socket.once(event, () => {
      socket.off('error', stop).off('timeout', onTimeout).setTimeout(0);
      socket.setNoDelay(true);
      resolve();
    });
  });
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

// TLS names hosts, not addresses (RFC 6066 §3).
function nameFor(url: URL): { servername?: string; ALPNProtocols: string[] } {
  const host = hostOf(url);
  return { ALPNProtocols: ['http/1.1'], ...(isIP(host) === 0 && { servername: host }) };
}

function connectTls(options: TlsOptions): TLSSocket {
  return process.getBuiltinModule('node:tls').connect(options);
}
