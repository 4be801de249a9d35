// HTTP/1.1 as a client sees it: against Node's own server, and against bytes written by hand.

import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { decoderFor } from '../../registry-client/src/wire/framing.ts';
import { parseHead, writeHead } from '../../registry-client/src/wire/head.ts';
import { createWire, type Wire } from '../../registry-client/src/wire/wire.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function wire(idleMs = 2000): Wire {
  const created = createWire({ tlsFor: () => ({}), proxies: { forUrl: () => undefined }, idleMs });
  closers.push(() => created.close());
  return created;
}

async function serve(listener: RequestListener): Promise<URL> {
  const server = createHttpServer(listener);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

/** A server that answers each connection's first bytes with `answer`, as it is. */
async function serveBytes(answer: (socket: Socket) => void): Promise<URL> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

async function get(from: Wire, url: URL, method = 'GET'): Promise<{ status: number; text: string }> {
  const answer = await from.request({ method, url, headers: {}, body: undefined, signal: undefined });
  const parts: Buffer[] = [];
  await answer.receive(part => void parts.push(Buffer.from(part)));
  return { status: answer.head.status, text: Buffer.concat(parts).toString() };
}

describe('wire', () => {
  test('reads bodies with a length, in chunks, and to the end of the connection', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/length') response.setHeader('content-length', 5).end('hello');
      else if (request.url === '/close') response.setHeader('connection', 'close').end('hello');
      else response.write('hel', () => response.end('lo'));
    });
    const one = wire();
    for (const path of ['/length', '/chunks', '/close', '/length']) {
      expect(await get(one, new URL(path, url))).toEqual({ status: 200, text: 'hello' });
    }
    const closing = await serveBytes(socket => socket.end('HTTP/1.1 200 OK\r\n\r\nhello'));
    expect((await get(one, closing)).text).toBe('hello');
  });

  test('one connection serves one request after another', async () => {
    const ports = new Set<number>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort!);
      response.end('x');
    });
    const one = wire();
    for (let count = 0; count < 5; count += 1) await get(one, url);
    await get(one, url, 'HEAD');
    expect(ports.size).toBe(1);
  });

  test('a kept connection that the server has closed is replaced without an error', async () => {
    const url = await serve((_, response) =>
      response.end('x', () => setTimeout(() => response.socket?.destroy(), 5)),
    );
    const one = wire();
    for (let count = 0; count < 4; count += 1) {
      await get(one, url);
      await new Promise(resolve => setTimeout(resolve, 15));
    }
  });

  test('a slow receiver holds the sender back and loses nothing', async () => {
    const body = Buffer.alloc(3_000_000, 'abc');
    const url = await serve((_, response) => response.end(body));
    const answer = await wire().request({
      method: 'GET',
      url,
      headers: {},
      body: undefined,
      signal: undefined,
    });
    let seen = 0;
    await answer.receive(async part => {
      const copy = Buffer.from(part);
      await new Promise(resolve => setTimeout(resolve, 2));
      expect(part.equals(copy)).toBe(true);
      seen += part.length;
    });
    expect(seen).toBe(body.length);
  });

  test('an answer before the request has been sent ends the sending', async () => {
    const url = await serveBytes(socket => socket.write('HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n'));
    let given = 0;
    const body = async function* () {
      for (; given < 1000; given += 1) {
        yield Buffer.alloc(100_000);
        await new Promise(resolve => setTimeout(resolve, 1));
      }
    };
    const headers = { 'content-length': '100000000' };
    const answer = await wire().request({ method: 'PUT', url, headers, body, signal: undefined });
    expect(answer.head.status).toBe(413);
    await answer.receive(() => {});
    expect(given).toBeLessThan(1000);
  });

  test.each([
    ['nonsense', 'SSH-2.0-x\r\n\r\n', 'HTTP_SYNTAX'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 'HTTP_SYNTAX'],
    ['bytes after the end', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab', 'HTTP_SYNTAX'],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', 'HTTP_SYNTAX'],
    ['an end in the middle', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab', 'ECONNRESET'],
    ['an end in the head', 'HTTP/1.1 200 OK\r\nContent', 'ECONNRESET'],
    ['a head without end', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(100_000)}`, 'HTTP_SYNTAX'],
  ])('%s is an error', async (_, bytes, code) => {
    const url = await serveBytes(socket => socket.end(bytes));
    await expect(get(wire(), url)).rejects.toMatchObject({ code });
  });

  test('interim answers are passed over', async () => {
    const url = await serveBytes(socket =>
      socket.end(
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      ),
    );
    expect(await get(wire(), url)).toEqual({ status: 200, text: 'ok' });
  });

  test('silence ends in an error', async () => {
    const url = await serveBytes(() => {});
    await expect(get(wire(100), url)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  test('an abort ends a request with its reason', async () => {
    const url = await serveBytes(() => {});
    const stop = new AbortController();
    const request = wire().request({ method: 'GET', url, headers: {}, body: undefined, signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(request).rejects.toThrow('enough');
  });
});

describe('heads', () => {
  test('a header that would break out of its line is not written', () => {
    for (const value of ['a\r\nX: y', 'a\nb', 'a\0']) {
      expect(() => writeHead({ method: 'GET', target: '/', headers: { a: value } })).toThrow(
        'not well-formed',
      );
    }
    expect(() => writeHead({ method: 'GET', target: '/ HTTP/1.1\r\n', headers: {} })).toThrow(
      'not well-formed',
    );
  });

  test('several headers of one name are joined', () => {
    expect(parseHead('HTTP/1.1 200 OK\r\nLink: a\r\nlink: b').headers.get('link')).toBe('a, b');
  });
});

describe('bodies in chunks', () => {
  test('are the same however the bytes are cut', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(
        chunks,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 9 }),
        (parts, cuts) => {
          const framed = Buffer.concat([
            ...parts.flatMap(part => [
              Buffer.from(`${part.length.toString(16)};x=y\r\n`),
              part,
              Buffer.from('\r\n'),
            ]),
            Buffer.from('0\r\nTrailer: x\r\n\r\n'),
          ]);
          const decoder = decoderFor('GET', parseHead('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked'));
          const found: Buffer[] = [];
          for (let at = 0, turn = 0; at < framed.length; turn += 1) {
            const size = cuts[turn % cuts.length]!;
            expect(decoder.done).toBe(false);
            found.push(...decoder.push(framed.subarray(at, at + size)));
            at += size;
          }
          expect(decoder.done).toBe(true);
          expect(Buffer.concat(found).equals(Buffer.concat(parts))).toBe(true);
        },
      ),
    );
  });
});
