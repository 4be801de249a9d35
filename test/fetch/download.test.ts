import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { sha256 } from '../../src/base/digest.ts';
import { createDownload, fetchVerified, type Location, type Network } from '../../src/fetch/index.ts';
import { networkOf, type Served, serve } from './server.ts';

const content = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7 + (at >> 9)) & 0xff));
const wanted = { sha256: sha256(content), size: content.length, name: 'thing 1.0 (thing-1.0.bin)' };
const half = content.length / 2;

let served: Served | undefined;
let folder: string | undefined;
afterEach(async () => {
  await served?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true });
  served = undefined;
  folder = undefined;
});

async function get(location: Location, network: Network = networkOf({}), expected = wanted): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const signal = AbortSignal.timeout(60_000);
  await fetchVerified(location, expected, network, { write: bytes => void parts.push(bytes) }, { signal });
  return Buffer.concat(parts);
}

const at = (path = '/thing-1.0.bin'): Location => ({ kind: 'url', url: `${served!.url}${path}` });

test('bytes of a URL arrive whole and in order', async () => {
  served = await serve((_, response) => response.end(content));
  expect(await get(at())).toEqual(content);
});

test('other bytes of the same size are refused with what was expected and what was found', async () => {
  const other = Buffer.from(content).fill(0, 5, 6);
  served = await serve((_, response) => response.end(other));
  await expect(get(at())).rejects.toMatchObject({
    code: 'fetch/sha256',
    message: expect.stringMatching(
      new RegExp(
        `^thing 1\\.0 .*/thing-1\\.0\\.bin has other bytes: expected ${wanted.sha256}, found ${sha256(other)}$`,
      ),
    ),
    hint: expect.stringContaining('cogpack lock'),
  });
});

test('a file of another size is refused before it is read', async () => {
  served = await serve((_, response) => response.setHeader('content-length', 12).end('not so large'));
  await expect(get(at())).rejects.toMatchObject({
    code: 'fetch/size',
    message: expect.stringContaining('has 12 bytes; expected 300000'),
  });
});

test('a file without a stated size that is too long or too short is refused', async () => {
  served = await serve((request, response) => {
    response.write(request.url === '/long' ? content : content.subarray(0, half));
    response.end('x');
  });
  await expect(get(at('/long'))).rejects.toMatchObject({ code: 'fetch/size' });
  await expect(get(at('/short'))).rejects.toMatchObject({ code: 'fetch/size' });
});

test('a download that breaks off every time is given up, with where it stopped', async () => {
  served = await serve((_, response) => {
    response.setHeader('content-length', content.length);
    response.write(content.subarray(0, half), () => response.destroy());
  });
  const network = networkOf({});
  await expect(get(at(), network)).rejects.toMatchObject({
    code: 'fetch/network',
    message: expect.stringMatching(/^thing 1\.0 .* after 150000 bytes: .*\(tried 5 times\)$/),
  });
  expect(network.pauses).toEqual([500, 1000, 2000, 4000]);
});

test('a download that breaks off goes on from where it was', async () => {
  served = await serve((request, response, count) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from > 0) response.writeHead(206, { 'content-range': `bytes ${from}-299999/300000` });
    else response.setHeader('content-length', content.length);
    if (count > 2) response.end(content.subarray(from));
    else response.write(content.subarray(from, from + 100_000), () => response.destroy());
  });
  expect(await get(at())).toEqual(content);
  expect(served.requests.map(({ headers }) => headers.range)).toEqual([
    undefined,
    'bytes=100000-',
    'bytes=200000-',
  ]);
});

test('a server that starts anew after a break gives no byte twice', async () => {
  served = await serve((_, response, count) => {
    response.setHeader('content-length', content.length);
    if (count > 2) response.end(content);
    else response.write(content.subarray(0, half), () => response.destroy());
  });
  expect(await get(at())).toEqual(content);
});

test('a busy server is asked again after the time that it asks for', async () => {
  served = await serve((_, response, count) => {
    if (count === 1) response.writeHead(503, { 'retry-after': '7' }).end();
    else response.end(content);
  });
  const network = networkOf({});
  expect(await get(at(), network)).toEqual(content);
  expect(network.pauses).toEqual([7000]);
});

test('a missing file and a refusal are not asked for again', async () => {
  served = await serve((request, response) => response.writeHead(request.url === '/gone' ? 404 : 403).end());
  await expect(get(at('/gone'))).rejects.toMatchObject({ code: 'fetch/not-found' });
  await expect(get(at('/secret'))).rejects.toMatchObject({
    code: 'fetch/denied',
    hint: expect.stringContaining('.netrc'),
  });
  expect(served.requests.length).toBe(2);
});

test('no server is an error that says what was tried', async () => {
  served = await serve((_, response) => response.end());
  const location = at();
  await served.close();
  await expect(get(location)).rejects.toMatchObject({
    code: 'fetch/network',
    message: expect.stringMatching(/ECONNREFUSED.*tried 5 times/),
  });
});

