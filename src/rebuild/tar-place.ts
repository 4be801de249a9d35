// What lies at an offset of a tar stream (POSIX.1-2001 ustar, pax): which entry, and whether its header or content.
import { blockSize } from '../formats/tar.ts';
import { type ContentChoice, readTar, type TarSource } from '../formats/tar-read.ts';

export type TarPlace = {
  /** The entry's path; undefined past the last one. */
  readonly path: string | undefined;
  readonly part: 'header' | 'content' | 'padding' | 'end';
  /** From the start of that part. */
  readonly offset: number;
  /** Of a header, which field of it. */
  readonly field: string | undefined;
};

// Where each field of a ustar header ends.
const fields: readonly (readonly [end: number, name: string])[] = [
  [100, 'name'],
  [108, 'mode'],
  [116, 'uid'],
  [124, 'gid'],
  [136, 'size'],
  [148, 'mtime'],
  [156, 'checksum'],
  [157, 'type'],
  [257, 'link target'],
  [265, 'magic'],
  [297, 'user name'],
  [329, 'group name'],
  [337, 'device'],
  [345, 'device'],
  [500, 'name'],
];

/** Reads the stream as far as it must. Throws `tar/format` when it cannot be read so far. */
export async function tarPlace(source: TarSource, label: string, offset: number): Promise<TarPlace> {
  let position = 0;
  let start = 0;
  let contentStart = 0;
  let contentEnd = 0;
  const counted: TarSource = {
    async take(count) {
      const bytes = await source.take(count);
      position += bytes.length;
      return bytes;
    },
    async content(size, choose) {
      const crc = await source.content(size, choose);
      position += size;
      contentEnd = position;
      return crc;
    },
    end: async () => source.end?.(),
  };
  try {
    await readTar(
      counted,
      label,
      ({ path }) => {
        contentStart = position;
        contentEnd = position;
        if (offset < position)
          throw new Found(headerPlace(path, offset - start, offset - (position - blockSize)));
        return unread;
      },
      ({ path }) => {
        if (offset < contentEnd) throw new Found(inEntry(path, 'content', offset - contentStart));
        if (offset < position) throw new Found(inEntry(path, 'padding', offset - contentEnd));
        start = position;
      },
    );
  } catch (error) {
    if (error instanceof Found) return error.place;
    throw error;
  }
  return { path: undefined, part: 'end', offset: offset - start, field: undefined };
}

const unread: ContentChoice = () => undefined;

// The reader goes on until something is thrown.
class Found extends Error {
  readonly place: TarPlace;
  constructor(place: TarPlace) {
    super('the place is found');
    this.place = place;
  }
}

// Extended headers, with their own content, come before the entry's header.
function headerPlace(path: string, offset: number, inHeader: number): TarPlace {
  const field = inHeader < 0 ? 'extended header' : fields.find(([end]) => inHeader < end)?.[1];
  return { path, part: 'header', offset, field };
}

function inEntry(path: string, part: TarPlace['part'], offset: number): TarPlace {
  return { path, part, offset, field: undefined };
}
