import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { crc32, deflateRawSync, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { afterAll, expect, test } from 'vitest';
import type { Descriptor } from '../../src/base/digest.ts';
import { CogpackError } from '../../src/base/error.ts';
import { layerMediaType } from '../../src/builders/builder.ts';
import { join } from '../../src/builders/join.ts';
import { type LayerWriter, writeLayer } from '../../src/builders/layer.ts';
import { scanLayer } from '../../src/builders/scan.ts';
import { parseSummary, type Summary, summaryMediaType } from '../../src/check/summary.ts';
import { openBench } from '../builders/fixture.ts';
import { makeElf, makeFatbin } from '../formats/elf-fixture.ts';
import { makeLayer, runScan, wheelFiles } from './fixture.ts';

const bench = openBench();
afterAll(bench.close);

const scanOf = (layer: Descriptor): Promise<Summary> =>
  scanLayer(layer, { name: 'demo', store: bench.store });

const library = makeElf({ soname: 'libdemo.so.1', needed: ['libc.so.6'], versions: ['DEMO_1'] });

test('a layer becomes its entries, with what the loader reads of ELF files', async () => {
  const layer = await makeLayer(bench, {
    'usr/lib/libdemo.so.1': library,
    'usr/lib/libdemo.so': { link: 'libdemo.so.1' },
    'usr/share/text': 'text',
    'etc/ld.so.conf.d/demo.conf': '/opt/demo\n',
  });
  const { descriptor, bytes } = await runScan(bench, layer);
  expect(descriptor.mediaType).toBe(summaryMediaType);
  expect(parseSummary(bytes)).toEqual({
    version: 1,
    owners: [],
    entries: [
      { type: 'folder', path: 'usr' },
      { type: 'folder', path: 'usr/lib' },
      {
        type: 'file',
        path: 'usr/lib/libdemo.so.1',
        size: library.length,
        crc: crc32(library),
        executable: true,
        elf: {
          class: 64,
          littleEndian: true,
          machine: 62,
          type: 'shared',
          soname: 'libdemo.so.1',
          needed: ['libc.so.6'],
          versionNeeds: [],
          versions: ['DEMO_1'],
        },
      },
      { type: 'link', path: 'usr/lib/libdemo.so', target: 'libdemo.so.1' },
      { type: 'folder', path: 'usr/share' },
      { type: 'file', path: 'usr/share/text', size: 4, crc: crc32('text') },
      { type: 'folder', path: 'etc' },
      { type: 'folder', path: 'etc/ld.so.conf.d' },
      {
        type: 'file',
        path: 'etc/ld.so.conf.d/demo.conf',
        size: 10,
        crc: crc32('/opt/demo\n'),
        text: '/opt/demo\n',
      },
    ],
  });
  expect((await runScan(bench, layer)).descriptor).toEqual(descriptor);
});

test('a file belongs to the wheel or the Debian package that lists it', async () => {
  const summary = await scanOf(
    await makeLayer(bench, {
      ...wheelFiles('Demo_Pkg', { 'demo/__init__.py': 'pass' }),
      'usr/lib/libfoo.so.1': library,
      'usr/bin/foo': 'foo',
      'var/lib/dpkg/status.d/libfoo1': 'Package: libfoo1\n',
      'var/lib/dpkg/status.d/libfoo1.md5sums':
        'd41d8cd98f00b204e9800998ecf8427e  lib/libfoo.so.1\nd41d8cd98f00b204e9800998ecf8427e  usr/bin/foo\n',
    }),
  );
  const owned = summary.entries.flatMap(entry => {
    const owner =
      entry.type === 'file' && entry.owner !== undefined ? summary.owners[entry.owner]! : undefined;
    return owner === undefined ? [] : [`${entry.path.split('/').at(-1)}: ${owner.kind} ${owner.name}`];
  });
  expect(owned).toEqual([
    '__init__.py: wheel demo-pkg',
    'RECORD: wheel demo-pkg',
    'libfoo.so.1: deb libfoo1',
    'foo: deb libfoo1',
  ]);
});

test('two packages that bring one path, joined into one layer: the last one has it', async () => {
  const layers = [
    await makeLayer(bench, wheelFiles('one', { 'shared.py': '1' })),
    await makeLayer(bench, wheelFiles('two', { 'shared.py': '22' })),
  ];
  const joined = await bench.build(join, {}, { layers });
  const summary = await scanOf(joined);
  const shared = summary.entries.filter(entry => entry.path.endsWith('shared.py'));
  expect(shared).toMatchObject([{ size: 2, owner: 1 }]);
  expect(summary.owners.map(owner => owner.name)).toEqual(['one', 'two']);
});

/** Writes a file as the wheel builder does: its own deflate stream as a member. */
function copyDeflated(writer: LayerWriter, path: string, content: Buffer, level: number): void {
  const file = writer.openDeflated(path, 0o644, content.length);
  file.deflated(deflateRawSync(content, { level }));
  file.content(content);
  file.end(crc32(content));
}

const put = (bytes: Uint8Array, mediaType: string): Descriptor => bench.store.writeBlob(mediaType, bytes);

/** The layer's tar in the forms that base images have. */
function otherForms(layer: Descriptor): Descriptor[] {
  const tar = gunzipSync(readFileSync(bench.store.blobPath(layer)));
  return [
    put(tar, 'application/vnd.oci.image.layer.v1.tar'),
    put(gzipSync(tar), layerMediaType),
    put(gzipSync(tar), 'application/vnd.docker.image.rootfs.diff.tar.gzip'),
    put(zstdCompressSync(tar), 'application/vnd.oci.image.layer.v1.tar+zstd'),
  ];
}

function noise(seed: string, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at * 32 < size; at += 1) parts.push(createHash('sha256').update(`${seed}${at}`).digest());
  return Buffer.concat(parts).subarray(0, size);
}

