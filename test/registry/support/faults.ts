// A proxy in front of a registry that does harm, by a seed: it cuts connections, goes silent, drips, answers 429 and 5xx,
// changes bytes, states wrong lengths, closes half a connection, and redirects to another host, where it notes every
// credential that arrives.
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Fault =
  | 'none'
  | 'reset before'
  | 'reset in request'
  | 'wrong byte sent'
  | 'reset in answer'
  | 'cut answer'
  | 'silence'
  | 'drip'
  | 'half-closed'
  | 'too many requests'
  | 'server error'
  | 'wrong byte'
  | 'wrong length'
  | 'redirect';

export const faults: readonly Fault[] = [
  'none',
  'reset before',
  'reset in request',
  'wrong byte sent',
  'reset in answer',
  'cut answer',
  'silence',
  'drip',
  'half-closed',
  'too many requests',
  'server error',
  'wrong byte',
  'wrong length',
  'redirect',
];

export type FaultProxy = {
  /** host:port of the proxy itself */
  readonly host: string;
  /** How often each fault was done. */
  readonly done: Map<Fault, number>;
  /** Credentials that came to the other host; there should be none. */
  readonly leaked: string[];
  close(): Promise<void>;
};

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** `rate` of the requests meet one of `kinds`. `target` is the registry's host:port. */
export async function startFaultProxy(options: {
  readonly target: string;
  readonly seed: number;
  readonly rate: number;
  readonly kinds: readonly Fault[];
}): Promise<FaultProxy> {
  const random = randomOf(options.seed);
  const done = new Map<Fault, number>();
  const leaked: string[] = [];

  const pick = (): Fault => {
    if (random() >= options.rate) return 'none';
    return options.kinds[Math.floor(random() * options.kinds.length)] ?? 'none';
  };

  const other = createServer((request, response) => {
    const given = request.headers.authorization ?? request.headers.cookie;
    if (given !== undefined) leaked.push(given);
    forward(options.target, request, response, 'none', random);
  });
  const proxy = createServer((request, response) => {
    const fault = pick();
    done.set(fault, (done.get(fault) ?? 0) + 1);
    if (fault === 'redirect') {
      request.resume();
      const { port } = other.address() as AddressInfo;
      // Another name is another host, though it is the same machine.
      response.writeHead(307, { location: `http://localhost:${port}${request.url}` });
      response.end();
      return;
    }
    forward(options.target, request, response, fault, random);
  });
  await Promise.all([listen(proxy), listen(other)]);
  return {
    host: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    done,
    leaked,
    async close() {
      for (const server of [proxy, other]) server.closeAllConnections();
      await Promise.all([proxy, other].map(server => new Promise(resolve => server.close(resolve))));
    },
  };
}

function listen(server: Server): Promise<void> {
  return new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
}

function forward(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault,
  random: () => number,
): void {
  response.on('error', () => {});
  request.on('error', () => {});
  if (fault === 'reset before') return void request.socket.resetAndDestroy();
  if (fault === 'silence') return void request.resume();
  if (fault === 'too many requests' || fault === 'server error') {
    request.resume();
    const status = fault === 'server error' ? [500, 502, 503, 504][Math.floor(random() * 4)]! : 429;
    response.writeHead(status, random() < 0.5 ? { 'retry-after': '0' } : {});
    response.end('busy');
    return;
  }
  const upstream = httpRequest(
    `http://${target}${request.url}`,
    {
      method: request.method ?? 'GET',
      headers: { ...request.headers, host: request.headers.host },
      agent: false,
    },
    answer => void answerWith(answer, request, response, fault, random).catch(() => response.destroy()),
  );
  upstream.on('error', () => response.destroy());
  if (fault === 'wrong byte sent') {
    request.once('data', (part: Buffer) => {
      part[0]! ^= 1;
    });
  }
  if (fault !== 'reset in request') return void request.pipe(upstream);
  const limit = Math.floor(random() * Number(request.headers['content-length'] ?? 0));
  let seen = 0;
  request.on('data', (part: Buffer) => {
    upstream.write(part.subarray(0, Math.max(0, limit - seen)));
    seen += part.length;
    if (seen >= limit) {
      request.socket.resetAndDestroy();
      upstream.destroy();
    }
  });
  request.on('end', () => upstream.end());
}

async function answerWith(
  answer: IncomingMessage,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault,
  random: () => number,
): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  const body = Buffer.concat(parts);
  const headers = { ...answer.headers };
  const { location } = headers;
  // The registry names itself in locations; the client is to stay with the proxy.
  if (location?.startsWith('http')) headers.location = location.replace(/^https?:\/\/[^/]+/, '');
  if (fault === 'wrong length' && body.length > 0)
    headers['content-length'] = String(body.length + 1 + Math.floor(random() * 10));
  const some = Math.floor(random() * body.length);
  if (fault === 'wrong byte' && body.length > 0) body[some]! ^= 1;
  response.writeHead(answer.statusCode ?? 502, headers);
  if (body.length === 0 || request.method === 'HEAD') return void response.end();
  if (fault === 'drip') {
    for (let at = 0; at < body.length; at += Math.ceil(body.length / 5)) {
      response.write(body.subarray(at, at + Math.ceil(body.length / 5)));
      await sleep(5);
    }
    response.end();
  } else if (fault === 'reset in answer' || fault === 'cut answer' || fault === 'half-closed') {
    response.write(body.subarray(0, some));
    await sleep(5);
    if (fault === 'reset in answer') request.socket.resetAndDestroy();
    else if (fault === 'cut answer') request.socket.destroy();
    else request.socket.end();
  } else {
    response.end(body);
    if (fault === 'wrong length') request.socket.end();
  }
}
