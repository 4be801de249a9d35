// Reads the layers that formats/tar-gzip.ts writes, and passes over what need not be read: a large file that was
// copied is a gzip member of its own, so its deflate stream is skipped by finding the member's end. That end is where
// the member's stated length is the file's size, the fixed header of a next member follows, and that member holds the
// padding and header that must come. Other members are inflated, one at a time; large ones in parts.
import { readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { constants, crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { CogpackError, isSystemError, messageOf } from '../base/error.ts';
import { fileParts } from './file-parts.ts';
import { memberHeader } from './gzip.ts';
import { blockSize, paddingOf } from './tar.ts';
import { trailerMember } from './tar-gzip.ts';
import {
  type ContentChoice,
  type ContentSink,
  headSize,
  isTarHeader,
  type TarSource,
  tarFault,
} from './tar-read.ts';

const trailerSize = 8;
const windowSize = 5 << 20;
const partSize = 1 << 20;
const peekSize = 2048;
/** Smaller files are inflated even when their content is not wanted. */
const skipFrom = 64 << 10;
/** More than any member of gathered bytes holds (formats/tar-gzip.ts gathers 1 MiB), and inflated at once. */
const atOnce = 4 << 20;

/** True for a file that begins and ends as `createTarGzip` makes it. */
export function isTarGzip(fd: number, size: number): boolean {
  const start = Buffer.alloc(memberHeader.length);
  const end = Buffer.alloc(trailerMember.length);
  if (size < end.length) return false;
  readSync(fd, start, 0, start.length, 0);
  readSync(fd, end, 0, end.length, size - end.length);
  return start.equals(memberHeader) && end.equals(trailerMember);
}

/** An open layer; `label` names it in errors. */
export type LayerFile = { readonly fd: number; readonly size: number; readonly label: string };

type Inflated = { readonly content: Buffer; readonly end: number };

/** Of a file for which `isTarGzip` is true. Holds 8 MiB. Throws `tar/format`. */
export function memberSource(file: LayerFile): TarSource {
  const window = createWindow(file);
  let position = 0;
  let rest: Buffer = Buffer.alloc(0);

  const nextMember = (): boolean => {
    if (position >= file.size) return false;
    const { content, end } = inflateMember(window, file, position);
    position = end;
    rest = rest.length === 0 ? content : Buffer.concat([rest, content]);
    return true;
  };
  const shift = (count: number): Buffer => {
    const taken = rest.subarray(0, count);
    rest = rest.subarray(taken.length);
    return taken;
  };

  /** The next `size` bytes of a file, out of members that are inflated at once; continues a CRC-32. */
  const gathered = (size: number, sink: ContentSink | undefined, crcBefore = 0): number => {
    let crc = crcBefore;
    for (let left = size; left > 0; ) {
      if (rest.length === 0 && !nextMember()) throw tarFault(file.label, 'it ends inside a file');
      const part = shift(left);
      crc = crc32(part, crc);
      sink?.(part);
      left -= part.length;
    }
    return crc;
  };

  /** A file's content from the start of a member, which holds all of it or gathered bytes. */
  const fromMember = async (size: number, choose: ContentChoice): Promise<number> => {
    const sink = choose(peek(window, file, position).subarray(0, headSize));
    const skipped = sink === undefined ? findEnd(window, file, position, size) : undefined;
    if (skipped !== undefined) {
      position = skipped;
      return trailerOf(window, skipped).crc;
    }
    if (size <= atOnce) return gathered(size, sink);
    const member = await inflateParts(file, position, size, sink);
    position = member.end;
    if (member.size === size) return trailerOf(window, member.end).crc;
    return gathered(size - member.size, sink, member.crc);
  };

  return {
    async take(count) {
      while (rest.length < count && nextMember());
      return shift(count);
    },
    async content(size, choose) {
      if (rest.length === 0 && size >= skipFrom && position < file.size) return fromMember(size, choose);
      while (rest.length < Math.min(size, headSize) && nextMember());
      return gathered(size, choose(rest.subarray(0, Math.min(size, headSize))));
    },
  };
}

/** A gzip member: the bytes from `start` to `end` of the file. */
export type MemberPlace = { readonly start: number; readonly end: number };

/** Gets members in order. Bytes are valid until the call returns. */
export type MemberVisitor = {
  /** One that holds less than 4 MiB: all that it holds. */
  small(content: Buffer, place: MemberPlace): void;
  /** A part of what a larger one holds. */
  part(bytes: Buffer): void;
  /** After the last part of a larger one. */
  large(place: MemberPlace): void;
};

/** Goes through a file for which `isTarGzip` is true, the trailer too. Holds 8 MiB. Throws `tar/format`. */
export async function eachMember(file: LayerFile, visitor: MemberVisitor): Promise<void> {
  const window = createWindow(file);
  for (let start = 0; start < file.size; ) {
    const small = inflateMember(window, file, start, true);
    const end = small?.end ?? (await inflateParts(file, start, Number.POSITIVE_INFINITY, visitor.part)).end;
    if (small !== undefined) visitor.small(small.content, { start, end });
    else visitor.large({ start, end });
    start = end;
  }
}

/** Where the copied member at `position` ends, or undefined when it is none that holds exactly `size` bytes. */
function findEnd(window: Window, file: LayerFile, position: number, size: number): number | undefined {
  const pattern = Buffer.concat([Buffer.alloc(4), memberHeader]);
  pattern.writeUInt32LE(size % 2 ** 32);
  const limit = Math.min(file.size, position + size + (size >> 3) + windowSize);
  for (let at = position + memberHeader.length; at < limit; ) {
    const bytes = window.at(at, windowSize);
    const found = bytes.indexOf(pattern);
    if (found < 0) {
      at += Math.max(1, bytes.length - pattern.length + 1);
    } else if (isFollowed(window, file, at + found + 4, size)) {
      return at + found + 4;
    } else {
      at += found + 1;
    }
  }
  return undefined;
}

/** True when the member at `end` begins with the padding of a file of `size` bytes, and a header if there is more. */
function isFollowed(window: Window, file: LayerFile, end: number, size: number): boolean {
  try {
    const { content } = inflateMember(window, file, end);
    const padding = paddingOf(size);
    const next = content.subarray(padding, padding + blockSize);
    const isPadding = content.length >= padding && isZero(content.subarray(0, padding));
    return isPadding && (next.length === 0 || isZero(next) || isTarHeader(next));
  } catch {
    return false;
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.every(byte => byte === 0);
}

/** The first bytes of the member at `position`: at least `headSize` of a file that is not shorter. */
function peek(window: Window, file: LayerFile, position: number): Buffer {
  const deflated = deflatedAt(window, file, position, peekSize);
  try {
    return inflateRawSync(deflated, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw tarFault(file.label, `a gzip member is damaged: ${messageOf(error)}`);
  }
}

function inflateMember(window: Window, file: LayerFile, position: number): Inflated;
/** With `mayBeLarge` gives undefined where the member holds 4 MiB or more. */
function inflateMember(
  window: Window,
  file: LayerFile,
  position: number,
  mayBeLarge: boolean,
): Inflated | undefined;
function inflateMember(
  window: Window,
  file: LayerFile,
  position: number,
  mayBeLarge = false,
): Inflated | undefined {
  for (const room of [1 << 16, windowSize]) {
    const deflated = deflatedAt(window, file, position, room);
    try {
      const options = { chunkSize: 1 << 16, maxOutputLength: atOnce, info: true };
      const result = inflateRawSync(deflated, options) as unknown as {
        buffer: Buffer;
        engine: { bytesWritten: number };
      };
      const end = position + memberHeader.length + result.engine.bytesWritten + trailerSize;
      if (trailerOf(window, end).size === result.buffer.length) return { content: result.buffer, end };
      throw tarFault(file.label, 'a gzip member has another length than it states');
    } catch (error) {
      if (isSystemError(error, 'Z_BUF_ERROR') && room < windowSize) continue;
      if (mayBeLarge && isSystemError(error, 'Z_BUF_ERROR', 'ERR_BUFFER_TOO_LARGE')) return undefined;
      throw error instanceof CogpackError
        ? error
        : tarFault(file.label, `a gzip member is damaged: ${messageOf(error)}`);
    }
  }
  throw tarFault(file.label, 'a gzip member is damaged: it has no end');
}

/** Inflates the member at `position` to at most `most` bytes; its CRC-32 is reckoned only while it is small. */
async function inflateParts(
  file: LayerFile,
  position: number,
  most: number,
  sink: ContentSink | undefined,
): Promise<{ readonly size: number; readonly crc: number; readonly end: number }> {
  const start = position + memberHeader.length;
  const range = { fd: file.fd, label: file.label, offset: start, size: file.size - start };
  const inflate = createInflateRaw({ chunkSize: partSize });
  const input = Readable.from(fileParts(range, partSize), { highWaterMark: 2 });
  input.once('error', error => inflate.destroy(error)).pipe(inflate);
  let size = 0;
  let crc = 0;
  try {
    for await (const part of inflate) {
      size += part.length;
      if (size > most) throw tarFault(file.label, 'a gzip member goes past the end of its file');
      if (size <= atOnce) crc = crc32(part, crc);
      sink?.(part);
    }
  } catch (error) {
    if (error instanceof CogpackError) throw error;
    throw tarFault(file.label, `a gzip member is damaged: ${messageOf(error)}`);
  } finally {
    input.destroy();
    inflate.destroy();
  }
  if (size < most && size > atOnce && most !== Number.POSITIVE_INFINITY)
    throw tarFault(file.label, 'a gzip member ends inside a file');
  return { size, crc, end: start + inflate.bytesWritten + trailerSize };
}

function deflatedAt(window: Window, file: LayerFile, position: number, room: number): Buffer {
  const bytes = window.at(position, memberHeader.length + room);
  if (bytes.subarray(0, memberHeader.length).equals(memberHeader)) return bytes.subarray(memberHeader.length);
  throw tarFault(file.label, `at byte ${position} a gzip member as cogpack writes it was expected`);
}

function trailerOf(window: Window, end: number): { readonly crc: number; readonly size: number } {
  const bytes = window.at(end - trailerSize, trailerSize);
  if (bytes.length < trailerSize) return { crc: 0, size: -1 };
  return { crc: bytes.readUInt32LE(0), size: bytes.readUInt32LE(4) };
}

/** A part of the file, kept until another is asked for: up to `count` bytes, fewer at the file's end. */
type Window = { at(offset: number, count: number): Buffer };

function createWindow({ fd, size }: LayerFile): Window {
  const buffer = Buffer.allocUnsafe(windowSize + (1 << 10));
  let start = 0;
  let filled = 0;
  return {
    at(offset, count) {
      const wanted = Math.max(0, Math.min(count, size - offset));
      if (offset < start || offset + wanted > start + filled) {
        start = offset;
        filled = 0;
        while (filled < buffer.length) {
          const read = readSync(fd, buffer, filled, buffer.length - filled, start + filled);
          if (read === 0) break;
          filled += read;
        }
      }
      return buffer.subarray(offset - start, Math.min(offset - start + wanted, filled));
    },
  };
}
