// Decompresses a stream by the suffix of its name: none, .gz, .xz or .zst, the forms that a .deb's members have.
// Bounded buffers: what is read is passed on before more is read.
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import xz from 'xz-decompress';

const partSize = 1 << 20;

/** The decompressor for a suffix, or undefined when there is none for it. */
export function decompressorOf(
  suffix: string,
): ((input: Iterable<Buffer> | AsyncIterable<Buffer>) => AsyncIterable<Uint8Array>) | undefined {
  switch (suffix) {
    case '':
      return input => Readable.from(input);
    case '.gz':
      return input => through(input, createGunzip({ chunkSize: partSize }));
    case '.zst':
      return input => through(input, createZstdDecompress({ chunkSize: partSize }));
    case '.xz':
      // One at a time in a thread: the decoder waits for the last one's end.
      return input => new xz.XzReadableStream(Readable.toWeb(Readable.from(input)) as never) as never;
    default:
      return undefined;
  }
}

function through(
  input: Iterable<Buffer> | AsyncIterable<Buffer>,
  transform: NodeJS.ReadWriteStream & Readable,
): AsyncIterable<Uint8Array> {
  const source = Readable.from(input);
  source.once('error', error => transform.destroy(error));
  transform.once('close', () => source.destroy());
  return source.pipe(transform);
}
