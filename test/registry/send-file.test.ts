// Files that are sent over a connection: their very bytes, from any place to any other, to receivers of any speed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createClient, type Descriptor, parseReference } from '../../registry-client/src/index.ts';
import { startServer } from '../../registry-client/src/server.ts';
import { nativeFor } from '../../registry-client/src/wire/native.ts';
import type { Tls } from '../../registry-client/src/wire/open.ts';
import { createWire } from '../../registry-client/src/wire/wire.ts';
import { makeCertificate } from './support/certificates.ts';
import { randomBytes } from './support/images.ts';
import { temporaryDir } from './support/processes.ts';

const size = 24_000_001;
let dir: string;
let path: string;
let bytes: Buffer;
beforeAll(() => {
  dir = temporaryDir('send-file');
  path = join(dir, 'blob');
  bytes = randomBytes(1, size);
  writeFileSync(path, bytes);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

async function serve(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
  return listen(createServer(listener), 'http');
}

async function listen(server: Server | HttpsServer, scheme: string): Promise<URL> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

/** Answers with the digest of what came; rests between parts for as long as a request asks. */
const digesting = async (request: IncomingMessage, response: ServerResponse) => {
  const hash = createHash('sha256');
  const restMs = Number(request.headers['x-rest'] ?? 0);
  try {
    for await (const part of request) {
      hash.update(part);
      if (restMs > 0) await sleep(restMs);
    }
    response.end(hash.digest('hex'));
  } catch {
    // the sender has gone
  }
};

function wire(tls: Tls = {}) {
  const created = createWire({ tlsFor: () => tls, proxies: { forUrl: () => undefined }, idleMs: 5000 });
  closers.push(() => created.close());
  return created;
}

async function put(
  over: ReturnType<typeof wire>,
  url: URL,
  range: { path: string; start: number; end: number },
  rest = 0,
) {
  const answer = await over.request({
    method: 'PUT',
    url,
    headers: { 'content-length': String(range.end - range.start), 'x-rest': String(rest) },
    body: () => range,
    signal: undefined,
  });
  let text = '';
  await answer.receive(part => {
    text += part.toString();
  });
  return text;
}

describe('a file', () => {
  test.skipIf(process.platform !== 'linux' || Number(process.versions.node.split('.')[0]) < 26)(
    'is sent by the system where there is sendfile',
    () => expect(nativeFor(size)).toBeDefined(),
  );

  test('arrives whole, one after another over one connection', async () => {
    const url = await serve(digesting);
    const over = wire();
    for (let count = 0; count < 3; count += 1) {
      expect(await put(over, url, { path, start: 0, end: size })).toBe(sha256(bytes));
    }
  });

  test('arrives whole at a receiver that is slow', async () => {
    const url = await serve(digesting);
    expect(await put(wire(), url, { path, start: 0, end: size }, 2)).toBe(sha256(bytes));
  });

  test('arrives from any place to any other', async () => {
    const url = await serve(digesting);
    const over = wire();
    const place = fc.oneof(
      fc.nat(size),
      fc.nat(4096),
      fc.constantFrom(1 << 20, (1 << 20) + 1, 8 << 20, size),
    );
    await fc.assert(
      fc.asyncProperty(place, place, async (one, other) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)];
        expect(await put(over, url, { path, start, end })).toBe(sha256(bytes.subarray(start, end)));
      }),
      { numRuns: 40 },
    );
  });

  test('several at once do not mix', async () => {
    const url = await serve(digesting);
    const over = wire();
    const starts = [0, 1, 2_000_000, 5_000_003, 9_999_999];
    const found = await Promise.all(starts.map(start => put(over, url, { path, start, end: size }, 1)));
    expect(found).toEqual(starts.map(start => sha256(bytes.subarray(start))));
  });

  test('arrives whole over TLS, where it is read and written', async () => {
    const own = makeCertificate(dir, 'server');
    const server = createHttpsServer({ cert: own.cert, key: own.key }, digesting);
    const url = await listen(server, 'https');
    const over = wire({ ca: own.cert });
    for (const rest of [0, 1]) {
      expect(await put(over, url, { path, start: 1, end: size }, rest)).toBe(sha256(bytes.subarray(1)));
    }
  });

  test('that is shorter than it should be, or is gone, is an error of the file', async () => {
    const url = await serve(digesting);
    await expect(put(wire(), url, { path, start: 0, end: size + 1 })).rejects.toMatchObject({
      cause: { code: 'size', message: `${path}: expected ${size + 1} bytes or more, found ${size}` },
    });
    const gone = join(dir, 'gone');
    await expect(put(wire(), url, { path: gone, start: 0, end: size })).rejects.toMatchObject({
      cause: { code: 'ENOENT' },
    });
  });

  test('is not sent on when the answer comes before its end', async () => {
    const url = await serve((_, response) => response.writeHead(413).end('too much'));
    expect(await put(wire(), url, { path, start: 0, end: size })).toBe('too much');
  });

  test('whose receiver goes away ends in an error of the connection, and is not read on', async () => {
    const url = await serve(request => request.once('data', () => request.socket.destroy()));
    const long = join(dir, 'long');
    writeFileSync(long, '');
    truncateSync(long, 2 ** 40);
    await expect(put(wire(), url, { path: long, start: 0, end: 2 ** 40 })).rejects.toMatchObject({
      code: expect.stringMatching(/EPIPE|ECONNRESET/),
    });
  });

  test('stops when it is told to', async () => {
    const stop = new AbortController();
    const url = await serve(request => request.once('data', () => stop.abort(new Error('enough'))));
    const request = wire().request({
      method: 'PUT',
      url,
      headers: { 'content-length': String(size) },
      body: () => ({ path, start: 0, end: size }),
      signal: stop.signal,
    });
    await expect(request).rejects.toThrow('enough');
  });
});

describe('a blob from a file', () => {
  test('is pushed whole and in chunks, and its errors name the file', async () => {
    const folder = join(dir, 'registry');
    mkdirSync(folder);
    const server = await startServer({ dir: folder });
    closers.push(() => server.close());
    const repository = parseReference(`${server.url}/model:v1`);
    const blob: Descriptor = {
      mediaType: 'application/octet-stream',
      digest: `sha256:${sha256(bytes)}`,
      size,
    };
    const stored = join(folder, 'blobs', 'sha256', sha256(bytes));
    for (const chunkBytes of [64 << 20, 5_000_000]) {
      const client = createClient({ env: {}, chunkBytes, retry: { attempts: 2, delayMs: 1 } });
      closers.push(() => client.close());
      expect(await client.pushBlob(repository, blob, () => ({ path }))).toBe('uploaded');
      expect(readFileSync(stored).equals(bytes)).toBe(true);
      rmSync(stored);

      const short = join(dir, 'short');
      writeFileSync(short, bytes.subarray(0, size - 1));
      await expect(client.pushBlob(repository, blob, () => ({ path: short }))).rejects.toMatchObject({
        code: 'size',
        message: expect.stringContaining(short),
      });
      const wrong = join(dir, 'wrong');
      writeFileSync(wrong, Buffer.concat([bytes.subarray(0, size - 1), Buffer.from([bytes[size - 1]! ^ 1])]));
      expect(statSync(wrong).size).toBe(size);
      await expect(client.pushBlob(repository, blob, () => ({ path: wrong }))).rejects.toMatchObject({
        code: 'digest',
      });
      await expect(
        client.pushBlob(repository, blob, () => ({ path: join(dir, 'gone') })),
      ).rejects.toMatchObject({ code: 'ENOENT' });
      expect(existsSync(stored)).toBe(false);
    }
  });
});
