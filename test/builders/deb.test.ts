import { afterAll, expect, test } from 'vitest';
import { deb } from '../../src/builders/deb.ts';
import { type DebFixture, makeDeb, makeTar, type TarFixture } from '../formats/deb-fixture.ts';
import { listLayer, openBench } from './fixture.ts';

const bench = openBench();
afterAll(bench.close);

const filename = 'demo_1.0-1_amd64.deb';
const control =
  'Package: demo\nVersion: 1.0-1\nArchitecture: amd64\nInstalled-Size: 1\nDescription: a\n long one\n';
const folder = (name: string, mode = 0o755): TarFixture => ({ name, type: 'directory', mode });

async function install(entries: readonly TarFixture[], more: Partial<DebFixture> = {}) {
  const bytes = await makeDeb({ control, ...more, data: await makeTar(entries) });
  return bench.build(deb, { filename }, { deb: [bench.put(bytes)] });
}

const status = [
  '755 directory var/',
  '755 directory var/lib/',
  '755 directory var/lib/dpkg/',
  '755 directory var/lib/dpkg/status.d/',
  `644 file var/lib/dpkg/status.d/demo: ${control}`,
];

test('files, folders, links and configuration files are laid out, and no maintainer script', async () => {
  const layer = await install(
    [
      folder('./'),
      folder('./etc/'),
      { name: './etc/demo.conf', content: 'a=1' },
      folder('./usr/'),
      folder('./usr/bin/'),
      { name: './usr/bin/demo', content: 'program', mode: 0o755 },
      { name: './usr/bin/again', type: 'link', linkname: './usr/bin/demo' },
      { name: './usr/bin/alias', type: 'symlink', linkname: '/etc/alternatives/demo' },
      folder('./usr/share/doc/demo/'),
      { name: './usr/share/doc/demo/copyright', content: 'free' },
    ],
    { md5sums: 'd41d8cd98f00b204e9800998ecf8427e  usr/bin/demo\n', suffix: '.xz' },
  );
  expect(await listLayer(bench.store, layer)).toEqual([
    '755 directory etc/',
    '644 file etc/demo.conf: a=1',
    '755 directory usr/',
    '755 directory usr/bin/',
    '755 file usr/bin/demo: program',
    '755 link usr/bin/again -> usr/bin/demo',
    '777 symlink usr/bin/alias -> /etc/alternatives/demo',
    '755 directory usr/share/',
    '755 directory usr/share/doc/',
    '755 directory usr/share/doc/demo/',
    '644 file usr/share/doc/demo/copyright: free',
    ...status,
    '644 file var/lib/dpkg/status.d/demo.md5sums: d41d8cd98f00b204e9800998ecf8427e  usr/bin/demo\n',
  ]);
});

test('what lies below /bin, /sbin and /lib* goes to /usr, with the links that lead there', async () => {
  const layer = await install([
    folder('./bin/'),
    { name: './bin/sh', type: 'symlink', linkname: 'dash' },
    { name: './bin/dash', content: 'shell', mode: 0o755 },
    { name: './bin/hard', type: 'link', linkname: './bin/dash' },
    { name: './lib64/ld.so', type: 'symlink', linkname: '/lib/ld.so' },
    folder('./usr/'),
    folder('./usr/bin/'),
    { name: './usr/bin/env', content: 'env', mode: 0o755 },
    { name: './library', content: 'no library folder' },
    { name: './usr/back\\x2dslash', content: 'as systemd names units' },
  ]);
  expect(await listLayer(bench.store, layer)).toEqual([
    '755 directory usr/',
    '755 directory usr/bin/',
    '777 symlink bin -> usr/bin',
    '777 symlink usr/bin/sh -> dash',
    '755 file usr/bin/dash: shell',
    '755 link usr/bin/hard -> usr/bin/dash',
    '755 directory usr/lib64/',
    '777 symlink lib64 -> usr/lib64',
    '777 symlink usr/lib64/ld.so -> /lib/ld.so',
    '755 file usr/bin/env: env',
    '644 file library: no library folder',
    '644 file usr/back\\x2dslash: as systemd names units',
    ...status,
  ]);
});

