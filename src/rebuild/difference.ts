// Tells where two versions of an output first differ, in words for people: of layers in the tar inside them, of JSON by
// the path of a value, of anything else by the byte.
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { messageOf } from '../base/error.ts';
import { decompressorOf } from '../formats/decompress.ts';
import { fileParts } from '../formats/file-parts.ts';
import { streamSource } from '../formats/tar-source.ts';
import { type Difference, firstDifference } from './bytes.ts';
import { type TarPlace, tarPlace } from './tar-place.ts';

const partSize = 1 << 18;
const mostJson = 64 << 20;

/** The end of a sentence "they differ in …", or undefined when the files are the same. */
export async function describeDifference(
  before: string,
  after: string,
  mediaType: string,
): Promise<string | undefined> {
  const raw = await withParts([before, after], ([a, b]) => firstDifference(a!, b!));
  if (raw === undefined) return undefined;
  const byte = `byte ${raw.offset}: ${values(raw)}`;
  if (/tar(\+|\.|$)/.test(mediaType)) return `${await inLayer(before, after, raw)} (of the blob, ${byte})`;
  if (/json$/.test(mediaType)) return inJson(before, after) ?? byte;
  return byte;
}

async function inLayer(before: string, after: string, raw: Difference): Promise<string> {
  let difference: Difference | undefined;
  try {
    difference = await withParts([before, after], ([a, b]) =>
      firstDifference(inflated(a!, before), inflated(b!, after)),
    );
  } catch (error) {
    const place = await placeAt(after, await inflatedSize(after, raw.offset));
    return `what cannot be decompressed (${messageOf(error)}), near ${placeText(place)}`;
  }
  if (difference === undefined) return 'how it is compressed; the tar inside is the same';
  const { offset } = difference;
  const [old, renewed] = await Promise.all([placeAt(before, offset), placeAt(after, offset)]);
  const where = placeText(old);
  const other = placeText(renewed);
  return `${where}${other === where ? '' : `, where the rebuilt one has ${other}`}: ${values(difference)}`;
}

/** How many bytes the first `size` bytes of a layer are decompressed to. */
async function inflatedSize(file: string, size: number): Promise<number> {
  let inflatedBytes = 0;
  try {
    await withParts([file], async ([parts]) => {
      for await (const part of inflated(firstOf(parts!, size), file)) inflatedBytes += part.length;
    });
  } catch {
    // It ends inside a gzip member, as it was cut.
  }
  return inflatedBytes;
}

function* firstOf(parts: Iterable<Buffer>, size: number): Generator<Buffer> {
  let left = size;
  for (const part of parts) {
    yield part.subarray(0, left);
    left -= part.length;
    if (left <= 0) return;
  }
}

async function placeAt(file: string, offset: number): Promise<TarPlace | undefined> {
  try {
    return await withParts([file], ([parts]) =>
      tarPlace(streamSource(inflated(parts!, file), 'the layer'), 'the layer', offset),
    );
  } catch {
    return undefined;
  }
}

function placeText(place: TarPlace | undefined): string {
  if (place === undefined) return 'what is no sound tar archive';
  const { path, part, offset, field } = place;
  if (path === undefined) return `the end of the archive, byte ${offset}`;
  return `${path === '' ? '.' : path}, ${part}, byte ${offset}${field === undefined ? '' : ` (${field})`}`;
}

function values({ before, after }: Difference): string {
  return `${value(before)}, rebuilt ${value(after)}`;
}

function value(byte: number | undefined): string {
  if (byte === undefined) return 'its end';
  const shown = byte > 0x20 && byte < 0x7f ? ` (${String.fromCharCode(byte)})` : '';
  return `0x${byte.toString(16).padStart(2, '0')}${shown}`;
}

function inflated(parts: Iterable<Buffer>, file: string): AsyncIterable<Uint8Array> {
  const magic = withFile(file, (fd, size) => [
    ...fileParts({ fd, offset: 0, size: Math.min(4, size), label: file }, 4),
  ]);
  const hex = Buffer.concat(magic).toString('hex');
  const suffix = hex.startsWith('1f8b') ? '.gz' : hex === '28b52ffd' ? '.zst' : '';
  return decompressorOf(suffix)!(parts);
}

async function withParts<T>(
  files: readonly string[],
  use: (parts: readonly Iterable<Buffer>[]) => Promise<T>,
): Promise<T> {
  const fds = files.map(file => openSync(file, 'r'));
  try {
    return await use(
      fds.map((fd, index) =>
        fileParts({ fd, offset: 0, size: fstatSync(fd).size, label: files[index]! }, partSize),
      ),
    );
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

function withFile<T>(file: string, use: (fd: number, size: number) => T): T {
  const fd = openSync(file, 'r');
  try {
    return use(fd, fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

function inJson(before: string, after: string): string | undefined {
  try {
    if (withFile(before, (_, size) => size) > mostJson || withFile(after, (_, size) => size) > mostJson) {
      return undefined;
    }
    return jsonDifference(JSON.parse(readFileSync(before, 'utf8')), JSON.parse(readFileSync(after, 'utf8')));
  } catch {
    return undefined;
  }
}

/** `$.config.Env[2]: "A=1", rebuilt "A=2"`; undefined for equal values. */
export function jsonDifference(before: unknown, after: unknown, path = '$'): string | undefined {
  if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    for (const key of keys) {
      const inner = Array.isArray(before)
        ? `${path}[${key}]`
        : /^[A-Za-z_]\w*$/.test(key)
          ? `${path}.${key}`
          : `${path}[${JSON.stringify(key)}]`;
      const difference = jsonDifference(
        Object.hasOwn(before, key) ? before[key] : undefined,
        Object.hasOwn(after, key) ? after[key] : undefined,
        inner,
      );
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (Object.is(before, after)) return undefined;
  return `${path}: ${shown(before)}, rebuilt ${shown(after)}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
