// Reads a zip file's central directory (PKWARE APPNOTE 6.3.10), with zip64. What it states is held against the file's
// bounds before anything is read by it: entries lie inside the file, do not overlap, and cannot unpack to more than
// deflate can make of them.
import { readSync } from 'node:fs';
import { CogpackError } from '../base/error.ts';

export type ZipEntry = {
  /** As written; the caller checks it before it uses it as a path. Ends with `/` for a folder. */
  readonly name: string;
  readonly method: 'stored' | 'deflated';
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Where its local header begins, and where what follows it does. */
  readonly offset: number;
  readonly limit: number;
  /** Unix file mode with its type bits; 0 when the archive was not made on Unix. */
  readonly mode: number;
};

/** An open zip; `label` names it in errors. The caller closes `fd`. */
export type Zip = { readonly fd: number; readonly label: string; readonly entries: readonly ZipEntry[] };

const endSize = 22;
const endLocatorSize = 20;
const end64Size = 56;
const centralSize = 46;
const localSize = 30;
const maxComment = 65_535;
const maxDirectory = 1 << 28;
const unknown32 = 0xffff_ffff;
const unknown16 = 0xffff;
const encryptedFlag = 1;
// Deflate makes at most 1,032 bytes of one. Whole archives of real files stay far below a hundred.
const maxEntryRatio = 1032;
const maxRatio = 100;
const smallEnough = 256 * 2 ** 20;

/** Throws `zip/format`, `zip/name`, `zip/method`, `zip/encrypted`, `zip/bomb`. */
export function readZip(fd: number, fileSize: number, label: string): Zip {
  const directory = findDirectory(fd, fileSize, label);
  const bytes = readAt(fd, directory.offset, directory.size, label);
  const entries: StatedEntry[] = [];
  let at = 0;
  for (let index = 0; index < directory.count; index++) {
    if (at + centralSize > bytes.length || bytes.readUInt32LE(at) !== 0x0201_4b50) {
      throw damaged(label, `entry ${index + 1} of ${directory.count} is missing from the central directory`);
    }
    const nameEnd = at + centralSize + bytes.readUInt16LE(at + 28);
    const extraEnd = nameEnd + bytes.readUInt16LE(at + 30);
    if (extraEnd > bytes.length) throw damaged(label, 'the central directory ends inside an entry');
    entries.push(parseEntry(bytes, at, nameEnd, extraEnd, label));
    at = extraEnd + bytes.readUInt16LE(at + 32);
  }
  return { fd, label, entries: withLimits(entries, directory.offset, fileSize, label) };
}

/** Where an entry's data begins. Throws `zip/format` when its local header is not that of the central directory. */
export function dataOffset({ fd, label }: Zip, entry: ZipEntry): number {
  const header = readAt(fd, entry.offset, localSize + Buffer.byteLength(entry.name), label);
  const nameLength = header.readUInt16LE(26);
  const sameName = header.subarray(localSize).equals(Buffer.from(entry.name));
  if (header.readUInt32LE(0) !== 0x0403_4b50 || nameLength !== header.length - localSize || !sameName) {
    throw damaged(label, `the local header of ${entry.name} differs from the central directory`);
  }
  const start = entry.offset + localSize + nameLength + header.readUInt16LE(28);
  if (start + entry.compressedSize > entry.limit)
    throw damaged(label, `${entry.name} runs into what follows it`);
  return start;
}

/** An entry as the central directory states it, before it is held against the others. */
type StatedEntry = Omit<ZipEntry, 'limit'>;

type Directory = { readonly offset: number; readonly size: number; readonly count: number };

function findDirectory(fd: number, fileSize: number, label: string): Directory {
  const tailSize = Math.min(fileSize, endSize + maxComment);
  const tail = readAt(fd, fileSize - tailSize, tailSize, label);
  let at = tail.length - endSize;
  while (
    at >= 0 &&
    !(tail.readUInt32LE(at) === 0x0605_4b50 && at + endSize + tail.readUInt16LE(at + 20) === tail.length)
  ) {
    at--;
  }
  if (at < 0) throw damaged(label, 'it has no end record');
  const plain = {
    count: tail.readUInt16LE(at + 10),
    size: tail.readUInt32LE(at + 12),
    offset: tail.readUInt32LE(at + 16),
  };
  const end = fileSize - tail.length + at;
  const is64 = plain.count === unknown16 || plain.size === unknown32 || plain.offset === unknown32;
  const directory = (is64 ? findDirectory64(fd, end, label) : undefined) ?? plain;
  if (directory.offset + directory.size > end)
    throw damaged(label, 'its central directory lies outside the file');
  if (directory.size > maxDirectory || directory.count * centralSize > directory.size) {
    throw damaged(
      label,
      `its central directory of ${directory.size} bytes cannot hold ${directory.count} entries`,
    );
  }
  return directory;
}