test('a login goes into the header and into no message', async () => {
  served = await serve((request, response) => {
    const isKnown = request.headers.authorization === `Basic ${Buffer.from('ann:s3cret').toString('base64')}`;
    response.writeHead(isKnown ? 404 : 401).end();
  });
  const url = `${served.url.replace('//', '//ann:s3cret@')}/x?token=t0ken`;
  const error = await get({ kind: 'url', url }).catch(caught => caught);
  expect(error).toMatchObject({ code: 'fetch/not-found' });
  expect(`${error.message}${error.hint}`).not.toMatch(/s3cret|t0ken/);
});

test('netrc gives the login of a host', async () => {
  folder = mkdtempSync(join(tmpdir(), 'cogpack-fetch-'));
  writeFileSync(join(folder, '.netrc'), 'machine 127.0.0.1 login ann password s3cret\n');
  served = await serve((request, response) => {
    if (request.headers.authorization?.startsWith('Basic ')) response.end(content);
    else response.writeHead(401).end();
  });
  expect(await get(at(), networkOf({ HOME: folder }))).toEqual(content);
});

test('a redirect to another host does not take the login along', async () => {
  const other = await serve((_, response) => response.end(content));
  try {
    served = await serve((_, response) =>
      response.writeHead(302, { location: other.url.replace('127.0.0.1', 'localhost') }).end(),
    );
    await get({ kind: 'url', url: `${served.url.replace('//', '//ann:s3cret@')}/x` });
    expect(other.requests[0]!.headers.authorization).toBeUndefined();
  } finally {
    await other.close();
  }
});

test('a proxy of the environment is used, but not for hosts that are excepted', async () => {
  const files = await serve((_, response) => response.end(content));
  const proxy = createServer();
  const reached: string[] = [];
  proxy.on('connect', (request, socket) => {
    reached.push(request.url!);
    const { port } = new URL(files.url);
    const target = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(target).pipe(socket);
    });
  });
  proxy.on('request', (request, response) => {
    reached.push(new URL(request.url!).host);
    response.end(content);
  });
  try {
    await new Promise<void>(done => proxy.listen(0, '127.0.0.1', done));
    const { port } = proxy.address() as AddressInfo;
    const network = networkOf({ HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '127.0.0.1' });
    expect(await get({ kind: 'url', url: 'http://files.example/thing' }, network)).toEqual(content);
    expect(await get({ kind: 'url', url: `${files.url}/thing` }, network)).toEqual(content);
    expect(reached.map(host => host.replace(/:80$/, ''))).toEqual(['files.example']);
  } finally {
    await files.close();
    proxy.closeAllConnections();
    proxy.close();
  }
});

test('an aborted download ends at once', async () => {
  served = await serve((_, response) => void response.write(content.subarray(0, half)));
  const control = new AbortController();
  const done = fetchVerified(
    at(),
    wanted,
    networkOf({}),
    { write: () => control.abort() },
    { signal: control.signal },
  );
  await expect(done).rejects.toMatchObject({ name: 'AbortError' });
});

test('a Debian file comes from the first mirror that has it', async () => {
  served = await serve((request, response) => {
    if (request.url === '/b/debian/pool/main/t/thing%2B1/thing_1.deb') response.end(content);
    else response.writeHead(404).end();
  });
  const roots = new Map([['debian', [`${served.url}/a/debian`, `${served.url}/b/debian`]]]);
  const network = networkOf({});
  const both = { ...network, config: { ...network.config, debianArchives: () => roots } };
  const filename = 'pool/main/t/thing+1/thing_1.deb';
  expect(await get({ kind: 'debian', archive: 'debian', filename }, both)).toEqual(content);
  await expect(
    get({ kind: 'debian', archive: 'debian', filename: 'pool/main/t/thing/thing_0.deb' }, both),
  ).rejects.toMatchObject({ code: 'fetch/not-found', hint: expect.stringContaining('--update debian') });
  await expect(get({ kind: 'debian', archive: 'backports', filename }, both)).rejects.toMatchObject({
    code: 'fetch/no-mirror',
  });
});

test('a path that leaves the archive or the project is refused', async () => {
  const network = networkOf({ COGPACK_DEBIAN_MIRROR: 'http://127.0.0.1:9/debian' });
  for (const location of [
    { kind: 'debian', archive: 'debian', filename: 'pool/../../x.deb' },
    { kind: 'file', path: '../x.whl' },
    { kind: 'file', path: '/etc/passwd' },
    { kind: 'url', url: 'file:///etc/passwd' },
  ] satisfies Location[]) {
    await expect(get(location, network)).rejects.toMatchObject({ code: 'fetch/location' });
  }
});

test('a file of the project is read from there', async () => {
  folder = mkdtempSync(join(tmpdir(), 'cogpack-fetch-'));
  writeFileSync(join(folder, 'local.whl'), content);
  const network = networkOf({}, folder);
  expect(await get({ kind: 'file', path: 'local.whl' }, network)).toEqual(content);
  await expect(get({ kind: 'file', path: 'missing.whl' }, network)).rejects.toMatchObject({
    code: 'fetch/file',
  });
});

test('what is no location is refused by the way that builders are given', async () => {
  const download = createDownload({});
  const signal = new AbortController().signal;
  await expect(
    download(
      { kind: 'ftp' },
      wanted,
      () => {},
      signal,
      () => {},
    ),
  ).rejects.toMatchObject({ code: 'fetch/location', hint: expect.stringContaining('kind: python') });
});
