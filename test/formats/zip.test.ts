import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { readZip, type Zip } from '../../src/formats/zip.ts';
import { entryBytes, entryHead, readEntry } from '../../src/formats/zip-read.ts';
import { makeZip, type ZipFixture } from './zip-fixture.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-zip-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** Opens bytes as a zip named some.whl. */
async function withZip<T>(bytes: Buffer, use: (zip: Zip) => T | Promise<T>): Promise<T> {
  const path = join(dir, 'some.whl');
  writeFileSync(path, bytes);
  const fd = openSync(path, 'r');
  try {
    return await use(readZip(fd, bytes.length, 'some.whl'));
  } finally {
    closeSync(fd);
  }
}

const contentsOf = (bytes: Buffer) =>
  withZip(bytes, async zip => {
    const files: Record<string, string> = {};
    for (const entry of zip.entries) files[entry.name] = (await entryBytes(zip, entry)).toString('latin1');
    return files;
  });

const fixture: fc.Arbitrary<ZipFixture> = fc.record({
  name: fc.string({ unit: fc.constantFrom('a', 'b', '/', 'ü', '.'), minLength: 1, maxLength: 12 }),
  content: fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
  stored: fc.boolean(),
  dataDescriptor: fc.boolean(),
  zip64: fc.boolean(),
});

