// Reads a range of an open file in parts of bounded size.
import { readSync } from 'node:fs';
import { CogpackError } from '../base/error.ts';

export type FileRange = {
  readonly fd: number;
  readonly offset: number;
  readonly size: number;
  /** Names the file in errors. */
  readonly label: string;
};

/**
 * The range's bytes in order. Each part has a buffer of its own, unless `shared` is given: then a part is valid until
 * the next one is asked for. Throws `file/short`.
 */
export function* fileParts(range: FileRange, partSize: number, shared?: Buffer): Generator<Buffer> {
  for (let done = 0; done < range.size; ) {
    const wanted = Math.min(partSize, range.size - done);
    const part = shared ?? Buffer.allocUnsafe(wanted);
    const read = readSync(range.fd, part, 0, wanted, range.offset + done);
    if (read === 0) {
      throw new CogpackError(
        'file/short',
        `${range.label} ends at byte ${range.offset + done}, where more was expected`,
        {
          hint: 'something changed the file while it was read: run cogpack store verify, then the command again',
        },
      );
    }
    yield part.subarray(0, read);
    done += read;
  }
}
