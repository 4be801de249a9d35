import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { resolveRequest } from '../../src/lock/index.ts';
import { openStore } from '../../src/store/store.ts';
import { networkOf, type Served, serve } from '../fetch/server.ts';

let folder: string;
let served: Served | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cogpack-url-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => served?.close());

function resolve(url: string) {
  const { config } = networkOf({});
  const context = {
    project: folder,
    config,
    store: openStore(join(folder, 'store')),
    signal: AbortSignal.timeout(60_000),
  };
  return resolveRequest({ kind: 'url', url }, context);
}

test('a URL is answered with the sha256 and size of its bytes', async () => {
  const bytes = Buffer.alloc(300_000, 'weights');
  served = await serve((request, response) => {
    if (request.url === '/here') response.writeHead(302, { location: '/there' }).end();
    else response.end(bytes);
  });
  expect(await resolve(`${served.url}/here`)).toEqual({
    sha256: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    size: 300_000,
  });
});

test('a URL that is not there is an error that names it', async () => {
  served = await serve((_, response) => response.writeHead(404).end());
  await expect(resolve(`${served.url}/gone`)).rejects.toMatchObject({
    code: 'fetch/not-found',
    message: expect.stringContaining('/gone'),
  });
});

test('a URL with a login in it is refused, without showing it', async () => {
  await expect(resolve('https://user:secret@example.org/a')).rejects.toMatchObject({
    code: 'lock/request',
    message: expect.not.stringContaining('secret'),
    hint: expect.stringContaining('.netrc'),
  });
  await expect(resolve('ftp://example.org/a')).rejects.toMatchObject({ code: 'fetch/location' });
});
