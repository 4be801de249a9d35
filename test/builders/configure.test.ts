// The builder `configure` on packages made for it: scripts come from the .debs, files from their layers.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { configure } from '../../src/builders/configure.ts';
import { deb } from '../../src/builders/deb.ts';
import { makeDeb, makeTar, type TarFixture } from '../formats/deb-fixture.ts';
import { listLayer, openBench, readLayer } from './fixture.ts';

const bench = openBench();
afterAll(bench.close);

type Package = { readonly name: string; readonly postinst?: string; readonly files?: readonly TarFixture[] };

async function configured(packages: readonly Package[], platform = 'linux/amd64') {
  const inputs = await Promise.all(
    packages.map(async ({ name, postinst, files = [] }) => {
      const bytes = await makeDeb({
        control: `Package: ${name}\nVersion: 1\n`,
        data: await makeTar(files),
        ...(postinst !== undefined && { postinst }),
      });
      const input = bench.put(bytes);
      return { input, layer: await bench.build(deb, { filename: `${name}_1_all.deb` }, { deb: [input] }) };
    }),
  );
  return bench.build(
    configure,
    {},
    { debs: inputs.map(({ input }) => input), layers: inputs.map(({ layer }) => layer) },
    { platform },
  );
}

const list = async (...packages: Package[]) => {
  const lines = await listLayer(bench.store, await configured(packages));
  return lines.filter(line => !line.includes(' directory '));
};

test('packages that ask for nothing give an empty layer', async () => {
  expect(await list({ name: 'a', files: [{ name: './usr/bin/a', content: 'a' }] })).toEqual([]);
  expect(await list()).toEqual([]);
});

test('alternatives lead to the best choice that the packages bring, below /usr', async () => {
  const lines = await list(
    {
      name: 'less',
      postinst:
        'update-alternatives --install /usr/bin/pager pager /usr/bin/less 77 --slave /usr/share/man/pager.1 pager.1 /usr/share/man/less.1\n',
      files: [{ name: './usr/bin/less' }, { name: './usr/share/man/less.1' }],
    },
    {
      name: 'more',
      postinst: 'update-alternatives --install /usr/bin/pager pager /bin/more 50\n',
      files: [{ name: './bin/more' }],
    },
    {
      name: 'absent',
      postinst: 'update-alternatives --install /usr/bin/pager pager /usr/bin/absent 100\n',
    },
    {
      name: 'nc',
      postinst: 'update-alternatives --install /bin/nc nc /bin/nc.openbsd 50\n',
      files: [{ name: './usr/bin/nc.openbsd' }],
    },
  );
  expect(lines).toEqual([
    '777 symlink etc/alternatives/nc -> /bin/nc.openbsd',
    '777 symlink etc/alternatives/pager -> /usr/bin/less',
    '777 symlink etc/alternatives/pager.1 -> /usr/share/man/less.1',
    '777 symlink usr/bin/nc -> /etc/alternatives/nc',
    '777 symlink usr/bin/pager -> /etc/alternatives/pager',
    '777 symlink usr/share/man/pager.1 -> /etc/alternatives/pager.1',
  ]);
});

test("a package's own file stays where a link would go", async () => {
  const lines = await list({
    name: 'a',
    postinst: 'update-alternatives --install /usr/bin/a a /usr/bin/a.real 1\n',
    files: [{ name: './usr/bin/a', content: 'own' }, { name: './usr/bin/a.real' }],
  });
  expect(lines).toEqual(['777 symlink etc/alternatives/a -> /usr/bin/a.real']);
});

test('links in a multiarch folder are those of the platform', async () => {
  const blas = (triple: string): Package => ({
    name: 'libblas3',
    postinst: `d=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
update-alternatives --install $d/libblas.so.3 libblas.so.3-$DPKG_MAINTSCRIPT_ARCH $d/blas/libblas.so.3 10
`,
    files: [{ name: `./usr/lib/${triple}/blas/libblas.so.3` }],
  });
  const layer = await configured([blas('aarch64-linux-gnu')], 'linux/arm64');
  expect(await listLayer(bench.store, layer)).toEqual(
    expect.arrayContaining([
      '777 symlink etc/alternatives/libblas.so.3-arm64 -> /usr/lib/aarch64-linux-gnu/blas/libblas.so.3',
      '777 symlink usr/lib/aarch64-linux-gnu/libblas.so.3 -> /etc/alternatives/libblas.so.3-arm64',
    ]),
  );
});

