// The bytes of a layer: one tar stream as a gzip file of many members. What is compressed here is gathered into
// members of up to 1 MiB; a deflate stream made elsewhere is copied as a member of its own, and so are headers that
// another layer may hold too. The tar trailer is always the last member, and always the same bytes. So layers can be
// joined by leaving members out.
import { createHash } from 'node:crypto';
import { member, memberHeader, memberTrailer } from './gzip.ts';
import { tarTrailer } from './tar.ts';

const gatherSize = 1 << 20;

/** The gzip member that ends each layer: 1,024 zeros. */
export const trailerMember: Uint8Array = Buffer.concat(member(tarTrailer));

export type TarGzip = {
  /** Tar bytes, in order, compressed here. */
  add(bytes: Uint8Array): void;
  /** Tar bytes that are compressed as one member and nothing else in it; a few KiB. */
  addAlone(bytes: Uint8Array): void;
  /** The next tar bytes are a deflate stream's content: both are then given, in any interleaving, until `endCopy`. */
  beginCopy(): void;
  copyDeflated(bytes: Uint8Array): void;
  copyContent(bytes: Uint8Array): void;
  /** The CRC-32 and size of the content, which the caller has checked. */
  endCopy(crc: number, size: number): void;
  /** Writes what is gathered. */
  flush(): void;
  /** Writes the trailer; returns the sha256 of the tar stream in hexadecimal. */
  finish(): string;
};

/** Holds 1 MiB and what is compressed of it. `write` must use its bytes before it returns. */
export function createTarGzip(write: (bytes: Uint8Array) => void): TarGzip {
  const hash = createHash('sha256');
  const gathered = Buffer.allocUnsafe(gatherSize);
  let filled = 0;

  const flush = (): void => {
    if (filled === 0) return;
    const part = gathered.subarray(0, filled);
    hash.update(part);
    for (const bytes of member(part)) write(bytes);
    filled = 0;
  };

  return {
    add(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const part = bytes.subarray(at, at + gatherSize - filled);
        gathered.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled === gatherSize) flush();
      }
    },
    addAlone(bytes) {
      flush();
      hash.update(bytes);
      for (const part of member(bytes)) write(part);
    },
    beginCopy() {
      flush();
      write(memberHeader);
    },
    copyDeflated: write,
    copyContent(bytes) {
      hash.update(bytes);
    },
    endCopy(crc, size) {
      write(memberTrailer(crc, size));
    },
    flush,
    finish() {
      flush();
      hash.update(tarTrailer);
      write(trailerMember);
      return hash.digest('hex');
    },
  };
}
