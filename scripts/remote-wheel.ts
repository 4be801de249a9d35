// Reads METADATA of a wheel on an index without fetching the wheel: the central directory at the zip's end names where
// it lies (PKWARE APPNOTE 6.3.10), and HTTP ranges (RFC 9110, 14) bring these bytes alone. For scripts: what is read so
// is not verified by a hash, and becomes facts that a person looks over.
import { inflateRawSync } from 'node:zlib';

const tailSize = 2 ** 17;

/** The METADATA of the wheel at `url`, whose size in bytes is `size`. */
export async function remoteMetadata(url: string, size: number): Promise<string> {
  const start = Math.max(0, size - tailSize);
  const tail = await range(url, start, size);
  const end = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error(`${url}: no end of a central directory in its last ${tailSize} bytes`);
  const directory = tail.readUInt32LE(end + 16);
  const bytes = directory >= start ? tail.subarray(directory - start, end) : tail.subarray(0, end);
  const entry = findMetadata(bytes) ?? findMetadata(await range(url, directory, start + end));
  if (entry === undefined) throw new Error(`${url}: no METADATA`);
  const local = await range(url, entry.offset, Math.min(size, entry.offset + entry.compressed + 2048));
  const from = 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  const data = local.subarray(from, from + entry.compressed);
  return (entry.method === 0 ? data : inflateRawSync(data)).toString('utf8');
}

type Entry = { readonly method: number; readonly compressed: number; readonly offset: number };

// The last record whose name ends so: a name inside a record cannot be mistaken for one, since its lengths must agree.
function findMetadata(directory: Buffer): Entry | undefined {
  const suffix = '.dist-info/METADATA';
  for (
    let at = directory.lastIndexOf(suffix);
    at >= 0;
    at = at === 0 ? -1 : directory.lastIndexOf(suffix, at - 1)
  ) {
    const nameEnd = at + suffix.length;
    const record = directory.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'), at);
    if (record < 0 || record + 46 + directory.readUInt16LE(record + 28) !== nameEnd) continue;
    return {
      method: directory.readUInt16LE(record + 10),
      compressed: directory.readUInt32LE(record + 20),
      offset: directory.readUInt32LE(record + 42),
    };
  }
  return undefined;
}

async function range(url: string, start: number, end: number): Promise<Buffer> {
  const response = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` } });
  if (response.status !== 206) throw new Error(`${url}: status ${response.status} for a range`);
  return Buffer.from(await response.arrayBuffer());
}
