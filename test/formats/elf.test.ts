import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CogpackError } from '../../src/base/error.ts';
import { type Elf, type ElfSource, isElf, readElf } from '../../src/formats/elf.ts';
import { createGpuCodeFinder } from '../../src/formats/elf-fatbin.ts';
import { createElfStream } from '../../src/formats/elf-stream.ts';
import { type ElfFixture, makeElf, makeFatbin } from './elf-fixture.ts';

function sourceOf(bytes: Buffer): ElfSource {
  return {
    size: bytes.length,
    label: 'demo.so',
    read(offset, length) {
      expect(offset + length).toBeLessThanOrEqual(bytes.length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

const full: ElfFixture = {
  interpreter: '/lib64/ld-linux-x86-64.so.2',
  needed: ['libm.so.6', 'libc.so.6'],
  soname: 'libdemo.so.1',
  runpath: '$ORIGIN/../lib:/opt/lib',
  versionNeeds: { 'libc.so.6': ['GLIBC_2.2.5', 'GLIBC_2.34'], 'libm.so.6': ['GLIBC_2.29', '?GLIBC_2.38'] },
  versions: ['DEMO_1', 'DEMO_2'],
};

const told: Omit<Elf, 'class' | 'littleEndian' | 'machine' | 'type'> = {
  interpreter: '/lib64/ld-linux-x86-64.so.2',
  needed: ['libm.so.6', 'libc.so.6'],
  soname: 'libdemo.so.1',
  runpath: '$ORIGIN/../lib:/opt/lib',
  versionNeeds: [
    { file: 'libc.so.6', versions: ['GLIBC_2.2.5', 'GLIBC_2.34'] },
    { file: 'libm.so.6', versions: ['GLIBC_2.29'] },
  ],
  versions: ['DEMO_1', 'DEMO_2'],
};

test.for([
  [32, true],
  [32, false],
  [64, true],
  [64, false],
] as const)('a file of %i bits, little-endian %s, is read, weak version needs left out', ([bits, little]) => {
  const bytes = makeElf({ ...full, class: bits, littleEndian: little, machine: 8 });
  expect(readElf(sourceOf(bytes))).toEqual({
    class: bits,
    littleEndian: little,
    machine: 8,
    type: 'shared',
    ...told,
  });
});

test('an executable without a dynamic section needs nothing', () => {
  const bytes = makeElf({ type: 2 });
  bytes.writeUInt32LE(6, 64 + 56); // the dynamic segment becomes a PT_PHDR
  expect(readElf(sourceOf(bytes))).toEqual({
    class: 64,
    littleEndian: true,
    machine: 62,
    type: 'executable',
    needed: [],
    versionNeeds: [],
    versions: [],
  });
});

test('both kinds of search path are told apart', () => {
  const elf = readElf(sourceOf(makeElf({ rpath: '$ORIGIN', runpath: '/lib' })));
  expect(elf).toMatchObject({ rpath: '$ORIGIN', runpath: '/lib' });
});

test('a file that is damaged anywhere is read, or refused with its name; nothing else happens', () => {
  const bytes = makeElf(full);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(bytes.length),
      (changes, cut) => {
        const damaged = Buffer.from(bytes);
        for (const [at, value] of changes) damaged[at] = value;
        for (const file of [damaged, damaged.subarray(0, cut)]) {
          try {
            readElf(sourceOf(file));
          } catch (error) {
            if (!(error instanceof CogpackError)) throw error;
            expect(error.code).toBe('elf/format');
            expect(error.message).toContain('demo.so');
          }
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test('many needs of one long name are refused before they fill the memory', () => {
  const bytes = makeElf({ needed: Array.from({ length: 80 }, () => 'x'.repeat(60_000)) });
  expect(() => readElf(sourceOf(bytes))).toThrow('its names have more than 4194304 characters');
});

test('a list of versions that leads round in a circle comes to an end', () => {
  const bytes = makeElf({ versionNeeds: { a: ['X', 'Y'] }, versions: ['V'] });
  const item = bytes.indexOf(Buffer.from([16, 0, 0, 0, 0, 0, 0, 0]));
  expect(item).toBeGreaterThan(0);
  fc.assert(
    fc.property(fc.nat(bytes.length - 4), at => {
      const circular = Buffer.from(bytes);
      circular.writeUInt32LE(0xffffffff, at);
      try {
        readElf(sourceOf(circular));
      } catch (error) {
        if (!(error instanceof CogpackError)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});

const fatbins = Buffer.concat([
  makeFatbin([
    { kind: 'cubin', sm: 80 },
    { kind: 'cubin', sm: 90, size: 4000 },
  ]),
  Buffer.alloc(40),
  makeFatbin([
    { kind: 'cubin', sm: 75 },
    { kind: 'ptx', sm: 90 },
    { kind: 'cubin', sm: 120 },
  ]),
]);
const gpu = { cubin: [75, 80, 90, 120], ptx: [90] };

test('GPU code is found however the bytes are cut', () => {
  const bytes = Buffer.concat([Buffer.alloc(1000, 0x50), fatbins, Buffer.alloc(16, 0xed)]);
  fc.assert(
    fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 600 })), sizes => {
      const finder = createGpuCodeFinder();
      for (let at = 0; at < bytes.length; ) {
        const part = bytes.subarray(at, at + sizes.next().value);
        finder.write(part);
        at += part.length;
      }
      expect(finder.result()).toEqual(gpu);
    }),
    { numRuns: 300 },
  );
});

test('what only looks like GPU code is none', () => {
  const magic = Buffer.from([0x50, 0xed, 0x55, 0xba]);
  const odd = makeFatbin([{ kind: 'cubin', sm: 80 }]);
  odd.writeUInt32LE(9999, 16 + 4); // an entry that goes past its container
  for (const bytes of [
    Buffer.concat([magic, Buffer.alloc(100)]),
    Buffer.concat([Buffer.alloc(3), fatbins]),
    odd,
    fatbins.subarray(0, 15),
  ]) {
    const finder = createGpuCodeFinder();
    finder.write(bytes);
    expect(finder.result()).toBeUndefined();
  }
});

test('any bytes can be searched for GPU code', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.constant(fatbins))), parts => {
      const finder = createGpuCodeFinder();
      for (const part of parts) finder.write(part);
      finder.result();
    }),
  );
});

function readInParts(bytes: Buffer, step: number): ReturnType<ReturnType<typeof createElfStream>['finish']> {
  let wanted: Parameters<typeof createElfStream>[2] = [];
  for (let pass = 0; pass < 5; pass += 1) {
    const stream = createElfStream('demo.so', bytes.length, wanted);
    for (let at = 0; at < bytes.length; at += step) stream.write(bytes.subarray(at, at + step));
    const reading = stream.finish();
    if ('elf' in reading) return reading;
    wanted = reading.missing;
  }
  throw new Error('it was never read');
}

test('a file whose bytes pass once is read as with random access, large or small', () => {
  for (const padding of [0, 5 << 20, 40 << 20]) {
    const content = Buffer.concat([fatbins, Buffer.alloc(padding)]);
    const bytes = makeElf({ ...full, content });
    const reading = readInParts(bytes, 300_000);
    expect(reading).toEqual({ elf: readElf(sourceOf(bytes)), gpu });
  }
});

test('a file that ends early or late is refused', () => {
  const bytes = makeElf(full);
  for (const size of [bytes.length - 1, bytes.length + 1]) {
    const stream = createElfStream('demo.so', size);
    expect(() => {
      stream.write(bytes);
      stream.finish();
    }).toThrowError(expect.objectContaining({ code: 'elf/format' }));
  }
});

const folders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/bin'];
const hasReadelf = spawnSync('readelf', ['--version']).status === 0;

test.skipIf(!hasReadelf)("the system's own files are read as readelf reads them", () => {
  const files = folders.flatMap(folder => {
    try {
      return readdirSync(folder, { withFileTypes: true })
        .filter(entry => entry.isFile())
        .map(entry => join(folder, entry.name));
    } catch {
      return [];
    }
  });
  let compared = 0;
  for (const path of files.sort().slice(0, 4000)) {
    if (compared === 60) break;
    const fd = openSync(path, 'r');
    try {
      const read = (offset: number, length: number): Buffer => {
        const bytes = Buffer.alloc(length);
        readSync(fd, bytes, 0, length, offset);
        return bytes;
      };
      const size = fstatSync(fd).size;
      if (size < 64 || !isElf(read(0, 16))) continue;
      const elf = readElf({ size, label: path, read });
      const dynamic = execFileSync('readelf', ['-dW', path], { encoding: 'utf8' });
      const values = (name: string) =>
        [...dynamic.matchAll(new RegExp(`\\(${name}\\) .*\\[(.*)\\]`, 'g'))].map(match => match[1]);
      expect(elf.needed, path).toEqual(values('NEEDED'));
      expect([elf.soname ?? []].flat(), path).toEqual(values('SONAME'));
      expect([elf.runpath ?? []].flat(), path).toEqual(values('RUNPATH'));
      const versions = execFileSync('readelf', ['-VW', path], { encoding: 'utf8' });
      const names = [...versions.matchAll(/Name: (\S+) {2}Flags: none {2}Version: \d+/g)].map(
        match => match[1],
      );
      expect(
        elf.versionNeeds.flatMap(need => need.versions),
        path,
      ).toEqual(names);
      compared += 1;
    } finally {
      closeSync(fd);
    }
  }
  expect(compared).toBeGreaterThan(0);
});
