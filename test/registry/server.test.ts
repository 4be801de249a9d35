// The embedded server: what the protocol's suite does not ask, namely limits, restarts, many at once, TLS, and a folder
// that stays whole.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClientOptions, createClient, parseReference } from '../../registry-client/src/index.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../registry-client/src/server.ts';
import { makeCertificate } from './support/certificates.ts';
import { describe as describeBytes, makeImage, memorySink, randomBytes } from './support/images.ts';
import { hasProgram, temporaryDir } from './support/processes.ts';

let root: string;
let dir: string;
const closers: (() => unknown)[] = [];
beforeEach(() => {
  root = temporaryDir('server');
  dir = join(root, 'registry');
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  rmSync(root, { recursive: true, force: true });
});

async function start(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({ dir, ...options });
  closers.push(() => server.close());
  return server;
}

function client(options: ClientOptions = {}) {
  const created = createClient({ env: {}, retry: { attempts: 3, delayMs: 1 }, ...options });
  closers.push(() => created.close());
  return created;
}

const at = (server: RunningServer, name: string) => parseReference(`${server.url}/${name}`);
const blobNames = () => readdirSync(join(dir, 'blobs', 'sha256'));
const uploads = () => readdirSync(join(dir, 'registry', 'uploads'));
const image = makeImage(20, [1000, 300_000]);
const push = { manifest: image.manifest, open: image.open };

function expectWhole(): void {
  for (const name of blobNames()) {
    const bytes = readFileSync(join(dir, 'blobs', 'sha256', name));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(name);
  }
}