// An archive of exactly 65,535 entries has the mark of a zip64 and is none.
function findDirectory64(fd: number, end: number, label: string): Directory | undefined {
  if (end < endLocatorSize + end64Size) return undefined;
  const locator = readAt(fd, end - endLocatorSize, endLocatorSize, label);
  if (locator.readUInt32LE(0) !== 0x0706_4b50) return undefined;
  const offset = number64(locator, 8, label);
  if (offset > end - endLocatorSize - end64Size)
    throw damaged(label, 'its zip64 end record lies outside the file');
  const record = readAt(fd, offset, end64Size, label);
  if (record.readUInt32LE(0) !== 0x0606_4b50) throw damaged(label, 'it has no zip64 end record');
  return {
    count: number64(record, 32, label),
    size: number64(record, 40, label),
    offset: number64(record, 48, label),
  };
}

function parseEntry(
  bytes: Buffer,
  at: number,
  nameEnd: number,
  extraEnd: number,
  label: string,
): StatedEntry {
  const name = decodeName(bytes.subarray(at + centralSize, nameEnd), label);
  if ((bytes.readUInt16LE(at + 8) & encryptedFlag) !== 0) {
    throw new CogpackError('zip/encrypted', `${label}: ${name} is encrypted`);
  }
  const method = bytes.readUInt16LE(at + 10);
  if (method !== 0 && method !== 8) {
    throw new CogpackError(
      'zip/method',
      `${label}: ${name} is compressed by method ${method}; expected stored or deflate`,
    );
  }
  const sizes = {
    size: bytes.readUInt32LE(at + 24),
    compressedSize: bytes.readUInt32LE(at + 20),
    offset: bytes.readUInt32LE(at + 42),
  };
  const madeBy = bytes[at + 5]!;
  const entry: StatedEntry = {
    name,
    method: method === 0 ? 'stored' : 'deflated',
    crc: bytes.readUInt32LE(at + 16),
    ...withZip64(sizes, bytes.subarray(nameEnd, extraEnd), name, label),
    mode: madeBy === 3 || madeBy === 19 ? bytes.readUInt16LE(at + 40) : 0,
  };
  if (entry.method === 'stored' && entry.size !== entry.compressedSize) {
    throw damaged(label, `${name} is stored, yet has two sizes: ${entry.compressedSize} and ${entry.size}`);
  }
  return entry;
}

// Wheels name their files in UTF-8 (the wheel specification, "File contents"), with zip's flag for it or without.
function decodeName(bytes: Buffer, label: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CogpackError(
      'zip/name',
      `${label}: the name of ${JSON.stringify(bytes.toString('latin1'))} is not UTF-8`,
      {
        hint: 'the archive was made by a tool that does not follow the wheel specification; ask its authors to mend it',
      },
    );
  }
}

/** Takes the 64-bit values (extra field 1) for those that are marked as too large, in their fixed order. */
function withZip64<T extends Record<string, number>>(
  sizes: T,
  extra: Buffer,
  name: string,
  label: string,
): T {
  const marked = Object.keys(sizes).filter(key => sizes[key] === unknown32);
  if (marked.length === 0) return sizes;
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    const field = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
    if (field.length < marked.length * 8) break;
    return {
      ...sizes,
      ...Object.fromEntries(marked.map((key, index) => [key, number64(field, index * 8, label)])),
    };
  }
  throw damaged(label, `${name} lacks its zip64 sizes`);
}

function withLimits(
  entries: readonly StatedEntry[],
  directory: number,
  fileSize: number,
  label: string,
): ZipEntry[] {
  const offsets = entries.map(({ offset }) => offset).sort((a, b) => a - b);
  // Reversed, so that entries which begin at one place have that very place as their limit.
  const limits = new Map(
    offsets.map((offset, index) => [offset, offsets[index + 1] ?? directory] as const).reverse(),
  );
  let total = 0;
  const limited = entries.map(entry => {
    const limit = limits.get(entry.offset)!;
    const least = entry.offset + localSize + Buffer.byteLength(entry.name) + entry.compressedSize;
    if (least > limit) throw damaged(label, `${entry.name} runs into what follows it`);
    if (entry.size > entry.compressedSize * maxEntryRatio) {
      throw new CogpackError(
        'zip/bomb',
        `${label}: ${entry.name} claims ${entry.size} bytes from ${entry.compressedSize}, which deflate cannot give`,
      );
    }
    total += entry.size;
    return { ...entry, limit };
  });
  if (total > smallEnough && total > fileSize * maxRatio) {
    throw new CogpackError(
      'zip/bomb',
      `${label}: ${fileSize} bytes would unpack to ${total}; the most allowed is ${maxRatio} times the size`,
    );
  }
  return limited;
}

function number64(bytes: Buffer, at: number, label: string): number {
  const value = Number(bytes.readBigUInt64LE(at));
  if (!Number.isSafeInteger(value)) throw damaged(label, `it states a size of ${value} bytes`);
  return value;
}

function readAt(fd: number, offset: number, size: number, label: string): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let done = 0;
  while (done < size) {
    const read = readSync(fd, bytes, done, size - done, offset + done);
    if (read === 0) throw damaged(label, `it ends at byte ${offset + done}, inside what was to be read`);
    done += read;
  }
  return bytes;
}

function damaged(label: string, what: string): CogpackError {
  return new CogpackError('zip/format', `${label} is not a sound zip file: ${what}`, {
    hint: 'the file is as its authors published it (its sha256 was verified): ask them to mend it, or lock another version',
  });
}
