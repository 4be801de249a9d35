import { afterEach, expect, test } from 'vitest';
import { sha256 } from '../../src/base/digest.ts';
import { fetchVerified, type Location } from '../../src/fetch/index.ts';
import { filesOfHtml, filesOfJson } from '../../src/fetch/python-index.ts';
import { networkOf, type Served, serve } from './server.ts';

const content = Buffer.from('the bytes of a wheel');
const hex = sha256(content).slice(7);
const wanted = { sha256: sha256(content), size: content.length, name: 'My.Thing' };
const filename = 'my_thing-1.0-py3-none-any.whl';
const location: Location = { kind: 'python', project: 'My.Thing', filename };
const json = 'application/vnd.pypi.simple.v1+json';

let served: Served | undefined;
afterEach(() => served?.close());

async function get(env: NodeJS.ProcessEnv, place: Location = location): Promise<string> {
  const parts: Uint8Array[] = [];
  const signal = AbortSignal.timeout(60_000);
  await fetchVerified(place, wanted, networkOf(env), { write: bytes => void parts.push(bytes) }, { signal });
  return Buffer.concat(parts).toString();
}

/** An index at each path, with one file of a hash. */
function serveIndexes(hashes: Readonly<Record<string, string>>): Promise<Served> {
  return serve((request, response) => {
    const index = /^\/(\w+)\/simple\/my-thing\/$/.exec(request.url!)?.[1];
    if (request.url!.endsWith('.whl')) return void response.end(content);
    if (index === undefined || hashes[index] === undefined) return void response.writeHead(404).end();
    response.setHeader('content-type', json);
    response.end(
      JSON.stringify({
        meta: { 'api-version': '1.1' },
        name: 'my-thing',
        files: [{ filename, url: `../../files/${filename}`, hashes: { sha256: hashes[index] } }],
      }),
    );
  });
}

test('a file is found on the page of its project, whose name is normalised', async () => {
  served = await serveIndexes({ main: hex });
  expect(await get({ UV_DEFAULT_INDEX: `${served.url}/main/simple` })).toBe('the bytes of a wheel');
  expect(served.requests.map(({ path }) => path)).toEqual([
    '/main/simple/my-thing/',
    `/main/files/${filename}`,
  ]);
});

test('indexes are asked in their order until one has the file with the hash that was locked', async () => {
  served = await serveIndexes({ other: '0'.repeat(64), main: hex });
  const env = {
    UV_INDEX: `${served.url}/none/simple named=${served.url}/other/simple`,
    UV_DEFAULT_INDEX: `${served.url}/main/simple/`,
  };
  expect(await get(env)).toBe('the bytes of a wheel');
});

test('an index that has the file with another hash is named', async () => {
  served = await serveIndexes({ main: '0'.repeat(64) });
  await expect(get({ UV_DEFAULT_INDEX: `${served.url}/main/simple` })).rejects.toMatchObject({
    code: 'fetch/sha256',
    message: expect.stringMatching(
      /My\.Thing: .*\/main\/simple\/my-thing\/ has .* with sha256:0{64}; expected sha256:/,
    ),
  });
});

test('a file on no index is an error that names the indexes without their logins', async () => {
  served = await serveIndexes({ main: hex });
  const index = `${served.url.replace('//', '//ann:s3cret@')}/main/simple`;
  const error = await get({ UV_DEFAULT_INDEX: index }, { ...location, filename: 'other.whl' }).catch(e => e);
  expect(error).toMatchObject({ code: 'fetch/not-found', message: expect.stringContaining('/main/simple') });
  expect(error.message).not.toContain('s3cret');
});

test("an index's login goes to its own files", async () => {
  served = await serveIndexes({ main: hex });
  await get({ UV_DEFAULT_INDEX: `${served.url.replace('//', '//ann:s3cret@')}/main/simple` });
  expect(served.requests.map(({ headers }) => headers.authorization)).toEqual(
    Array(2).fill(`Basic ${Buffer.from('ann:s3cret').toString('base64')}`),
  );
});

test('an index that the lock names is the only one asked', async () => {
  served = await serveIndexes({ own: hex });
  const index = `${served.url}/own/simple`;
  expect(await get({ UV_DEFAULT_INDEX: `${served.url}/main/simple` }, { ...location, index })).toBeTruthy();
  expect(served.requests.some(({ path }) => path.startsWith('/main'))).toBe(false);
});

test('a page that is no JSON is refused', async () => {
  served = await serve((_, response) => response.setHeader('content-type', json).end('<html>'));
  await expect(get({ UV_DEFAULT_INDEX: served.url })).rejects.toMatchObject({ code: 'fetch/index' });
});

test('HTML pages give names, URLs and hashes', () => {
  const page = `<!DOCTYPE html><html><head><base href="/files/"></head><body>
    <a href="a-1.0.tar.gz#sha256=${hex}" data-requires-python="&gt;=3.8">a-1.0.tar.gz</a><br/>
    <A class=x href='b%2B1.whl?x=1&amp;y=2'>
      b+1.whl </A>
    <a name="nothing">no link</a>
    <a href=//cdn.example/c.whl#md5=00>c.whl</a></body></html>`;
  expect(filesOfHtml(page, 'https://index.example/simple/a/')).toEqual([
    {
      filename: 'a-1.0.tar.gz',
      url: 'https://index.example/files/a-1.0.tar.gz',
      sha256: hex,
      size: undefined,
    },
    {
      filename: 'b+1.whl',
      url: 'https://index.example/files/b%2B1.whl?x=1&y=2',
      sha256: undefined,
      size: undefined,
    },
    { filename: 'c.whl', url: 'https://cdn.example/c.whl', sha256: undefined, size: undefined },
  ]);
});

test('JSON pages give names, absolute URLs, hashes and sizes', () => {
  const file = { filename: 'a.whl', url: '../a.whl', hashes: { sha256: hex.toUpperCase() }, size: 3 };
  expect(filesOfJson(JSON.stringify({ files: [file] }), 'https://index.example/simple/a/')).toEqual([
    { filename: 'a.whl', url: 'https://index.example/simple/a.whl', sha256: hex, size: 3 },
  ]);
});