describe('the folder', () => {
  test('is an OCI image layout whose blobs are those that were pushed', async () => {
    const server = await start();
    await client().pushImage({ ...push, reference: at(server, 'model:v1') });
    expect(JSON.parse(readFileSync(join(dir, 'oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    });
    expect(blobNames()).toHaveLength(image.blobs.size);
    expect(uploads()).toEqual([]);
    expectWhole();
  });

  test('outlives the server, and serves two at a time', async () => {
    const first = await start();
    const second = await start();
    await client().pushImage({ ...push, reference: at(first, 'model:v1') });
    await first.close();
    const third = await start();
    for (const server of [second, third]) {
      const sink = memorySink();
      await client().pullImage({ reference: at(server, 'model:v1'), sink });
      expect(sink.blobs).toEqual(image.blobs);
    }
  });

  test('a blob that is gone from it is no longer served, and can be pushed again', async () => {
    const server = await start();
    const one = client();
    await one.pushImage({ ...push, reference: at(server, 'model:v1') });
    const [layer] = image.layers;
    rmSync(join(dir, 'blobs', 'sha256', layer!.digest.slice(7)));
    expect(await one.headBlob(at(server, 'model'), layer!.digest)).toBeUndefined();
    expect(await one.pushBlob(at(server, 'model'), layer!, image.open)).toBe('uploaded');
  });

  test('a repository does not give away the blobs of another, or of the layout', async () => {
    const server = await start();
    await client().pushImage({ ...push, reference: at(server, 'mine:v1') });
    const bytes = Buffer.from('in the layout only');
    const { digest } = describeBytes(bytes, '');
    writeFileSync(join(dir, 'blobs', 'sha256', digest.slice(7)), bytes);
    expect(await client().headBlob(at(server, 'other'), image.layers[0]!.digest)).toBeUndefined();
    expect(await client().headBlob(at(server, 'mine'), digest)).toBeUndefined();
  });

  test('uploads that nobody goes on with are removed after their time', async () => {
    const server = await start();
    await fetch(`${server.url}/v2/model/blobs/uploads/`, { method: 'POST' });
    await server.close();
    expect(uploads()).toHaveLength(1);
    const old = new Date(Date.now() - 25 * 3600 * 1000);
    utimesSync(join(dir, 'registry', 'uploads', uploads()[0]!), old, old);
    await (await start()).close();
    await expect.poll(uploads).toEqual([]);
  });
});

describe('uploads', () => {
  const bytes = randomBytes(21, 300_000);
  const { digest } = describeBytes(bytes, '');
  const patch = (url: URL, part: Uint8Array, range?: string) =>
    fetch(url, {
      method: 'PATCH',
      body: Buffer.from(part),
      headers: range === undefined ? {} : { 'content-range': range },
    });
  const begin = async (server: RunningServer) => {
    const answer = await fetch(`${server.url}/v2/model/blobs/uploads/`, { method: 'POST' });
    return new URL(answer.headers.get('location')!, server.url);
  };
  const finish = (url: URL) => fetch(`${url}?digest=${digest}`, { method: 'PUT' });

  test('go on after a restart of the server', async () => {
    const first = await start();
    const url = await begin(first);
    await patch(url, bytes.subarray(0, 100_000), '0-99999');
    await first.close();
    const second = await start();
    const moved = new URL(url.pathname, second.url);
    expect((await fetch(moved)).headers.get('range')).toBe('0-99999');
    await patch(moved, bytes.subarray(100_000), '100000-299999');
    expect((await finish(moved)).status).toBe(201);
    expectWhole();
  });

  test('keep what came before a connection broke', async () => {
    const server = await start();
    const url = await begin(server);
    await new Promise<void>(resolve => {
      const headers = { 'content-length': bytes.length };
      const request = httpRequest(url, { method: 'PATCH', headers });
      request.on('error', () => resolve());
      request.write(bytes.subarray(0, 200_000), () => setTimeout(() => request.destroy(), 50));
    });
    const have = async () => (await fetch(url)).headers.get('range');
    await expect.poll(have).toBe('0-199999');
    expect((await patch(url, bytes.subarray(200_000), '200000-299999')).status).toBe(202);
    expect((await finish(url)).status).toBe(201);
  });

  test('a newer request goes on where an older one hangs', async () => {
    const server = await start();
    const url = await begin(server);
    const socket = connect(Number(url.port), url.hostname);
    closers.push(() => socket.destroy());
    socket.on('error', () => {});
    socket.write(`PATCH ${url.pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\nabc`);
    await new Promise(resolve => setTimeout(resolve, 100));
    const answer = await patch(url, bytes);
    expect(answer.headers.get('range')).toBe('0-300002');
  });

  test('a chunk that does not follow is refused, and nothing is changed', async () => {
    const server = await start();
    const url = await begin(server);
    await patch(url, bytes.subarray(0, 10), '0-9');
    const answer = await patch(url, bytes.subarray(0, 10), '20-29');
    expect(answer.status).toBe(416);
    expect(answer.headers.get('range')).toBe('0-9');
  });

  test('bytes of another digest leave nothing behind', async () => {
    const server = await start();
    const url = await begin(server);
    await patch(url, bytes.subarray(1));
    const answer = await finish(url);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { errors: { code: string }[] }).errors[0]!.code).toBe('DIGEST_INVALID');
    expect(blobNames()).toEqual([]);
    expect(uploads()).toEqual([]);
  });

  test('a session is of one repository', async () => {
    const server = await start();
    const url = await begin(server);
    expect((await fetch(`${url}`.replace('/model/', '/other/'))).status).toBe(404);
  });
});

describe('many at once', () => {
  test('twelve clients push overlapping images; all are right', async () => {
    const server = await start();
    const images = Array.from({ length: 12 }, (_, index) => makeImage(50 + (index % 4), [50_000, 400_000]));
    await Promise.all(
      images.map(({ manifest, open }, index) =>
        client({ chunkBytes: 100_000 }).pushImage({
          reference: at(server, `model:v${index}`),
          manifest,
          open,
        }),
      ),
    );
    expect(blobNames()).toHaveLength(new Set(images.flatMap(each => [...each.blobs.keys()])).size);
    expectWhole();
    for (const [index, each] of images.entries()) {
      const sink = memorySink();
      await client().pullImage({ reference: at(server, `model:v${index}`), sink });
      expect(sink.blobs).toEqual(each.blobs);
    }
  });
});

describe('limits', () => {
  test('a blob or a manifest that is too large is refused', async () => {
    const server = await start({ limits: { blobBytes: 200_000, manifestBytes: 300 } });
    const one = client();
    const [small, large] = image.layers;
    expect(await one.pushBlob(at(server, 'model'), small!, image.open)).toBe('uploaded');
    await expect(one.pushBlob(at(server, 'model'), large!, image.open)).rejects.toMatchObject({
      status: 413,
    });
    const bytes = image.blobs.get(image.manifest.digest)!;
    const attempt = one.putManifest(at(server, 'model'), 'v1', bytes, image.manifest.mediaType);
    await expect(attempt).rejects.toMatchObject({ status: 413 });
    expect(blobNames()).toHaveLength(1);
  });

  test('who says nothing is let go', async () => {
    const server = await start({ limits: { idleMs: 100 } });
    const { port, hostname } = new URL(server.url);
    await new Promise<void>(resolve => {
      const socket = connect(Number(port), hostname, () => socket.write('PATCH /v2/'));
      socket.on('close', () => resolve());
    });
  });

  test('a read-only server gives and does not take', async () => {
    const writer = await start();
    await client().pushImage({ ...push, reference: at(writer, 'model:v1') });
    const reader = await start({ readOnly: true });
    await client().pullImage({ reference: at(reader, 'model:v1'), sink: memorySink() });
    const other = makeImage(22, [10]);
    const attempt = client().pushImage({
      reference: at(reader, 'model:v2'),
      manifest: other.manifest,
      open: other.open,
    });
    await expect(attempt).rejects.toMatchObject({ status: 405 });
  });

  test.each([
    '/v2/../../etc/passwd',
    '/v2/a/blobs/sha256:..%2f',
    '/v2/%2e%2e/tags/list',
    '/v2/A/tags/list',
    '/x',
    '/v2/a/manifests/..',
  ])('the address %s leads nowhere', async path => {
    const server = await start();
    const { port, hostname } = new URL(server.url);
    const status = await new Promise<number>((resolve, reject) => {
      httpRequest({ port, hostname, path }, answer => resolve(answer.resume().statusCode!))
        .on('error', reject)
        .end();
    });
    expect([400, 404]).toContain(status);
  });

  test('a manifest of blobs that the repository does not hold is refused', async () => {
    const server = await start();
    const bytes = image.blobs.get(image.manifest.digest)!;
    const attempt = client().putManifest(at(server, 'model'), 'v1', bytes, image.manifest.mediaType);
    await expect(attempt).rejects.toMatchObject({
      message: expect.stringContaining('MANIFEST_BLOB_UNKNOWN'),
    });
  });
});

describe.runIf(hasProgram('openssl'))('TLS', () => {
  test('a client that trusts the certificate pushes and pulls; one that does not says why', async () => {
    const tls = makeCertificate(root, 'localhost');
    const server = await start({ tls });
    expect(server.url).toMatch(/^https:/);
    const sink = memorySink();
    const trusting = client({ ca: tls.cert });
    await trusting.pushImage({ ...push, reference: at(server, 'model:v1') });
    await trusting.pullImage({ reference: at(server, 'model:v1'), sink });
    expect(sink.blobs).toEqual(image.blobs);
    const attempt = client().pullImage({ reference: at(server, 'model:v1'), sink });
    await expect(attempt).rejects.toMatchObject({ code: 'tls', hint: expect.stringContaining('authority') });
  });
});

describe('proxies', () => {
  test('plain HTTP goes through a proxy with an absolute address, and loopback hosts go past it', async () => {
    const server = await start();
    const seen: { url: string; authorization: string | undefined }[] = [];
    const proxy = createServer((request, response) => {
      seen.push({ url: request.url!, authorization: request.headers['proxy-authorization'] });
      const { pathname, search } = new URL(request.url!);
      const target = new URL(pathname + search, server.url);
      const { headers, method } = request;
      request.pipe(
        httpRequest(target, { method: method!, headers }, answer => {
          response.writeHead(answer.statusCode!, answer.headers);
          answer.pipe(response);
        }),
      );
    });
    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    const { port } = proxy.address() as AddressInfo;
    const proxied = client({
      env: { HTTP_PROXY: `http://me:secret@127.0.0.1:${port}`, NO_PROXY: '.direct.example' },
    });
    await proxied.pushImage({ ...push, reference: parseReference('http://registry.example/model:v1') });
    expect(seen[0]!.url).toBe('http://registry.example/v2/model/manifests/v1');
    expect(seen[0]!.authorization).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`);
    const count = seen.length;
    await proxied.pullImage({ reference: at(server, 'model:v1'), sink: memorySink() });
    expect(seen).toHaveLength(count);
  });

  test.runIf(hasProgram('openssl'))('HTTPS goes through a tunnel', async () => {
    const tls = makeCertificate(root, 'registry.example');
    const server = await start({ tls });
    const targets: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      targets.push(request.url!);
      const upstream = connect(Number(new URL(server.url).port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(upstream).pipe(socket);
      });
      for (const end of [socket, upstream]) end.on('error', () => {});
    });
    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
    closers.push(() => proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const proxied = client({ ca: tls.cert, env: { HTTPS_PROXY: `127.0.0.1:${port}` } });
    const reference = parseReference('https://registry.example/model:v1');
    await proxied.pushImage({ ...push, reference });
    const sink = memorySink();
    await proxied.pullImage({ reference, sink });
    expect(sink.blobs).toEqual(image.blobs);
    expect(new Set(targets)).toEqual(new Set(['registry.example:443']));
    proxied.close();
  });
});
