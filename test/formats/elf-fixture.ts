// Makes small ELF files by hand: a file header, program headers, and a dynamic section with its tables, all in one
// segment at address 0x1000. Nothing in them could run; it is what a loader reads.
export type ElfFixture = {
  readonly class?: 32 | 64;
  readonly littleEndian?: boolean;
  readonly machine?: number;
  /** e_type: 2 is an executable, 3 a shared object. */
  readonly type?: number;
  readonly interpreter?: string;
  readonly needed?: readonly string[];
  readonly soname?: string;
  readonly rpath?: string;
  readonly runpath?: string;
  /** A version that begins with `?` is a weak need. */
  readonly versionNeeds?: Readonly<Record<string, readonly string[]>>;
  readonly versions?: readonly string[];
  /** Bytes before the dynamic section, such as fatbins; at a multiple of 8 from the file's start. */
  readonly content?: Uint8Array;
};

const base = 0x1000;

export function makeElf(fixture: ElfFixture): Buffer {
  const { class: elfClass = 64, littleEndian = true, needed = [], versions = [] } = fixture;
  const wide = elfClass === 64;
  const number = (value: number, size: 2 | 4 | 8): Buffer => {
    const bytes = Buffer.alloc(size);
    if (size === 8) bytes.writeBigUInt64LE(BigInt(value));
    else bytes.writeUIntLE(value, 0, size);
    return littleEndian ? bytes : bytes.reverse();
  };
  const half = (value: number) => number(value, 2);
  const word = (value: number) => number(value, 4);
  const native = (value: number) => number(value, wide ? 8 : 4);

  let strings = Buffer.from([0]);
  const text = (value: string): number => {
    const at = strings.length;
    strings = Buffer.concat([strings, Buffer.from(`${value}\0`)]);
    return at;
  };
  const needs = Object.entries(fixture.versionNeeds ?? {});
  const verneed = Buffer.concat(
    needs.flatMap(([file, names], index) => {
      const size = 16 + 16 * names.length;
      const next = index === needs.length - 1 ? 0 : size;
      return [
        Buffer.concat([half(1), half(names.length), word(text(file)), word(16), word(next)]),
        ...names.map((name, at) => {
          const isWeak = name.startsWith('?');
          const following = at === names.length - 1 ? 0 : 16;
          const nameAt = text(name.replace(/^\?/, ''));
          return Buffer.concat([word(0), half(isWeak ? 2 : 0), half(2), word(nameAt), word(following)]);
        }),
      ];
    }),
  );
  const defined = versions.length === 0 ? [] : [fixture.soname ?? 'self', ...versions];
  const verdef = Buffer.concat(
    defined.flatMap((name, index) => {
      const next = index === defined.length - 1 ? 0 : 28;
      const isBase = index === 0 ? 1 : 0;
      return [
        Buffer.concat([half(1), half(isBase), half(index + 1), half(1), word(0), word(20), word(next)]),
        Buffer.concat([word(text(name)), word(0)]),
      ];
    }),
  );
  const named: [number, number][] = [
    ...needed.map((name): [number, number] => [1, text(name)]),
    ...(fixture.soname === undefined ? [] : [[14, text(fixture.soname)] as [number, number]]),
    ...(fixture.rpath === undefined ? [] : [[15, text(fixture.rpath)] as [number, number]]),
    ...(fixture.runpath === undefined ? [] : [[29, text(fixture.runpath)] as [number, number]]),
  ];

  const interpreter =
    fixture.interpreter === undefined ? Buffer.alloc(0) : Buffer.from(`${fixture.interpreter}\0`);
  const count = fixture.interpreter === undefined ? 2 : 3;
  const [headerSize, entrySize] = wide ? [64, 56] : [52, 32];
  const parts: Buffer[] = [];
  let end = headerSize + count * entrySize;
  const put = (bytes: Uint8Array): number => {
    const padding = (8 - (end % 8)) % 8;
    const at = end + padding;
    parts.push(Buffer.alloc(padding), Buffer.from(bytes));
    end = at + bytes.length;
    return at;
  };
  const interpreterAt = put(interpreter);
  put(fixture.content ?? Buffer.alloc(0));
  const [stringsAt, verneedAt, verdefAt] = [put(strings), put(verneed), put(verdef)];
  const entries: [number, number][] = [
    ...named,
    [5, base + stringsAt],
    [10, strings.length],
    ...(needs.length === 0
      ? []
      : ([
          [0x6ffffffe, base + verneedAt],
          [0x6fffffff, needs.length],
        ] as [number, number][])),
    ...(defined.length === 0
      ? []
      : ([
          [0x6ffffffc, base + verdefAt],
          [0x6ffffffd, defined.length],
        ] as [number, number][])),
    [0, 0],
  ];
  const dynamic = Buffer.concat(entries.flatMap(([tag, value]) => [native(tag), native(value)]));
  const dynamicAt = put(dynamic);

  const segment = (type: number, offset: number, size: number): Buffer =>
    wide
      ? Buffer.concat([
          word(type),
          word(4),
          ...[offset, base + offset, base + offset, size, size, 8].map(value => native(value)),
        ])
      : Buffer.concat(
          [type, offset, base + offset, base + offset, size, size, 4, 8].map(value => word(value)),
        );
  const header = Buffer.concat([
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, littleEndian ? 1 : 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    half(fixture.type ?? 3),
    half(fixture.machine ?? 62),
    word(1),
    native(0),
    native(headerSize),
    native(0),
    word(0),
    ...[headerSize, entrySize, count, 0, 0, 0].map(half),
  ]);
  return Buffer.concat([
    header,
    segment(1, 0, end),
    segment(2, dynamicAt, dynamic.length),
    ...(count === 3 ? [segment(3, interpreterAt, interpreter.length)] : []),
    ...parts,
  ]);
}

export type FatbinEntry = { readonly kind: 'ptx' | 'cubin'; readonly sm: number; readonly size?: number };

/** One container of GPU code; the code itself is zeros. */
export function makeFatbin(entries: readonly FatbinEntry[]): Buffer {
  const body = Buffer.concat(
    entries.map(({ kind, sm, size = 24 }) => {
      const entry = Buffer.alloc(64 + size);
      entry.writeUInt16LE(kind === 'ptx' ? 1 : 2, 0);
      entry.writeUInt16LE(0x101, 2);
      entry.writeUInt32LE(64, 4);
      entry.writeBigUInt64LE(BigInt(size), 8);
      entry.writeUInt32LE(sm, 28);
      return entry;
    }),
  );
  const header = Buffer.alloc(16);
  header.writeUInt32LE(0xba55ed50, 0);
  header.writeUInt16LE(1, 4);
  header.writeUInt16LE(16, 6);
  header.writeBigUInt64LE(BigInt(body.length), 8);
  return Buffer.concat([header, body]);
}
