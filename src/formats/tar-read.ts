// Reads a tar stream (POSIX.1-2001 pax, ustar, and GNU's long names and base-256 sizes), as base images hold it and as
// cogpack writes it. The bytes come from a TarSource, which may know how to pass over a file's content unread.
import { CogpackError, messageOf } from '../base/error.ts';
import { blockSize, paddingOf } from './tar.ts';

export type TarMember = {
  /** As in the archive, without `./` and slashes at the start and a slash at the end; the caller checks it. */
  readonly path: string;
  readonly type: 'file' | 'folder' | 'link' | 'hard link' | 'other';
  readonly mode: number;
  /** In bytes; 0 for all but files. */
  readonly size: number;
  /** Of a link as it is written; of a hard link a path like `path`. */
  readonly target: string;
};

/** Gets a file's bytes in order, each part valid until the call returns. */
export type ContentSink = (bytes: Buffer) => void;

/** Says by a file's first bytes (`headSize`, or all of a shorter file) whether its content is wanted. */
export type ContentChoice = (head: Buffer) => ContentSink | undefined;

export type TarSource = {
  /** Exactly `count` bytes; fewer only at the end. Valid until the next call. */
  take(count: number): Promise<Buffer>;
  /** Goes past the next `size` bytes, and gives them to the sink that is chosen, if one is. Returns their CRC-32. */
  content(size: number, choose: ContentChoice): Promise<number>;
  /** Lets go of what it reads from. */
  end?(): Promise<void>;
};

export const headSize = 64;

const maxExtension = 1 << 20;
const flags: Readonly<Record<string, TarMember['type']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hard link',
  '2': 'link',
  '5': 'folder',
};

/**
 * Calls `visit` for each entry, in order; what it returns is asked about a file's content, whose CRC-32 `done` gets.
 * Ends the source.
 * Throws `tar/format`.
 */
export async function readTar(
  source: TarSource,
  label: string,
  visit: (member: TarMember) => ContentChoice,
  done: (member: TarMember, crc: number) => void,
): Promise<void> {
  try {
    await readMembers(source, label, visit, done);
  } finally {
    await source.end?.();
  }
}

async function readMembers(...[source, label, visit, done]: Parameters<typeof readTar>): Promise<void> {
  let long: Extension = {};
  for (;;) {
    const block = await source.take(blockSize);
    if (block.length === 0 || block.every(byte => byte === 0)) return;
    const header = parseHeader(block, label);
    if ('xgLK'.includes(header.flag)) {
      const text = await extension(source, header, label);
      if (header.flag === 'x') long = { ...long, ...paxFields(text, label) };
      if (header.flag === 'L') long = { ...long, path: untilNul(text) };
      if (header.flag === 'K') long = { ...long, linkpath: untilNul(text) };
      continue;
    }
    const type = flags[header.flag] ?? 'other';
    const size = long.size ?? header.size;
    const target = long.linkpath ?? header.target;
    const member: TarMember = {
      path: relative(long.path ?? header.name),
      // Before ustar, a folder was a file whose name ends with a slash.
      type: type === 'file' && size === 0 && header.name.endsWith('/') ? 'folder' : type,
      mode: header.mode,
      size: type === 'file' ? size : 0,
      target: type === 'hard link' ? relative(target) : target,
    };
    long = {};
    const choose = visit(member);
    const stored = type === 'file' || type === 'other' ? size : 0;
    const crc = stored === 0 ? 0 : await source.content(stored, choose);
    // Go's tar writer leaves out the last file's padding, and the archive's end, unless it is closed: umoci's insert does.
    await source.take(paddingOf(stored));
    done(member, crc);
  }
}

type Extension = { readonly path?: string; readonly linkpath?: string; readonly size?: number };

type Header = {
  readonly name: string;
  readonly mode: number;
  readonly size: number;
  readonly flag: string;
  readonly target: string;
};

/** True when the block's checksum is that of a header. */
export function isTarHeader(block: Buffer): boolean {
  if (block.length < blockSize) return false;
  let sum = 8 * 0x20;
  for (let at = 0; at < blockSize; at += 1) if (at < 148 || at >= 156) sum += block[at]!;
  return Number.parseInt(block.toString('latin1', 148, 156).replace(/[\0 ]+$/, ''), 8) === sum;
}

function parseHeader(block: Buffer, label: string): Header {
  if (!isTarHeader(block)) throw tarFault(label, 'what should be a header is none');
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? field(block, 345, 500) : '';
  const name = field(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: number(block, 100, 108, label),
    size: number(block, 124, 136, label),
    flag: String.fromCharCode(block[156]!),
    target: field(block, 157, 257),
  };
}

function field(block: Buffer, from: number, to: number): string {
  const end = block.indexOf(0, from);
  return block.toString('utf8', from, end < 0 ? to : Math.min(end, to));
}

function number(block: Buffer, from: number, to: number, label: string): number {
  let value: number;
  if ((block[from]! & 0x80) !== 0) {
    value = block[from]! & 0x7f;
    for (let at = from + 1; at < to; at += 1) value = value * 256 + block[at]!;
  } else {
    const text = field(block, from, to).trim();
    value = text === '' ? 0 : /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
  }
  if (Number.isSafeInteger(value)) return value;
  throw tarFault(label, 'a header holds a number that is none');
}

async function extension(source: TarSource, { size }: Header, label: string): Promise<Buffer> {
  if (size > maxExtension) throw tarFault(label, `an extended header has ${size} bytes`);
  const bytes = Buffer.from(await source.take(size));
  const padding = paddingOf(size);
  if (bytes.length < size || (await source.take(padding)).length < padding) {
    throw tarFault(label, 'it ends inside an extended header');
  }
  return bytes;
}

/** Records `<length> <key>=<value>\n`; those of no interest are left out. */
function paxFields(bytes: Buffer, label: string): Extension {
  const fields: Record<string, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, space));
    const equals = bytes.indexOf(0x3d, space);
    if (space < 0 || !(length > 0) || equals < 0 || at + length > bytes.length) {
      throw tarFault(label, 'an extended header holds a record that is none');
    }
    fields[bytes.toString('utf8', space + 1, equals)] = bytes.toString('utf8', equals + 1, at + length - 1);
    at += length;
  }
  const size = fields.size === undefined ? undefined : Number(fields.size);
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) {
    throw tarFault(label, `an extended header states a size of ${fields.size}`);
  }
  return {
    ...(fields.path !== undefined && { path: fields.path }),
    ...(fields.linkpath !== undefined && { linkpath: fields.linkpath }),
    ...(size !== undefined && { size }),
  };
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

function relative(name: string): string {
  return name
    .replace(/^(?:\.?\/+)+/, '')
    .replace(/\/+$/, '')
    .replace(/^\.$/, '');
}

/** What went wrong while a tar was read: CogpackErrors as they are, others as `tar/format`. */
export function asTarFault(label: string, error: unknown): CogpackError {
  return error instanceof CogpackError ? error : tarFault(label, messageOf(error));
}

export function tarFault(label: string, what: string): CogpackError {
  return new CogpackError('tar/format', `${label} is not a sound tar archive: ${what}`, {
    hint: 'fetch or build the layer again; cogpack store verify tells whether the store holds damaged blobs',
  });
}
