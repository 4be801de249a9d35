// Writes /etc/ld.so.cache in the format that glibc has written since 2.32 (sysdeps/generic/dl-cache.h, `struct
// cache_file_new`; elf/dl-cache.c for the order): a header, an entry for each library, the strings. The loader of
// glibc looks here for a name before it looks in its built-in folders.

export type CachedLibrary = {
  /** The name that is asked for, such as `libz.so.1`. */
  readonly name: string;
  /** Where it lies, absolute. */
  readonly path: string;
};

const magic = 'glibc-ld.so.cache1.1';
const headerSize = 48;
const entrySize = 24;
const littleEndian = 2;

/** By ELF machine: FLAG_ELF_LIBC6 and the ABI (dl-cache.h); little-endian 64-bit machines only. */
const flags: Readonly<Record<number, number>> = { 62: 0x0303, 183: 0x0a03 };

/** Of two libraries of one name the first counts. `machine` is an ELF machine number: 62 or 183. */
export function loaderCache(libraries: readonly CachedLibrary[], machine: number): Buffer {
  const byName = new Map<string, string>();
  for (const { name, path } of libraries) if (!byName.has(name)) byName.set(name, path);
  const names = [...byName.keys()].sort((a, b) => compareLibraryNames(b, a));
  const stringsAt = headerSize + entrySize * names.length;
  const strings = names.map(name => Buffer.from(`${name}\0${byName.get(name)}\0`));

  const table = Buffer.alloc(stringsAt);
  table.write(magic, 0, 'latin1');
  table.writeUInt32LE(names.length, 20);
  table.writeUInt32LE(
    strings.reduce((sum, { length }) => sum + length, 0),
    24,
  );
  table[28] = littleEndian;
  let at = stringsAt;
  for (const [index, name] of names.entries()) {
    const entry = headerSize + entrySize * index;
    table.writeInt32LE(flags[machine] ?? 0, entry);
    table.writeUInt32LE(at, entry + 4);
    table.writeUInt32LE(at + Buffer.byteLength(name) + 1, entry + 8);
    at += strings[index]!.length;
  }
  return Buffer.concat([table, ...strings]);
}

/** `_dl_cache_libcmp`: runs of digits by their numbers, after all other characters; the rest by bytes. */
export function compareLibraryNames(a: string, b: string): number {
  const parts = (name: string) =>
    Buffer.from(name)
      .toString('latin1')
      .match(/\d+|\D/g) ?? [];
  const [left, right] = [parts(a), parts(b)];
  for (let at = 0; at < left.length && at < right.length; at += 1) {
    const [x, y] = [left[at]!, right[at]!];
    const [isX, isY] = [/\d/.test(x), /\d/.test(y)];
    if (isX !== isY) return isX ? 1 : -1;
    if (isX ? Number(x) !== Number(y) : x !== y) return isX ? Number(x) - Number(y) : x < y ? -1 : 1;
  }
  // What goes on after the other's end counts as more, whether digit or not.
  return left.length - right.length;
}