test('stored and deflated entries, data descriptors and zip64 are read as they were written', async () => {
  const files = fc.uniqueArray(fixture, { selector: file => file.name, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(files, fc.boolean(), async (list, zip64End) => {
      const expected = Object.fromEntries(list.map(file => [file.name, file.content.toString('latin1')]));
      expect(await contentsOf(makeZip(list, { zip64End }))).toEqual(expected);
    }),
  );
});

test('a large entry arrives in parts that give its content and its deflate stream', async () => {
  const content = Buffer.alloc(9_000_000, 'a line of a large file\n');
  for (let at = 0; at < content.length; at += 97) content[at] = at;
  const deflated = deflateRawSync(content);
  await withZip(makeZip([{ name: 'large', content }]), async zip => {
    const parts = { content: [] as Buffer[], deflated: [] as Buffer[] };
    await readEntry(zip, zip.entries[0]!, {
      content: bytes => void parts.content.push(Buffer.from(bytes)),
      deflated: bytes => void parts.deflated.push(Buffer.from(bytes)),
    });
    expect(parts.content.length).toBeGreaterThan(5);
    expect(Buffer.concat(parts.content).equals(content)).toBe(true);
    expect(Buffer.concat(parts.deflated).equals(deflated)).toBe(true);
  });
});

test('the head of an entry is had without the rest', async () => {
  const content = Buffer.concat([Buffer.from('#!python\n'), Buffer.alloc(5_000_000, 'x')]);
  for (const stored of [true, false]) {
    await withZip(makeZip([{ name: 'script', content, stored }]), zip => {
      expect(entryHead(zip, zip.entries[0]!, 8).toString('latin1', 0, 8)).toBe('#!python');
    });
  }
});

test('a comment after the end record is no part of it', async () => {
  const bytes = makeZip([{ name: 'a', content: Buffer.from('a') }]);
  bytes.writeUInt16LE(4, bytes.length - 2);
  expect(await contentsOf(Buffer.concat([bytes, Buffer.from('note')]))).toEqual({ a: 'a' });
});

const small = Buffer.from('contents of a file');
const large = Buffer.alloc(6_000_000, 'large ').map((byte, at) => (at % 97 === 0 ? at >> 8 : byte)) as Buffer;

const refused: readonly [string, string, RegExp, Buffer][] = [
  ['no zip at all', 'zip/format', /some\.whl .* it has no end record/, Buffer.from('<html>not found</html>')],
  ['an empty file', 'zip/format', /some\.whl/, Buffer.alloc(0)],
  [
    'the first half of a zip',
    'zip/format',
    /some\.whl/,
    makeZip([{ name: 'a', content: large }]).subarray(0, 3000),
  ],
  [
    'a CRC-32 that does not match',
    'zip/crc',
    /some\.whl: a is damaged/,
    makeZip([{ name: 'a', content: small, crc: 1 }]),
  ],
  [
    'a CRC-32 of a large entry',
    'zip/crc',
    /some\.whl: a is damaged/,
    makeZip([{ name: 'a', content: large, crc: 1 }]),
  ],
  [
    'a stored entry with a wrong CRC-32',
    'zip/crc',
    /: a /,
    makeZip([{ name: 'a', content: small, stored: true, crc: 1 }]),
  ],
  [
    'more content than stated',
    'zip/data',
    /: a unpacks to more/,
    makeZip([{ name: 'a', content: small, size: 5 }]),
  ],
  [
    'much more content than stated',
    'zip/data',
    /: a unpacks to more/,
    makeZip([{ name: 'a', content: large, size: 5 }]),
  ],
  [
    'more content than a large entry states',
    'zip/data',
    /: a unpacks to more/,
    makeZip([{ name: 'a', content: large, size: large.length - 1 }]),
  ],
  [
    'less content than stated',
    'zip/data',
    /: a unpacks to fewer/,
    makeZip([{ name: 'a', content: small, size: 25 }]),
  ],
  [
    'a deflate stream that breaks off',
    'zip/data',
    /: a is damaged/,
    makeZip([{ name: 'a', content: small, deflated: deflateRawSync(small).subarray(0, 8) }]),
  ],
  [
    'a large deflate stream that breaks off',
    'zip/data',
    /: a is damaged/,
    makeZip([{ name: 'a', content: large, deflated: deflateRawSync(large).subarray(0, 20_000) }]),
  ],
  [
    'bytes after the deflate stream',
    'zip/data',
    /: the deflate stream of a ends after/,
    makeZip([
      { name: 'a', content: small, deflated: Buffer.concat([deflateRawSync(small), Buffer.from('more')]) },
    ]),
  ],
  [
    'bytes after a large deflate stream',
    'zip/data',
    /: the deflate stream of a ends after/,
    makeZip([
      {
        name: 'a',
        content: large,
        deflated: Buffer.concat([deflateRawSync(large), Buffer.alloc(5_000_000)]),
      },
    ]),
  ],
  [
    'no deflate stream',
    'zip/data',
    /: a is damaged/,
    makeZip([{ name: 'a', content: small, deflated: Buffer.alloc(30, 0xff) }]),
  ],
  [
    'a size that deflate cannot give',
    'zip/bomb',
    /: a claims 60000 bytes/,
    makeZip([{ name: 'a', content: small, size: 60_000 }]),
  ],
  [
    'an archive that unpacks to a thousand times its size',
    'zip/bomb',
    /would unpack to/,
    makeZip(bombEntries()),
  ],
  [
    'an encrypted entry',
    'zip/encrypted',
    /: a is encrypted/,
    makeZip([{ name: 'a', content: small, flags: 1 }]),
  ],
  [
    'a method that wheels do not use',
    'zip/method',
    /: a is compressed by method 12/,
    makeZip([{ name: 'a', content: small, method: 12 }]),
  ],
  [
    'a name that is not UTF-8',
    'zip/name',
    /some\.whl: the name of "gr\xf6\xdfe" is not UTF-8/,
    makeZip([{ name: Buffer.from('gr\xf6\xdfe', 'latin1'), content: small }]),
  ],
  [
    'a local header with another name',
    'zip/format',
    /local header of safe differs/,
    makeZip([{ name: 'safe', localName: 'evil', content: small }]),
  ],
];

test.for(refused)('%s is refused', async ([, code, message, bytes]) => {
  await expect(contentsOf(bytes)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('entries that share their data are refused', async () => {
  const bytes = makeZip([
    { name: 'a', content: large },
    { name: 'b', content: large },
  ]);
  const second = bytes.lastIndexOf(Buffer.from('b')) - 4;
  bytes.writeUInt32LE(0, second);
  await expect(contentsOf(bytes)).rejects.toMatchObject({
    code: 'zip/format',
    message: expect.stringMatching(/runs into/),
  });
});

test('any damage to a zip is found or does no harm', async () => {
  const files = [
    { name: 'one', content: small },
    { name: 'two', content: Buffer.from('x'.repeat(100)), stored: true },
  ];
  const sound = makeZip(files);
  const expected = { one: small.toString(), two: 'x'.repeat(100) };
  await fc.assert(
    fc.asyncProperty(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const bytes = Buffer.from(sound);
      bytes[at]! ^= change;
      const found = await contentsOf(bytes).catch(error => error.code);
      if (typeof found === 'string') expect(found).toMatch(/^zip\//);
      else expect(Object.values(found)).toEqual(Object.values(expected).slice(0, Object.keys(found).length));
    }),
    { numRuns: 1000 },
  );
});

function bombEntries(): ZipFixture[] {
  const zeros = Buffer.alloc(20 << 20);
  const deflated = deflateRawSync(zeros);
  return Array.from({ length: 15 }, (_, index) => ({
    name: `zeros-${index}`,
    content: zeros,
    deflated,
    crc: 0,
  }));
}
