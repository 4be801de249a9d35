// Someone on the way, or an archive itself, gives other bytes than were locked: .debs, wheels, and an index's answers
// about them. Each is refused with what was expected. (InRelease and Packages: test/lock/debian*.test.ts.)
import { afterEach, expect, test } from 'vitest';
import { sha256 } from '../../src/base/digest.ts';
import { fetchVerified, type Location } from '../../src/fetch/index.ts';
import { networkOf, type Served, serve } from './server.ts';

const locked = Buffer.alloc(4096, 'locked');
const tampered = Buffer.alloc(4096, 'tampered');
const wheelName = 'thing-1.0-py3-none-any.whl';
const deb: Location = { kind: 'debian', archive: 'debian', filename: 'pool/main/t/thing_1.0_all.deb' };
const wheel: Location = { kind: 'python', project: 'thing', filename: wheelName };

let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

type Page = { readonly hash?: string; readonly size?: number };

/** A mirror and an index that serve `bytes`; the index says of them what `page` says. */
async function fetchFrom(location: Location, name: string, bytes: Buffer, page: Page = {}): Promise<Buffer> {
  served = await serve((request, response) => {
    if (!request.url!.startsWith('/simple/')) return response.end(bytes);
    const file = {
      filename: wheelName,
      url: `/files/${wheelName}`,
      hashes: page.hash === undefined ? {} : { sha256: page.hash.replace('sha256:', '') },
      ...(page.size !== undefined && { size: page.size }),
    };
    response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
    return response.end(JSON.stringify({ name: 'thing', files: [file] }));
  });
  const { url } = served;
  const network = networkOf({ UV_DEFAULT_INDEX: `${url}/simple` }, '/nonexistent', {
    debianMirror: `${url}/debian`,
  });
  const parts: Uint8Array[] = [];
  const wanted = { sha256: sha256(locked), size: locked.length, name };
  const sink = { write: (part: Uint8Array) => void parts.push(Buffer.from(part)) };
  const signal = AbortSignal.timeout(60_000);
  await fetchVerified(location, wanted, network, sink, { signal, progress() {} });
  return Buffer.concat(parts);
}

const refused = (name: string) => ({
  code: 'fetch/sha256',
  message: expect.stringMatching(new RegExp(`${name}.*${sha256(locked)}.*${sha256(tampered)}`)),
});
/** The index itself tells of the other bytes, so they are not fetched. */
const refusedByPage = (name: string) => ({
  code: 'fetch/sha256',
  message: expect.stringMatching(new RegExp(`${name}.*${sha256(tampered)}; expected ${sha256(locked)}`)),
});

test('what was locked is fetched', async () => {
  expect(await fetchFrom(deb, 'thing_1.0_all.deb', locked)).toEqual(locked);
  await served!.close();
  expect(await fetchFrom(wheel, wheelName, locked, { hash: sha256(locked) })).toEqual(locked);
});

test('a .deb of other bytes is refused', async () => {
  await expect(fetchFrom(deb, 'thing_1.0_all.deb', tampered)).rejects.toMatchObject(
    refused('thing_1.0_all.deb'),
  );
});

test('a wheel of other bytes is refused, whatever its index says of it', async () => {
  const right = { hash: sha256(locked), size: locked.length };
  await expect(fetchFrom(wheel, wheelName, tampered, right)).rejects.toMatchObject(refused(wheelName));
  await served!.close();
  await expect(fetchFrom(wheel, wheelName, tampered)).rejects.toMatchObject(refused(wheelName));
});

test('an index that states another hash is refused without a fetch', async () => {
  const built = fetchFrom(wheel, wheelName, tampered, { hash: sha256(tampered) });
  await expect(built).rejects.toMatchObject(refusedByPage(wheelName));
  expect(served!.requests.map(({ path }) => path)).toEqual(['/simple/thing/']);
});

test('a .deb or wheel that is longer than was locked is refused', async () => {
  const longer = Buffer.concat([locked, Buffer.alloc(1)]);
  await expect(fetchFrom(deb, 'thing_1.0_all.deb', longer)).rejects.toMatchObject({ code: 'fetch/size' });
  await served!.close();
  await expect(fetchFrom(wheel, wheelName, longer)).rejects.toMatchObject({ code: 'fetch/size' });
});