test('a package that brings the links of /usr itself has them once', async () => {
  const layer = await install([
    { name: './lib', type: 'symlink', linkname: 'usr/lib' },
    folder('./usr/lib/'),
    { name: './lib/a', content: 'a' },
  ]);
  expect((await listLayer(bench.store, layer)).slice(0, -status.length)).toEqual([
    '755 directory usr/',
    '755 directory usr/lib/',
    '777 symlink lib -> usr/lib',
    '644 file usr/lib/a: a',
  ]);
});

test("special modes stay, but 'run as the owner' only where the owner is root", async () => {
  const layer = await install([
    folder('./tmp/', 0o1777),
    { name: './usr/bin/su', content: '', mode: 0o4755 },
    { name: './usr/bin/chage', content: '', mode: 0o2755, gid: 42 },
    { name: './usr/bin/other', content: '', mode: 0o6755, uid: 7 },
  ]);
  expect(await listLayer(bench.store, layer)).toEqual(
    expect.arrayContaining([
      '1777 directory tmp/',
      '4755 file usr/bin/su: ',
      '755 file usr/bin/chage: ',
      '2755 file usr/bin/other: ',
    ]),
  );
});

test('owners and times in the package do not matter, and neither does its compression', async () => {
  const file = { name: './usr/a', content: 'a' };
  const first = await install([file]);
  for (const suffix of ['.gz', '.zst', '.xz'] as const) {
    expect(
      await install([{ ...file, uid: 5, gid: 6, uname: 'x', mtime: new Date(5e11) }], { suffix }),
    ).toEqual(first);
  }
});

const refused: readonly [string, string, RegExp, TarFixture[], Partial<DebFixture>?][] = [
  ['a file above the root', 'deb/path', /"\.\.\/evil"/, [{ name: './../evil' }]],
  ['a file that climbs', 'deb/path', /usr\/\.\.\/\.\.\/evil/, [{ name: './usr/../../evil' }]],
  ['an absolute file', 'deb/path', /absolute/, [{ name: '/evil' }]],
  [
    'a file through a link',
    'layer/parent',
    /below usr\/a, which is a link/,
    [{ name: './usr/a', type: 'symlink', linkname: '/etc' }, { name: './usr/a/passwd' }],
  ],
  ['a file given twice', 'layer/duplicate', /given twice/, [{ name: './bin/a' }, { name: './usr/bin/a' }]],
  [
    'a hard link to nothing',
    'layer/link',
    /hard link to \/etc\/shadow/,
    [{ name: './a', type: 'link', linkname: '/etc/shadow' }],
  ],
  [
    'a link that is not UTF-8',
    'layer/link',
    /link has no usable target/,
    [{ name: './link', type: 'symlink', linkname: 'a\ufffd' }],
  ],
  ['a device', 'deb/kind', /null is a character-device/, [{ name: './dev/null', type: 'character-device' }]],
  ['a pipe', 'deb/kind', /pipe is a fifo/, [{ name: './pipe', type: 'fifo' }]],
  [
    'the control file of another package',
    'deb/control',
    /of package other; expected demo/,
    [],
    { control: 'Package: other\n' },
  ],
  ['no package name', 'deb/control', /of no package/, [], { control: 'Version: 1\n' }],
];

test.for(refused)(
  'a package with %s is refused by name, and nothing is left',
  async ([, code, message, entries, more]) => {
    const bytes = await makeDeb({ control, ...more, data: await makeTar(entries) });
    const input = bench.put(bytes);
    const before = bench.files();
    const built = bench.build(deb, { filename }, { deb: [input] }, { name: filename });
    await expect(built).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await expect(built).rejects.toMatchObject({ message: expect.stringContaining(filename) });
    expect(bench.files()).toEqual(before);
  },
);
