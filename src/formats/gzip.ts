// Gzip members (RFC 1952). A gzip file is one or more members, each a deflate stream in a frame with the CRC-32 and
// length of what it holds; their contents follow one another. Headers are fixed: no name, no time, unknown system.
import { crc32 } from 'node:zlib';
import { deflate } from './deflate.ts';

export const memberHeader: Uint8Array = Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/** The frame's end: CRC-32 and size (modulo 2³²) of the uncompressed data. */
export function memberTrailer(crc: number, size: number): Buffer {
  const trailer = Buffer.allocUnsafe(8);
  trailer.writeUInt32LE(crc >>> 0, 0);
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  return trailer;
}

/** The parts of a member that holds `data`, compressed here. In memory: keep `data` to a few MiB. */
export function member(data: Uint8Array): Uint8Array[] {
  return [memberHeader, deflate(data), memberTrailer(crc32(data), data.length)];
}
