import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { paddingOf, tarHeader, tarTrailer } from '../../src/formats/tar.ts';
import { streamSource } from '../../src/formats/tar-source.ts';
import { firstDifference } from '../../src/rebuild/bytes.ts';
import { describeDifference, jsonDifference } from '../../src/rebuild/difference.ts';
import { tarPlace } from '../../src/rebuild/tar-place.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-difference-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';

type File = { readonly path: string; readonly content: Buffer; readonly mode?: number };

function tarOf(files: readonly File[]): Buffer {
  const parts = files.flatMap(({ path, content, mode = 0o644 }) => [
    tarHeader({ type: 'file', path, mode, size: content.length }),
    content,
    Buffer.alloc(paddingOf(content.length)),
  ]);
  return Buffer.concat([...parts, tarTrailer]);
}

function describeBytes(
  before: Uint8Array,
  after: Uint8Array,
  mediaType: string,
): Promise<string | undefined> {
  writeFileSync(join(dir, 'before'), before);
  writeFileSync(join(dir, 'after'), after);
  return describeDifference(join(dir, 'before'), join(dir, 'after'), mediaType);
}

const files: File[] = [
  { path: 'a/one.txt', content: Buffer.from('one') },
  { path: `${'long/'.repeat(60)}two.txt`, content: Buffer.alloc(3000, 'two') },
  { path: 'b/three.txt', content: Buffer.from('three') },
];

describe('firstDifference', () => {
  test('is where the first byte differs, however the streams are cut', async () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    const cuts = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 6 });
    function* cut(whole: Uint8Array, sizes: readonly number[]) {
      for (let at = 0, index = 0; at < whole.length; index += 1) {
        const size = sizes[index % sizes.length]!;
        yield whole.subarray(at, at + size);
        at += size;
      }
    }
    await fc.assert(
      fc.asyncProperty(bytes, bytes, bytes, cuts, cuts, async (start, left, right, a, b) => {
        const before = Buffer.concat([start, left]);
        const after = Buffer.concat([start, right]);
        let at = 0;
        while (at < before.length && at < after.length && before[at] === after[at]) at += 1;
        const expected = before.equals(after)
          ? undefined
          : { offset: at, before: before[at], after: after[at] };
        expect(await firstDifference(cut(before, a), cut(after, b))).toEqual(expected);
      }),
    );
  });
});

describe('tarPlace', () => {
  test('every byte of a tar has its place', async () => {
    const tar = tarOf(files);
    const expected: string[] = [];
    for (const { path, content, mode = 0o644 } of files) {
      const { length } = tarHeader({ type: 'file', path, mode, size: content.length });
      for (let at = 0; at < length; at += 1) expected.push(`${path} header ${at}`);
      for (let at = 0; at < content.length; at += 1) expected.push(`${path} content ${at}`);
      for (let at = 0; at < paddingOf(content.length); at += 1) expected.push(`${path} padding ${at}`);
    }
    for (let at = 0; at < tarTrailer.length; at += 1) expected.push(`undefined end ${at}`);
    for (let offset = 0; offset < tar.length; offset += 37) {
      const {
        path,
        part,
        offset: within,
      } = await tarPlace(streamSource(Readable.from([tar]), 'a tar'), 'a tar', offset);
      expect(`${path} ${part} ${within}`).toBe(expected[offset]);
    }
  });
});

describe('describeDifference', () => {
  test('names the file and the byte in its content', async () => {
    const changed = files.map((file, index) =>
      index === 1 ? { ...file, content: Buffer.from(file.content) } : file,
    );
    changed[1]!.content[2000]! = 0x58;
    expect(await describeBytes(gzipSync(tarOf(files)), gzipSync(tarOf(changed)), layerType)).toMatch(
      /^(long\/){60}two\.txt, content, byte 2000: 0x6f \(o\), rebuilt 0x58 \(X\) \(of the blob, byte \d+: /,
    );
  });

  test('names the field of a header', async () => {
    const changed = files.map((file, index) => (index === 2 ? { ...file, mode: 0o755 } : file));
    const text = await describeBytes(gzipSync(tarOf(files)), gzipSync(tarOf(changed)), layerType);
    expect(text).toContain('b/three.txt, header, byte 104 (mode): 0x36 (6), rebuilt 0x37 (7)');
  });

  test('names both entries where the paths differ, and the end where entries are missing', async () => {
    const renamed = files.map((file, index) => (index === 2 ? { ...file, path: 'b/trois.txt' } : file));
    expect(
      await describeBytes(tarOf(files), tarOf(renamed), 'application/vnd.oci.image.layer.v1.tar'),
    ).toContain(
      'b/three.txt, header, byte 3 (name), where the rebuilt one has b/trois.txt, header, byte 3 (name): ',
    );
    expect(await describeBytes(tarOf(files.slice(0, 2)), tarOf(files), 'x/tar')).toContain(
      'the end of the archive, byte 0, where the rebuilt one has b/three.txt, header, byte 0 (name): 0x00, rebuilt 0x62 (b)',
    );
  });

  test('tells a difference of compression alone', async () => {
    const tar = tarOf(files);
    expect(await describeBytes(gzipSync(tar, { level: 1 }), zstdCompressSync(tar), layerType)).toContain(
      'how it is compressed; the tar inside is the same',
    );
  });

  test('tells near what a damaged stream lies', async () => {
    const whole = Buffer.concat(files.map(file => gzipSync(tarOf([file]).subarray(0, -1024))));
    const damaged = Buffer.from(whole);
    const second = gzipSync(tarOf([files[0]!]).subarray(0, -1024)).length;
    damaged[second + 1]! ^= 0xff;
    expect(await describeBytes(damaged, whole, layerType)).toMatch(
      /^what cannot be decompressed .*, near (long\/){60}two/,
    );
  });

  test('says nothing of files that are the same', async () => {
    expect(await describeBytes(tarOf(files), tarOf(files), layerType)).toBeUndefined();
  });

  test('names the byte of what it cannot look into', async () => {
    expect(await describeBytes(Buffer.from('abc'), Buffer.from('ab'), 'text/plain')).toBe(
      'byte 2: 0x63 (c), rebuilt its end',
    );
  });

  test('names the value in JSON', async () => {
    const before = { config: { Env: ['A=1', 'B=2'], Labels: { 'run.cog': 'x' } } };
    const after = { config: { Env: ['A=1', 'B=3'], Labels: { 'run.cog': 'x' } } };
    const json = (value: object) => Buffer.from(JSON.stringify(value));
    expect(await describeBytes(json(before), json(after), 'application/vnd.oci.image.config.v1+json')).toBe(
      '$.config.Env[1]: "B=2", rebuilt "B=3"',
    );
    expect(jsonDifference({ 'a b': 1 }, {})).toBe('$["a b"]: 1, rebuilt nothing');
  });

  test('JSON values differ exactly when they are not equal', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(jsonDifference(a, structuredClone(a))).toBeUndefined();
        const equal = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        if (!equal) expect(jsonDifference(a, b)).toBeDefined();
      }),
    );
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => [key, sorted(each)]);
}