test('certificate authorities are listed, bundled and linked', async () => {
  const file = (name: string, content: string) => ({ name: `./usr/share/ca-certificates/${name}`, content });
  const files = [file('b/Two (2).crt', 'two'), file('b/One.crt', 'one\n'), file('b/README', 'no')];
  const lines = await list({ name: 'ca-certificates', files });
  expect(lines).toEqual([
    expect.stringMatching(/^644 file etc\/ca-certificates\.conf: (#.*\n)+b\/One\.crt\nb\/Two \(2\)\.crt\n$/),
    '777 symlink etc/ssl/certs/One.pem -> /usr/share/ca-certificates/b/One.crt',
    '777 symlink etc/ssl/certs/Two_=2=.pem -> /usr/share/ca-certificates/b/Two (2).crt',
    '644 file etc/ssl/certs/ca-certificates.crt: one\ntwo\n',
  ]);
});

test.for([
  ['bookworm', ['70-no-bitmaps.conf'], '70-no-bitmaps.conf'],
  ['trixie', ['70-no-bitmaps.conf', '70-no-bitmaps-except-emoji.conf'], '70-no-bitmaps-except-emoji.conf'],
] as const)('fonts are shown as in a new %s', async ([, bitmaps, chosen]) => {
  const available = ['10-hinting-full.conf', '10-hinting-slight.conf', ...bitmaps];
  const files = available.map(name => ({ name: `./usr/share/fontconfig/conf.avail/${name}` }));
  expect(await list({ name: 'fontconfig-config', files })).toEqual([
    '777 symlink etc/fonts/conf.d/10-hinting-slight.conf -> /usr/share/fontconfig/conf.avail/10-hinting-slight.conf',
    `777 symlink etc/fonts/conf.d/${chosen} -> /usr/share/fontconfig/conf.avail/${chosen}`,
  ]);
});

const library = (number: number) => {
  const bytes = Buffer.alloc(64);
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(number, 18);
  return bytes.toString('latin1');
};
const hasLdconfig = spawnSync('/usr/sbin/ldconfig', ['--version']).status === 0;

test('a configured folder that the loader knows by itself asks for no cache', async () => {
  const lines = await list({
    name: 'libc6',
    files: [
      {
        name: './etc/ld.so.conf.d/x86_64-linux-gnu.conf',
        content:
          '# Multiarch\n/usr/local/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu\n/usr/lib/x86_64-linux-gnu\n',
      },
      { name: './lib/x86_64-linux-gnu/libc.so.6', content: library(62) },
    ],
  });
  expect(lines).toEqual([]);
});

test.skipIf(!hasLdconfig)(
  'any other folder comes before or after those, by the name of its file',
  async () => {
    const conf = (name: string, content: string) => ({ name: `./etc/ld.so.conf.d/${name}.conf`, content });
    const layer = await configured([
      { name: 'libc6', files: [conf('x86', '/lib/x86_64-linux-gnu\n')] },
      {
        name: 'fake',
        files: [
          conf('fake', '/usr/lib/x86_64-linux-gnu/fake/\n'),
          conf('zz', '/opt/late # last\n'),
          { name: './usr/lib/x86_64-linux-gnu/fake/libfake-0.so', content: library(62) },
          { name: './usr/lib/x86_64-linux-gnu/fake/libfake.so.0', type: 'symlink', linkname: 'libfake-0.so' },
          { name: './usr/lib/x86_64-linux-gnu/fake/libbroken.so', type: 'symlink', linkname: 'nowhere' },
          { name: './usr/lib/x86_64-linux-gnu/fake/libarm.so.1', content: library(183) },
          { name: './usr/lib/x86_64-linux-gnu/fake/libtext.so', content: 'INPUT(libfake.so.0)' },
          { name: './usr/lib/x86_64-linux-gnu/libfake.so.0', content: library(62) },
          { name: './usr/lib/x86_64-linux-gnu/libz.so.1', content: library(62) },
          { name: './opt/late/libz.so.1', content: library(62) },
          { name: './opt/late/liblate.so.1', content: library(62) },
        ],
      },
    ]);
    const files = await readLayer(bench.store, layer);
    const cache = join(bench.dir, 'ld.so.cache');
    writeFileSync(cache, files.get('etc/ld.so.cache')!.content);
    const text = execFileSync('/usr/sbin/ldconfig', ['-p', '-C', cache], { encoding: 'utf8' });
    expect(text.split('\n').filter(line => line.includes('=>'))).toEqual([
      '\tlibz.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libz.so.1',
      '\tliblate.so.1 (libc6,x86-64) => /opt/late/liblate.so.1',
      '\tlibfake.so.0 (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/fake/libfake.so.0',
      '\tlibfake-0.so (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/fake/libfake-0.so',
    ]);
  },
);

test('the same packages give the same bytes', async () => {
  const packages: Package[] = [
    {
      name: 'a',
      postinst: 'update-alternatives --install /usr/bin/a a /usr/bin/b 1\n',
      files: [{ name: './usr/bin/b' }],
    },
  ];
  expect(await configured(packages)).toEqual(await configured(packages));
});

test('a layer that cogpack did not write, and another platform, are refused', async () => {
  const foreign = bench.put(gzipSync(await makeTar([{ name: 'a' }])));
  const build = (platform: string) =>
    bench.build(configure, {}, { debs: [], layers: [foreign] }, { platform });
  await expect(build('linux/amd64')).rejects.toMatchObject({
    code: 'configure/layer',
    message: expect.stringContaining(foreign.digest),
  });
  await expect(build('linux/riscv64')).rejects.toMatchObject({ code: 'configure/platform' });
});

test('a damaged package is refused', async () => {
  const input = bench.put('no package');
  const built = bench.build(configure, {}, { debs: [input], layers: [] });
  await expect(built).rejects.toMatchObject({ message: expect.stringContaining(input.digest) });
});

const info = '/var/lib/dpkg/info';
test.skipIf(!existsSync(`${info}/mawk.postinst`))("a script of Debian's own is read", async () => {
  const lines = await list({
    name: 'mawk',
    postinst: readFileSync(`${info}/mawk.postinst`, 'utf8'),
    files: [{ name: './usr/bin/mawk' }],
  });
  expect(lines).toContain('777 symlink usr/bin/awk -> /etc/alternatives/awk');
  expect(lines).toContain('777 symlink etc/alternatives/nawk -> /usr/bin/mawk');
});
