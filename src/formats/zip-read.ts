// Reads the contents of zip entries and checks them against their CRC-32 and size. Small entries are inflated at once,
// large ones as a stream with bounded buffers; either way nothing inflates to more than its entry states.
import { Readable } from 'node:stream';
import { constants, crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { CogpackError, messageOf } from '../base/error.ts';
import { fileParts } from './file-parts.ts';
import { dataOffset, type Zip, type ZipEntry } from './zip.ts';

/** Gets an entry's bytes in parts, in order, valid until the call returns. */
export type EntrySink = {
  content(bytes: Uint8Array): void;
  /** The deflate stream as it stands in the file; not called for stored entries. */
  deflated?(bytes: Uint8Array): void;
};

const atOnce = 4 << 20;
const partSize = 1 << 20;

/** Reads one entry; holds at most 4 MiB twice over. Throws `zip/format`, `zip/data`, `zip/crc`. */
export async function readEntry(zip: Zip, entry: ZipEntry, sink: EntrySink): Promise<void> {
  const start = dataOffset(zip, entry);
  let crc = 0;
  let size = 0;
  const content = (bytes: Uint8Array): void => {
    crc = crc32(bytes, crc);
    size += bytes.length;
    if (size > entry.size) throw wrongSize(zip, entry, 'more');
    sink.content(bytes);
  };
  if (entry.method === 'stored') {
    for (const part of partsOf(zip, entry, start, shared)) content(part);
  } else if (entry.size <= atOnce && entry.compressedSize <= atOnce) {
    const deflated = readParts(zip, entry, start);
    sink.deflated?.(deflated);
    content(inflateAtOnce(zip, entry, deflated));
  } else {
    await inflateStream(zip, entry, start, sink, content);
  }
  if (size !== entry.size) throw wrongSize(zip, entry, 'fewer');
  if (crc !== entry.crc) {
    throw new CogpackError(
      'zip/crc',
      `${zip.label}: ${entry.name} is damaged: its CRC-32 does not match its contents`,
    );
  }
}

/** All of an entry's contents, checked. In memory: the caller bounds `entry.size`. */
export async function entryBytes(zip: Zip, entry: ZipEntry): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  await readEntry(zip, entry, { content: bytes => void parts.push(Uint8Array.from(bytes)) });
  return Buffer.concat(parts);
}

/** The first bytes of an entry, at least `count` unless it is shorter, unchecked. */
export function entryHead(zip: Zip, entry: ZipEntry, count: number): Buffer {
  const start = dataOffset(zip, entry);
  // A block's code tables take up to some 300 bytes before its first symbol.
  const [part] = partsOf(
    zip,
    { ...entry, compressedSize: Math.min(entry.compressedSize, 1024 + 2 * count) },
    start,
    shared,
  );
  if (part === undefined || entry.method === 'stored') return Buffer.from(part ?? []);
  try {
    return inflateRawSync(part, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw damagedData(zip, entry, error);
  }
}

const shared = Buffer.allocUnsafe(partSize);

/** An entry's bytes as they stand in the file: in `buffer` again and again, or each part in its own. */
function partsOf({ fd, label }: Zip, entry: ZipEntry, offset: number, buffer?: Buffer): Generator<Buffer> {
  return fileParts({ fd, label, offset, size: entry.compressedSize }, partSize, buffer);
}

function readParts(zip: Zip, entry: ZipEntry, start: number): Buffer {
  if (entry.compressedSize <= partSize) {
    const [part, ...rest] = partsOf(zip, entry, start, shared);
    if (part !== undefined && rest.length === 0) return part;
  }
  return Buffer.concat([...partsOf(zip, entry, start)]);
}

function inflateAtOnce(zip: Zip, entry: ZipEntry, deflated: Buffer): Buffer {
  let result: { buffer: Buffer; engine: { bytesWritten: number } };
  try {
    // One byte of room more than is expected: zlib then ends without a second buffer.
    const chunkSize = Math.max(64, entry.size + 1);
    const options = { chunkSize, maxOutputLength: entry.size + 1, info: true };
    result = inflateRawSync(deflated, options) as never;
  } catch (error) {
    if (error instanceof RangeError) throw wrongSize(zip, entry, 'more');
    throw damagedData(zip, entry, error);
  }
  checkConsumed(zip, entry, result.engine.bytesWritten);
  return result.buffer;
}

async function inflateStream(
  zip: Zip,
  entry: ZipEntry,
  start: number,
  sink: EntrySink,
  content: (bytes: Uint8Array) => void,
): Promise<void> {
  const inflate = createInflateRaw({ chunkSize: partSize });
  const input = Readable.from(deflatedParts(zip, entry, start, sink), { highWaterMark: 2 });
  input.once('error', error => inflate.destroy(error)).pipe(inflate);
  try {
    for await (const part of inflate) content(part as Buffer);
  } catch (error) {
    throw error instanceof CogpackError || isAbort(error) ? error : damagedData(zip, entry, error);
  } finally {
    input.destroy();
    inflate.destroy();
  }
  checkConsumed(zip, entry, inflate.bytesWritten);
}

function* deflatedParts(zip: Zip, entry: ZipEntry, start: number, sink: EntrySink): Generator<Buffer> {
  for (const part of partsOf(zip, entry, start)) {
    sink.deflated?.(part);
    yield part;
  }
}

// What follows the deflate stream's end inside its entry would become part of the next gzip member.
function checkConsumed(zip: Zip, entry: ZipEntry, consumed: number): void {
  if (consumed === entry.compressedSize) return;
  throw new CogpackError(
    'zip/data',
    `${zip.label}: the deflate stream of ${entry.name} ends after ${consumed} of ${entry.compressedSize} bytes`,
  );
}

function wrongSize(zip: Zip, entry: ZipEntry, found: string): CogpackError {
  return new CogpackError(
    'zip/data',
    `${zip.label}: ${entry.name} unpacks to ${found} than the ${entry.size} bytes that the archive states`,
  );
}

function damagedData(zip: Zip, entry: ZipEntry, cause: unknown): CogpackError {
  return new CogpackError('zip/data', `${zip.label}: ${entry.name} is damaged: ${messageOf(cause)}`, {
    cause,
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
