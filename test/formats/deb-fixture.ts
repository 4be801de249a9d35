// Debian packages for tests, made of parts that a sound package would never have, if need be.
import { execFileSync } from 'node:child_process';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';

export type TarFixture = Partial<Header> & { readonly name: string; readonly content?: string };

export async function makeTar(entries: readonly TarFixture[]): Promise<Buffer> {
  const writer = pack();
  for (const { content, ...header } of entries) writer.entry({ mode: 0o644, ...header }, content ?? '');
  writer.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of writer) parts.push(part as Uint8Array);
  return Buffer.concat(parts);
}

export function makeAr(members: readonly (readonly [string, Buffer])[]): Buffer {
  const parts = members.flatMap(([name, bytes]) => [
    Buffer.from(
      `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(bytes.length).padEnd(10)}\`\n`,
    ),
    bytes,
    Buffer.alloc(bytes.length % 2, '\n'),
  ]);
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts]);
}

export type DebFixture = {
  readonly control: string;
  readonly data: Buffer;
  readonly suffix?: '' | '.gz' | '.xz' | '.zst';
  readonly md5sums?: string;
  readonly postinst?: string;
};

export async function makeDeb({
  control,
  data,
  suffix = '',
  md5sums,
  postinst,
}: DebFixture): Promise<Buffer> {
  const files = [
    { name: './control', content: control },
    ...(md5sums === undefined ? [] : [{ name: './md5sums', content: md5sums }]),
    { name: './postinst', content: postinst ?? '#!/bin/sh\nexit 1\n', mode: 0o755 },
  ];
  return makeAr([
    ['debian-binary', Buffer.from('2.0\n')],
    [`control.tar${suffix}`, compress(await makeTar(files), suffix)],
    [`data.tar${suffix}`, compress(data, suffix)],
  ]);
}

function compress(bytes: Buffer, suffix: DebFixture['suffix']): Buffer {
  switch (suffix) {
    case '.gz':
      return gzipSync(bytes);
    case '.zst':
      return zstdCompressSync(bytes);
    case '.xz':
      return execFileSync('xz', ['-c'], { input: bytes, maxBuffer: 1 << 28 });
    default:
      return bytes;
  }
}
