// The builder fetch with its network, against a server on loopback: what is in the store afterwards.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/canonical.ts';
import { sha256 } from '../../src/base/digest.ts';
import type { Download } from '../../src/builders/builder.ts';
import { fetch } from '../../src/builders/fetch.ts';
import { fetchVerified, type Location } from '../../src/fetch/index.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { networkOf, type Served, serve } from './server.ts';

const bytes = Buffer.alloc(400_000, 'numpy');
const expected = { sha256: sha256(bytes), size: bytes.length };
let folder: string;
let store: Store;
let served: Served | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cogpack-fetch-'));
  store = openStore(join(folder, 'store'));
});
afterEach(async () => {
  await served?.close();
  served = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function build(location: Json | undefined, args = expected, download?: Download) {
  const network = networkOf({});
  const ownDownload: Download = (found, wanted, write, signal, progress) =>
    fetchVerified(found as Location, wanted, network, { write }, { signal, progress });
  const { file } = await fetch.build(
    fetch.args.parse(args),
    {},
    {
      name: 'numpy-2.0-py3-none-any.whl',
      platform: 'any',
      store,
      root: undefined,
      location,
      download: download ?? ownDownload,
      signal: AbortSignal.timeout(60_000),
      progress() {},
    },
  );
  return file!;
}

function stored(): string[] {
  return ['blobs/sha256', 'cogpack/tmp'].flatMap(dir => readdirSync(join(store.dir, dir)));
}

describe('a fetch', () => {
  test('puts the bytes into the store under their sha256', async () => {
    served = await serve((_, response) => response.end(bytes));
    const file = await build({ kind: 'url', url: `${served.url}/numpy` });
    expect(file).toMatchObject({ digest: expected.sha256, size: expected.size });
    expect(readFileSync(store.blobPath(file)).equals(bytes)).toBe(true);
    expect(stored()).toHaveLength(1);
  });

  test('takes what the store holds already, without asking anyone', async () => {
    store.writeBlob('application/octet-stream', bytes);
    expect(await build(undefined)).toMatchObject({ digest: expected.sha256 });
  });

  test('of other bytes is refused by name, and leaves nothing in the store', async () => {
    const other = Buffer.alloc(bytes.length, 'evil!');
    served = await serve((_, response) => response.end(other));
    await expect(build({ kind: 'url', url: `${served.url}/numpy` })).rejects.toMatchObject({
      code: 'fetch/sha256',
      message: expect.stringMatching(
        new RegExp(`numpy-2\\.0-py3-none-any\\.whl.*${expected.sha256}.*${sha256(other)}`),
      ),
    });
    expect(stored()).toEqual([]);
  });

  test('that always breaks off is refused by name, and leaves nothing in the store', async () => {
    served = await serve((_, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 100_000), () => response.destroy());
    });
    await expect(build({ kind: 'url', url: `${served.url}/numpy` })).rejects.toMatchObject({
      code: 'fetch/network',
      message: expect.stringContaining('numpy-2.0-py3-none-any.whl'),
    });
    expect(stored()).toEqual([]);
  });

  test.each([
    ['fewer', bytes.subarray(0, 1000)],
    ['more', Buffer.concat([bytes, bytes])],
  ])('of %s bytes than are locked is refused, and leaves nothing in the store', async (_, body) => {
    served = await serve((_, response) => {
      for (let at = 0; at < body.length; at += 65_536) response.write(body.subarray(at, at + 65_536));
      response.end();
    });
    await expect(build({ kind: 'url', url: `${served.url}/numpy` })).rejects.toMatchObject({
      code: 'fetch/size',
      message: expect.stringContaining(`expected ${bytes.length}`),
    });
    expect(stored()).toEqual([]);
  });

  test('whose place nobody knows is refused', async () => {
    await expect(build(undefined)).rejects.toMatchObject({ code: 'fetch/location' });
  });

  test('does not take the word of the network: the store hashes for itself', async () => {
    const lying: Download = async (_location, _expected, write) => write(Buffer.from('other'));
    await expect(build({ kind: 'url', url: 'https://a.invalid/' }, expected, lying)).rejects.toMatchObject({
      code: 'fetch/sha256',
    });
  });
});
