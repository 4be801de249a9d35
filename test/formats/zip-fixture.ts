// Zip files for tests, down to the fields that a sound archive would never have.
import { crc32, deflateRawSync } from 'node:zlib';

export type ZipFixture = {
  readonly name: string | Buffer;
  readonly content: Buffer;
  readonly stored?: boolean;
  /** Unix mode with type bits; regular files of 0644 unless given. */
  readonly mode?: number;
  readonly dataDescriptor?: boolean;
  readonly zip64?: boolean;
  /** Lies. */
  readonly crc?: number;
  readonly size?: number;
  readonly deflated?: Buffer;
  readonly method?: number;
  readonly flags?: number;
  readonly localName?: string;
};

export function makeZip(files: readonly ZipFixture[], options: { readonly zip64End?: boolean } = {}): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const file of files) {
    const name = Buffer.from(file.name as string);
    const data = file.deflated ?? (file.stored ? file.content : deflateRawSync(file.content));
    const crc = file.crc ?? crc32(file.content);
    const size = file.size ?? file.content.length;
    const method = file.method ?? (file.stored ? 0 : 8);
    const flags = (file.flags ?? 0x800) | (file.dataDescriptor ? 8 : 0);
    const sizes = file.zip64 ? [0xffff_ffff, 0xffff_ffff] : [data.length, size];
    const extra = file.zip64 ? Buffer.concat([u16(1, 16), u64(size, data.length)]) : Buffer.alloc(0);
    const localName = Buffer.from(file.localName ?? name);
    const inLocal = file.dataDescriptor ? [0, 0, 0] : [crc, ...sizes];
    const local = Buffer.concat([
      u32(0x0403_4b50),
      u16(20, flags, method, 0, 0),
      u32(...inLocal),
      u16(localName.length, file.dataDescriptor ? 0 : extra.length),
      localName,
      file.dataDescriptor ? Buffer.alloc(0) : extra,
      data,
      file.dataDescriptor ? u32(0x0807_4b50, crc, data.length, size) : Buffer.alloc(0),
    ]);
    centrals.push(
      Buffer.concat([
        u32(0x0201_4b50),
        u16((3 << 8) | 20, 20, flags, method, 0, 0),
        u32(crc, ...sizes),
        u16(name.length, extra.length, 0, 0, 0),
        u32(((file.mode ?? 0o100644) << 16) >>> 0, offset),
        name,
        extra,
      ]),
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const count = files.length;
  const end64 = options.zip64End
    ? [
        Buffer.concat([
          u32(0x0606_4b50),
          u64(44),
          u16(45, 45),
          u32(0, 0),
          u64(count, count, directory.length, offset),
        ]),
        Buffer.concat([u32(0x0706_4b50, 0), u64(offset + directory.length), u32(1)]),
      ]
    : [];
  const stated = options.zip64End ? [0xffff_ffff, 0xffff_ffff] : [directory.length, offset];
  const counts = options.zip64End ? [0xffff, 0xffff] : [count, count];
  const end = Buffer.concat([u32(0x0605_4b50), u16(0, 0, ...counts), u32(...stated), u16(0)]);
  return Buffer.concat([...locals, directory, ...end64, end]);
}

function u16(...values: number[]): Buffer {
  return Buffer.concat(values.map(value => Buffer.from([value & 0xff, (value >>> 8) & 0xff])));
}

function u32(...values: number[]): Buffer {
  return Buffer.concat(
    values.map(value => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      return bytes;
    }),
  );
}

function u64(...values: number[]): Buffer {
  return Buffer.concat(
    values.map(value => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt(value));
      return bytes;
    }),
  );
}
