// Writes tar headers: ustar (POSIX.1-1988) where an entry fits, else a pax extended header before it (POSIX.1-2001,
// "pax Interchange Format"). Everything that could differ between machines is fixed: owner 0:0 without names, and one
// time for all.
import { isAscii } from './paths.ts';

/**
 * The time of every entry, in seconds. Not 0, which programs take for "unknown". Python compares a source file's time
 * and size with those in its .pyc: since all files have one time, an image must not hold a .pyc of a file it replaces.
 */
export const entryTime = 1;

export const blockSize = 512;

export type TarEntry =
  | { readonly type: 'file'; readonly path: string; readonly mode: number; readonly size: number }
  | { readonly type: 'folder'; readonly path: string; readonly mode: number }
  | { readonly type: 'link'; readonly path: string; readonly target: string }
  /** `target` is the path of a file earlier in the archive; `mode` is that file's, as some readers set it again. */
  | { readonly type: 'hard link'; readonly path: string; readonly mode: number; readonly target: string };

/** Two blocks of zeros end an archive. */
export const tarTrailer = new Uint8Array(2 * blockSize);

const typeFlags = { file: '0', 'hard link': '1', link: '2', folder: '5' } as const;
const linkMode = 0o777;
const maxNumber = 8 ** 11 - 1;
const nameLength = 100;
const prefixLength = 155;

/** The blocks that come before an entry's data; the data is padded to whole blocks by the caller. */
export function tarHeader(entry: TarEntry): Buffer {
  const path = entry.type === 'folder' ? `${entry.path}/` : entry.path;
  const target = 'target' in entry ? entry.target : '';
  const size = entry.type === 'file' ? entry.size : 0;
  const mode = 'mode' in entry ? entry.mode : linkMode;
  const name = isAscii(path) ? splitName(path) : undefined;
  const targetFits = isAscii(target) && target.length <= nameLength;

  const records: [string, string][] = [];
  if (!targetFits) records.push(['linkpath', target]);
  if (name === undefined) records.push(['path', path]);
  if (size > maxNumber) records.push(['size', String(size)]);

  const flag = typeFlags[entry.type];
  const header = ustar({
    ...(name ?? { name: asciiTail(path), prefix: '' }),
    target: targetFits ? target : asciiTail(target),
    size: size > maxNumber ? 0 : size,
    mode,
    flag,
  });
  return records.length === 0 ? header : Buffer.concat([paxBlocks(records), header]);
}

/** How many zeros follow `size` bytes of data. */
export function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

type Fields = {
  readonly name: string;
  readonly prefix: string;
  readonly target: string;
  readonly size: number;
  readonly mode: number;
  readonly flag: string;
};

function ustar({ name, prefix, target, size, mode, flag }: Fields): Buffer {
  const block = Buffer.alloc(blockSize);
  block.write(name, 0, 'latin1');
  block.write(octal(mode, 7), 100, 'latin1');
  block.write(octal(0, 7), 108, 'latin1');
  block.write(octal(0, 7), 116, 'latin1');
  block.write(octal(size, 11), 124, 'latin1');
  block.write(octal(entryTime, 11), 136, 'latin1');
  block.write(' '.repeat(8), 148, 'latin1');
  block.write(flag, 156, 'latin1');
  block.write(target, 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.write(octal(0, 7), 329, 'latin1');
  block.write(octal(0, 7), 337, 'latin1');
  block.write(prefix, 345, 'latin1');
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** The ustar name and prefix of an ASCII path, cut at the first slash that makes both fit. */
function splitName(path: string): { name: string; prefix: string } | undefined {
  if (path.length <= nameLength) return { name: path, prefix: '' };
  const slash = path.indexOf('/', path.length - nameLength - 1);
  if (slash < 1 || slash > prefixLength || slash === path.length - 1) return undefined;
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) };
}

function paxBlocks(records: readonly (readonly [string, string])[]): Buffer {
  const data = Buffer.from(records.map(([key, value]) => paxRecord(key, value)).join(''));
  const header = ustar({
    name: 'PaxHeader',
    prefix: '',
    target: '',
    size: data.length,
    mode: 0o644,
    flag: 'x',
  });
  return Buffer.concat([header, data, Buffer.alloc(paddingOf(data.length))]);
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

/** What stands in a ustar field whose true value is in the pax header. */
function asciiTail(text: string): string {
  return text.replace(/[^\0-\x7f]/g, '_').slice(-nameLength);
}
