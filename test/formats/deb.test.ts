import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseStanzas } from '../../src/formats/control.ts';
import { debEntries, readDeb } from '../../src/formats/deb.ts';
import { makeAr, makeDeb, makeTar } from './deb-fixture.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-deb-'));
afterAll(() => rmSync(dir, { recursive: true }));

async function entriesOf(bytes: Buffer): Promise<Record<string, string>> {
  const path = join(dir, 'some_1.0_all.deb');
  writeFileSync(path, bytes);
  const fd = openSync(path, 'r');
  try {
    const deb = readDeb(fd, bytes.length, 'some_1.0_all.deb');
    const files: Record<string, string> = {};
    for await (const entry of debEntries(deb, deb.data)) {
      let text = '';
      for await (const part of entry.content) text += Buffer.from(part).toString('latin1');
      files[entry.path] = `${entry.type} ${entry.mode.toString(8)} ${entry.target || text}`;
    }
    return files;
  } finally {
    closeSync(fd);
  }
}

const data = await makeTar([
  { name: './', type: 'directory', mode: 0o755 },
  { name: './usr/', type: 'directory', mode: 0o755 },
  { name: './usr/file', content: 'text', mode: 0o644 },
  { name: './usr/link', type: 'symlink', linkname: '../target', mode: 0o777 },
  { name: './usr/hard', type: 'link', linkname: './usr/file', mode: 0o644 },
]);

test.for(['', '.gz', '.xz', '.zst'] as const)('a package whose members are tar%s is read', async suffix => {
  const found = await entriesOf(await makeDeb({ control: 'Package: some\n', data, suffix }));
  expect(found).toEqual({
    '': 'directory 755 ',
    usr: 'directory 755 ',
    'usr/file': 'file 644 text',
    'usr/link': 'symlink 777 ../target',
    'usr/hard': 'link 644 usr/file',
  });
});

test('entries that are not read are passed over', async () => {
  const bytes = await makeDeb({
    control: 'Package: some\n',
    data: await makeTar([
      { name: './a', content: 'x'.repeat(300_000) },
      { name: './b', content: 'b' },
    ]),
    suffix: '.xz',
  });
  writeFileSync(join(dir, 'skip.deb'), bytes);
  const fd = openSync(join(dir, 'skip.deb'), 'r');
  const deb = readDeb(fd, bytes.length, 'skip.deb');
  const names: string[] = [];
  for await (const entry of debEntries(deb, deb.data)) names.push(entry.path);
  for await (const entry of debEntries(deb, deb.data)) {
    names.push(entry.path);
    break; // a reader may stop early, and the next one still gets the decoder
  }
  for await (const entry of debEntries(deb, deb.control)) names.push(entry.path);
  closeSync(fd);
  expect(names).toEqual(['a', 'b', 'a', 'control', 'postinst']);
});

const whole = await makeDeb({ control: 'Package: some\n', data, suffix: '.xz' });
const refused: readonly [string, string, RegExp, Buffer][] = [
  ['no archive', 'ar/format', /some_1\.0_all\.deb .*!<arch>/, Buffer.from('<html>')],
  [
    'an archive that breaks off',
    'ar/format',
    /ends inside its member data\.tar\.xz/,
    whole.subarray(0, whole.length - 40),
  ],
  [
    'an archive of another format',
    'deb/format',
    /format 2/,
    makeAr([['debian-binary', Buffer.from('3.0\n')]]),
  ],
  [
    'no data',
    'deb/format',
    /no data\.tar/,
    makeAr([
      ['debian-binary', Buffer.from('2.0\n')],
      ['control.tar', await makeTar([])],
    ]),
  ],
  [
    'a compression that dpkg gave up',
    'deb/compression',
    /data\.tar\.bz2/,
    await deb('.bz2', Buffer.from('BZh')),
  ],
  ['an xz stream that breaks off', 'deb/format', /data\.tar\.xz cannot be read/, await cut('.xz')],
  ['a gzip stream that breaks off', 'deb/format', /data\.tar\.gz cannot be read/, await cut('.gz')],
  ['a zstd stream that breaks off', 'deb/format', /data\.tar\.zst cannot be read/, await cut('.zst')],
  [
    'a tar archive that breaks off',
    'deb/format',
    /data\.tar cannot be read/,
    await deb('', data.subarray(0, 1300)),
  ],
  ['an empty xz member', 'deb/format', /data\.tar\.xz cannot be read/, await deb('.xz', Buffer.alloc(0))],
  [
    'bytes that are no xz',
    'deb/format',
    /data\.tar\.xz cannot be read/,
    await deb('.xz', Buffer.alloc(100, 1)),
  ],
  ['bytes that are no tar', 'deb/format', /data\.tar cannot be read/, await deb('', Buffer.alloc(1024, 1))],
];

test.for(refused)('%s is refused', async ([, code, message, bytes]) => {
  await expect(entriesOf(bytes)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('stanzas are separated by empty lines and fields go on in indented ones', () => {
  const text = 'Package: a\nDescription: short\n long\n .\n\n\nPackage: b\r\n# comment\nDepends: x,\n y\n';
  expect(parseStanzas(text).map(stanza => Object.fromEntries(stanza))).toEqual([
    { package: 'a', description: 'short\nlong\n.' },
    { package: 'b', depends: 'x,\ny' },
  ]);
});

async function deb(suffix: string, bytes: Buffer): Promise<Buffer> {
  return makeAr([
    ['debian-binary', Buffer.from('2.0\n')],
    ['control.tar', await makeTar([])],
    [`data.tar${suffix}`, bytes],
  ]);
}

async function cut(suffix: '.xz' | '.gz' | '.zst'): Promise<Buffer> {
  const sound = await makeDeb({
    control: '',
    data: await makeTar([{ name: './a', content: noise() }]),
    suffix,
  });
  const start = sound.indexOf(`data.tar${suffix}`) + 60;
  return deb(suffix, sound.subarray(start, start + 20_000));
}

function noise(): string {
  let text = '';
  for (let state = 1; text.length < 100_000; state = (state * 48_271) % 2_147_483_647)
    text += state.toString(36);
  return text;
}