test('a layer of large and small, copied and gathered files is summed up as its plain tar is', async () => {
  const elf = makeElf({
    soname: 'libbig.so',
    content: Buffer.concat([makeFatbin([{ kind: 'cubin', sm: 90 }]), noise('elf', 6 << 20)]),
  });
  const { layer, summary: written } = await writeLayer({ name: 'layer', store: bench.store }, writer => {
    copyDeflated(writer, 'a/large.bin', noise('a', 300_001), 6);
    copyDeflated(writer, 'a/libbig.so', elf, 1);
    copyDeflated(writer, 'a/libbig2.so', elf, 0);
    copyDeflated(writer, 'a/zeros', Buffer.alloc(9 << 20), 9);
    copyDeflated(writer, 'a/even', noise('b', 128 << 10), 6);
    writer.file('b/gathered.so', 0o755, elf);
    writer.file('b/small', 0o644, Buffer.from('small'));
    copyDeflated(writer, 'c/last', noise('c', 70_000), 6);
  });
  const summary = await scanOf(layer);
  expect(parseSummary(bench.store.readBlob(written.digest))).toEqual(summary);
  const gpu = summary.entries.filter(entry => entry.type === 'file' && entry.elf && 'gpu' in entry.elf);
  expect(gpu.map(({ path }) => path)).toEqual(['a/libbig.so', 'a/libbig2.so', 'b/gathered.so']);
  for (const other of otherForms(layer)) expect(await scanOf(other)).toEqual(summary);
});

test('a file that holds what looks like the end of its own member is passed over all the same', async () => {
  const size = 200_000;
  const trap = Buffer.alloc(14 + 10);
  trap.writeUInt32LE(size);
  Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]).copy(trap, 4);
  const content = noise('trap', size);
  for (const at of [5000, 90_000]) trap.copy(content, at);
  const { layer } = await writeLayer({ name: 'layer', store: bench.store }, writer => {
    copyDeflated(writer, 'trap.bin', content, 0);
    writer.file('after.so', 0o755, library);
  });
  const summary = await scanOf(layer);
  expect(summary.entries).toMatchObject([
    { path: 'trap.bin', size, crc: crc32(content) },
    { path: 'after.so', elf: { soname: 'libdemo.so.1' } },
  ]);
});

test('layers of any shape are summed up by their writer as their plain tars are', async () => {
  const sizes = fc.oneof(fc.nat(3000), fc.constantFrom(65536, 65537, 131072, 1 << 20));
  const file = fc.record({
    size: sizes,
    copied: fc.boolean(),
    elf: fc.boolean(),
    level: fc.constantFrom(0, 6),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(file, { maxLength: 12 }), async files => {
      const { layer, summary } = await writeLayer({ name: 'layer', store: bench.store }, writer => {
        for (const [index, { size, copied, elf, level }] of files.entries()) {
          const content = elf ? makeElf({ content: noise(`${index}`, size) }) : noise(`${index}`, size);
          if (copied && content.length > 0) copyDeflated(writer, `f/${index}`, content, level);
          else writer.file(`f/${index}`, 0o644, content);
        }
      });
      const [plain] = otherForms(layer);
      const written = parseSummary(bench.store.readBlob(summary.digest));
      expect(await scanOf(layer)).toEqual(written);
      expect(await scanOf(plain!)).toEqual(written);
    }),
    { numRuns: 25 },
  );
});

