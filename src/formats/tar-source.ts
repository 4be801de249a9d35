// A tar's bytes out of a stream that gives them once: decompressed by gzip or zstd, or as they are. Every byte is read.
import { crc32 } from 'node:zlib';
import { asTarFault, type ContentChoice, headSize, type TarSource, tarFault } from './tar-read.ts';

/** Holds one part of the stream. Throws `tar/format`. */
export function streamSource(stream: AsyncIterable<Uint8Array>, label: string): TarSource {
  const parts = stream[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  /** Makes `rest` at least `count` bytes long, if there are as many. */
  const fill = async (count: number): Promise<void> => {
    while (rest.length < count) {
      const next = await parts.next().catch(error => {
        throw asTarFault(label, error);
      });
      if (next.done) return;
      const part = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      rest = rest.length === 0 ? part : Buffer.concat([rest, part]);
    }
  };
  const shift = (count: number): Buffer => {
    const taken = rest.subarray(0, count);
    rest = rest.subarray(taken.length);
    return taken;
  };

  return {
    async take(count) {
      await fill(count);
      return shift(count);
    },
    async content(size: number, choose: ContentChoice) {
      await fill(Math.min(size, headSize));
      const sink = choose(rest.subarray(0, Math.min(size, headSize)));
      let crc = 0;
      for (let left = size; left > 0; ) {
        await fill(1);
        const part = shift(left);
        if (part.length === 0) throw tarFault(label, 'it ends inside a file');
        crc = crc32(part, crc);
        sink?.(part);
        left -= part.length;
      }
      return crc;
    },
    async end() {
      await parts.return?.();
    },
  };
}
