// Reads one file of a wheel on an index without fetching the wheel: the central directory at the zip's end names where
// it lies (PKWARE APPNOTE 6.3.10), and HTTP ranges (RFC 9110, 14) bring these bytes alone. For scripts: what is read so
// is not verified by a hash, and becomes facts that a person looks over.
import { inflateRawSync } from 'node:zlib';

const endSize = 22;
const centralSize = 46;
const localSize = 30;
const tailSize = 2 ** 16;

export type RemoteWheel = { readonly url: string; readonly size: number };

type Entry = { name: string; method: number; compressed: number; offset: number };

const directories = new Map<string, Promise<readonly Entry[]>>();

/** The METADATA of a wheel. */
export async function remoteMetadata(wheel: RemoteWheel): Promise<string> {
  const text = await remoteFile(wheel, /^[^/]+\.dist-info\/METADATA$/);
  if (text === undefined) throw new Error(`${wheel.url}: no METADATA`);
  return text.toString('utf8');
}

/** The first file of a wheel whose name matches; undefined if there is none. The file is held in memory. */
export async function remoteFile(wheel: RemoteWheel, name: RegExp): Promise<Buffer | undefined> {
  const listing = directories.get(wheel.url) ?? readDirectory(wheel);
  directories.set(wheel.url, listing);
  const entry = (await listing).find(each => name.test(each.name));
  if (entry === undefined) return undefined;
  const header = await range(wheel.url, entry.offset, entry.offset + localSize);
  const start = entry.offset + localSize + header.readUInt16LE(26) + header.readUInt16LE(28);
  const data = await range(wheel.url, start, start + entry.compressed);
  return entry.method === 0 ? data : inflateRawSync(data);
}

async function readDirectory({ url, size }: RemoteWheel): Promise<readonly Entry[]> {
  const tailStart = Math.max(0, size - tailSize);
  const tail = await range(url, tailStart, size);
  const end = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || end + endSize > tail.length) throw new Error(`${url}: no end of a central directory`);
  const length = tail.readUInt32LE(end + 12);
  const start = tail.readUInt32LE(end + 16);
  const directory =
    start >= tailStart
      ? tail.subarray(start - tailStart, start - tailStart + length)
      : await range(url, start, start + length);
  return [...entriesOf(directory)];
}

function* entriesOf(directory: Buffer): Generator<Entry> {
  for (let at = 0; at + centralSize <= directory.length; ) {
    const nameEnd = at + centralSize + directory.readUInt16LE(at + 28);
    yield {
      name: directory.toString('utf8', at + centralSize, nameEnd),
      method: directory.readUInt16LE(at + 10),
      compressed: directory.readUInt32LE(at + 20),
      offset: directory.readUInt32LE(at + 42),
    };
    at = nameEnd + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
}

async function range(url: string, start: number, end: number): Promise<Buffer> {
  if (start === end) return Buffer.alloc(0);
  const response = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` } });
  if (response.status !== 206) throw new Error(`${url}: status ${response.status} for a range`);
  return Buffer.from(await response.arrayBuffer());
}