test('archives of other programs are read: long names, hard links, devices, large numbers', async () => {
  const long = `${'folder/'.repeat(40)}ünïcode`;
  const tar = pack();
  tar.entry({ name: './', type: 'directory' });
  tar.entry({ name: `./${long}` }, 'content');
  tar.entry({ name: './hard', type: 'link', linkname: `./${long}` });
  tar.entry({ name: './soft', type: 'symlink', linkname: `/${long}` });
  tar.entry({ name: './dev/null', type: 'character-device' });
  tar.entry({ name: './owned', uid: 2 ** 31, gid: 2 ** 31 }, 'x');
  tar.finalize();
  const bytes = await buffer(tar);
  const summary = await scanOf(put(gzipSync(bytes), layerMediaType));
  expect(summary.entries).toEqual([
    { type: 'file', path: long, size: 7, crc: crc32('content') },
    { type: 'hard link', path: 'hard', target: long },
    { type: 'link', path: 'soft', target: `/${long}` },
    { type: 'other', path: 'dev/null' },
    { type: 'file', path: 'owned', size: 1, crc: crc32('x') },
  ]);
});

test('a damaged ELF file is noted as such, and the layer is read on', async () => {
  const summary = await scanOf(
    await makeLayer(bench, { 'a.so': library.subarray(0, 100), 'b.so': library, 'c.so': '\x7fELF' }),
  );
  expect(summary.entries).toMatchObject([
    { path: 'a.so', elf: { fault: expect.stringContaining('a.so is not a sound ELF file') } },
    { path: 'b.so', elf: { soname: 'libdemo.so.1' } },
    { path: 'c.so', size: 4 },
  ]);
});

test('layers that are damaged or of another kind are refused with their digest', async () => {
  const layer = await makeLayer(bench, { 'a.so': library, b: noise('b', 200_000) });
  const bytes = readFileSync(bench.store.blobPath(layer));
  const cut = Buffer.concat([bytes.subarray(0, 300), bytes.subarray(400)]);
  for (const [damaged, mediaType, code] of [
    [cut, layerMediaType, 'tar/format'],
    [gzipSync(bytes), layerMediaType, 'tar/format'],
    [bytes.subarray(0, 1000), layerMediaType, 'tar/format'],
    [Buffer.from('no archive'), layerMediaType, 'tar/format'],
    [gzipSync('text'), 'application/json', 'scan/layer'],
  ] as const) {
    const descriptor = put(damaged, mediaType);
    await expect(scanOf(descriptor)).rejects.toThrowError(
      expect.objectContaining({ code, message: expect.stringContaining(descriptor.digest) }),
    );
  }
  const climbing = pack();
  climbing.entry({ name: '../evil' }, 'x');
  climbing.finalize();
  const tar = await buffer(climbing);
  await expect(scanOf(put(tar, 'application/vnd.oci.image.layer.v1.tar'))).rejects.toThrowError(
    expect.objectContaining({ code: 'scan/path' }),
  );
});

test('a layer that is damaged anywhere is read, or refused with a reason; nothing else happens', async () => {
  const { layer } = await writeLayer({ name: 'layer', store: bench.store }, writer => {
    copyDeflated(writer, 'a/large.bin', noise('a', 70_000), 6);
    writer.file(`b/${'long/'.repeat(50)}name`, 0o755, library);
    copyDeflated(writer, 'c.so', library, 6);
  });
  const written = readFileSync(bench.store.blobPath(layer));
  const tar = gunzipSync(written);
  // Half of the places lie in headers, which hold more that can be wrong.
  const place = fc.oneof(fc.nat(written.length - 1), fc.nat(2000), fc.integer({ min: 70_000, max: 73_000 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      async (changes, asTar) => {
        const bytes = Buffer.from(asTar ? tar : written);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const mediaType = asTar ? 'application/vnd.oci.image.layer.v1.tar' : layerMediaType;
        try {
          await scanOf(put(bytes, mediaType));
        } catch (error) {
          if (!(error instanceof CogpackError)) throw error;
          expect(['tar/format', 'scan/path']).toContain(error.code);
        }
      },
    ),
    { numRuns: 300 },
  );
});
