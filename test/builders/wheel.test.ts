import { deflateRawSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { wheel } from '../../src/builders/wheel.ts';
import type { ZipFixture } from '../formats/zip-fixture.ts';
import { listLayer, openBench, readLayer } from './fixture.ts';
import { makeWheel, recordHash, wheelName } from './wheel-fixture.ts';

const bench = openBench();
afterAll(bench.close);

const args = { filename: wheelName, prefix: '/opt/venv', python: '3.11' };
const install = (bytes: Uint8Array, filename = wheelName) =>
  bench.build(wheel, { ...args, filename }, { wheel: [bench.put(bytes)] });
const site = 'opt/venv/lib/python3.11/site-packages';
const bytes = (text: string) => Buffer.from(text);

test('a wheel becomes a virtual environment of files, in the order of their paths', async () => {
  const layer = await install(makeWheel());
  const record = (await readLayer(bench.store, layer)).get(`${site}/demo_pkg-1.0.dist-info/RECORD`)!.content;
  expect(await listLayer(bench.store, layer)).toEqual([
    '755 directory opt/',
    '755 directory opt/venv/',
    '755 directory opt/venv/lib/',
    '755 directory opt/venv/lib/python3.11/',
    `755 directory ${site}/`,
    `755 directory ${site}/demo_pkg-1.0.dist-info/`,
    `644 file ${site}/demo_pkg-1.0.dist-info/INSTALLER: cogpack\n`,
    `644 file ${site}/demo_pkg-1.0.dist-info/METADATA: Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\n`,
    `644 file ${site}/demo_pkg-1.0.dist-info/RECORD: ${record}`,
    `644 file ${site}/demo_pkg-1.0.dist-info/WHEEL: Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n`,
    `755 directory ${site}/demo_pkg/`,
    `644 file ${site}/demo_pkg/__init__.py: x = 1\n`,
  ]);
});

test('the order of the entries in the wheel does not matter', async () => {
  const files: ZipFixture[] = ['b', 'a', 'c'].map(name => ({
    name: `demo_pkg/${name}.py`,
    content: bytes(name),
  }));
  const first = await install(makeWheel({ files }));
  expect(await install(makeWheel({ files: files.toReversed() }))).toEqual(first);
});

test('the files of .data go to their places, and RECORD says where', async () => {
  const folder = 'demo_pkg-1.0.data';
  const files: ZipFixture[] = [
    { name: `${folder}/scripts/tool`, content: bytes('#!python -u\nprint(1)\n') },
    { name: `${folder}/scripts/native`, content: bytes('\x7fELF') },
    { name: `${folder}/purelib/pure.py`, content: bytes('pure') },
    { name: `${folder}/platlib/plat.so`, content: bytes('plat') },
    { name: `${folder}/data/share/demo.txt`, content: bytes('data') },
    { name: `${folder}/headers/demo.h`, content: bytes('header') },
  ];
  const layer = await install(makeWheel({ files }));
  const tool = '#!/opt/venv/bin/python -u\nprint(1)\n';
  const listing = (await listLayer(bench.store, layer)).filter(
    line => line.includes(' file ') && !line.includes('dist-info'),
  );
  expect(listing).toEqual([
    '755 file opt/venv/bin/native: \x7fELF',
    `755 file opt/venv/bin/tool: ${tool}`,
    '644 file opt/venv/include/site/python3.11/demo-pkg/demo.h: header',
    `644 file ${site}/plat.so: plat`,
    `644 file ${site}/pure.py: pure`,
    '644 file opt/venv/share/demo.txt: data',
  ]);
  const record = (await readLayer(bench.store, layer))
    .get(`${site}/demo_pkg-1.0.dist-info/RECORD`)!
    .content.toString();
  expect(record.split('\n')).toEqual([
    `../../../bin/native,${recordHash(bytes('\x7fELF'))},4`,
    `../../../bin/tool,${recordHash(bytes(tool))},${tool.length}`,
    `../../../include/site/python3.11/demo-pkg/demo.h,${recordHash(bytes('header'))},6`,
    `../../../share/demo.txt,${recordHash(bytes('data'))},4`,
    expect.stringMatching(/^demo_pkg-1\.0\.dist-info\/INSTALLER,sha256=[\w-]{43},8$/),
    expect.stringMatching(/^demo_pkg-1\.0\.dist-info\/METADATA,sha256=[\w-]{43},\d+$/),
    'demo_pkg-1.0.dist-info/RECORD,,',
    expect.stringMatching(/^demo_pkg-1\.0\.dist-info\/WHEEL,sha256=[\w-]{43},\d+$/),
    `plat.so,${recordHash(bytes('plat'))},4`,
    `pure.py,${recordHash(bytes('pure'))},4`,
    '',
  ]);
});

test('entry points become scripts, in place of files of the same name', async () => {
  const layer = await install(
    makeWheel({
      files: [{ name: 'demo_pkg-1.0.data/scripts/demo', content: bytes('#!python\nold\n') }],
      entryPoints: '[console_scripts]\ndemo = demo_pkg.cli:app.main\n[gui_scripts]\nwindow = demo_pkg:show\n',
    }),
  );
  const entries = await readLayer(bench.store, layer);
  expect(entries.get('opt/venv/bin/demo')).toMatchObject({ mode: 0o755 });
  expect(entries.get('opt/venv/bin/demo')?.content.toString()).toBe(
    "#!/opt/venv/bin/python\nimport sys\n\nfrom demo_pkg.cli import app\n\nif __name__ == '__main__':\n    sys.exit(app.main())\n",
  );
  expect(entries.get('opt/venv/bin/window')?.content.toString()).toContain('sys.exit(show())');
});

test('files that the zip marks as executable stay so', async () => {
  const files: ZipFixture[] = [
    { name: 'demo_pkg/run', content: bytes('x'), mode: 0o100775 },
    { name: 'demo_pkg/data', content: bytes('x'), mode: 0o100664 },
    { name: 'demo_pkg/typeless', content: bytes('x'), mode: 0o755 },
  ];
  const lines = await listLayer(bench.store, await install(makeWheel({ files })));
  expect(lines).toContain(`755 file ${site}/demo_pkg/run: x`);
  expect(lines).toContain(`644 file ${site}/demo_pkg/data: x`);
  expect(lines).toContain(`644 file ${site}/demo_pkg/typeless: x`);
});

test('stored, empty and large entries, data descriptors, zip64 and folders work', async () => {
  const large = Buffer.alloc(9_000_000, 'large ');
  for (let at = 0; at < large.length; at += 101) large[at] = at;
  const files: ZipFixture[] = [
    { name: 'demo_pkg/', content: bytes(''), stored: true, mode: 0o40755 },
    { name: 'demo_pkg/empty', content: bytes('') },
    { name: 'demo_pkg/nothing', content: bytes(''), stored: true },
    { name: 'demo_pkg/stored', content: large, stored: true, zip64: true },
    { name: 'demo_pkg/large', content: large, dataDescriptor: true },
    { name: 'demo_pkg/größe', content: bytes('ü'), zip64: true },
  ];
  const entries = await readLayer(bench.store, await install(makeWheel({ files, zip64End: true })));
  expect(entries.get(`${site}/demo_pkg/empty`)?.content).toHaveLength(0);
  expect(entries.get(`${site}/demo_pkg/nothing`)?.content).toHaveLength(0);
  expect(entries.get(`${site}/demo_pkg/stored`)?.content.equals(large)).toBe(true);
  expect(entries.get(`${site}/demo_pkg/large`)?.content.equals(large)).toBe(true);
  expect(entries.get(`${site}/demo_pkg/größe`)?.content.toString()).toBe('ü');
});

test('a file that RECORD does not list is hashed, and signatures of RECORD are left out', async () => {
  const info = 'demo_pkg-1.0.dist-info';
  const files: ZipFixture[] = [
    { name: 'forgotten.py', content: bytes('forgotten') },
    { name: `${info}/RECORD.jws`, content: bytes('{}') },
  ];
  const record = `${info}/METADATA,sha256=kept,1\n${info}/RECORD.jws,,\n${info}/RECORD,,\n`;
  const entries = await readLayer(bench.store, await install(makeWheel({ files, record })));
  const text = entries.get(`${site}/${info}/RECORD`)?.content.toString();
  expect(text).toContain(`forgotten.py,${recordHash(bytes('forgotten'))},9\n`);
  expect(text).toContain(`${info}/METADATA,sha256=kept,`);
  expect([...entries.keys()].filter(path => path.endsWith('.jws'))).toEqual([]);
  expect(text).not.toContain('jws');
});

const one = (file: Partial<ZipFixture> & Pick<ZipFixture, 'name'>) =>
  makeWheel({ files: [{ content: bytes('x'), ...file }] });
const large = Buffer.alloc(6_000_000, 'large ').map((byte, at) => (at % 97 === 0 ? at >> 8 : byte)) as Buffer;
const refused: readonly [string, string, RegExp, Uint8Array][] = [
  [
    'an entry above the root',
    'wheel/path',
    /"\.\.\/evil\.py" is not a safe path/,
    one({ name: '../evil.py' }),
  ],
  ['an entry that climbs', 'wheel/path', /demo\/\.\.\/\.\.\/evil/, one({ name: 'demo/../../evil' })],
  [
    'an entry of .data that climbs',
    'wheel/path',
    /not a safe path/,
    one({ name: 'demo_pkg-1.0.data/scripts/../../x' }),
  ],
  ['an absolute entry', 'wheel/path', /"\/etc\/passwd" .* absolute/, one({ name: '/etc/passwd' })],
  ['an entry with a backslash', 'wheel/path', /backslash/, one({ name: '..\\evil' })],
  ['a symbolic link', 'wheel/path', /entry link is a symbolic link/, one({ name: 'link', mode: 0o120777 })],
  ['a device', 'wheel/path', /entry null is no regular file/, one({ name: 'null', mode: 0o20666 })],
  [
    'two entries for one place',
    'wheel/path',
    /both go to \/opt\/venv\/lib\/python3\.11\/site-packages\/a\.py/,
    makeWheel({
      files: ['a.py', 'demo_pkg-1.0.data/purelib/a.py'].map(name => ({ name, content: bytes('x') })),
    }),
  ],
  [
    'an entry in no folder of .data',
    'wheel/scheme',
    /demo_pkg-1\.0\.data\/other\/x/,
    one({ name: 'demo_pkg-1.0.data/other/x' }),
  ],
  [
    'a file below a file',
    'layer/parent',
    /lies below/,
    makeWheel({ files: ['a', 'a/b'].map(name => ({ name, content: bytes('x') })) }),
  ],
  ['a damaged entry', 'zip/crc', /a\.py is damaged/, one({ name: 'a.py', crc: 7 })],
  ['a damaged large entry', 'zip/crc', /a\.py is damaged/, one({ name: 'a.py', content: large, crc: 7 })],
  [
    'an entry that breaks off',
    'zip/data',
    /a\.py is damaged/,
    one({ name: 'a.py', content: large, deflated: deflateRawSync(large).subarray(0, 20_000) }),
  ],
  [
    'an entry larger than stated',
    'zip/data',
    /a\.py unpacks to more/,
    one({ name: 'a.py', content: large, size: 100_000 }),
  ],
  ['an impossible size', 'zip/bomb', /a\.py claims/, one({ name: 'a.py', size: 100_000 })],
  ['a name that is not UTF-8', 'zip/name', /not UTF-8/, one({ name: Buffer.from('gr\xf6\xdfe', 'latin1') })],
  ['half a wheel', 'zip/format', /not a sound zip/, makeWheel().subarray(0, 300)],
  [
    'another distribution',
    'wheel/metadata',
    /says other 1\.0; expected demo_pkg 1\.0/,
    makeWheel({ metadata: 'Name: other\nVersion: 1.0\n' }),
  ],
  [
    'another version',
    'wheel/metadata',
    /says demo-pkg 2/,
    makeWheel({ metadata: 'Name: demo-pkg\nVersion: 2\n' }),
  ],
  [
    'another .dist-info',
    'wheel/dist-info',
    /belongs to another package/,
    makeWheel({ info: 'other-1.0.dist-info' }),
  ],
  [
    'two .dist-info folders',
    'wheel/dist-info',
    /found other-1\.dist-info, demo/,
    one({ name: 'other-1.dist-info/METADATA' }),
  ],
  ['no RECORD', 'wheel/dist-info', /no demo_pkg-1\.0\.dist-info\/RECORD/, makeWheel({ record: null })],
  ['a RECORD that is none', 'wheel/record', /not a list/, makeWheel({ record: 'a,b,c,d,e\n' })],
  [
    'a file listed but absent',
    'wheel/record',
    /lists gone\.py, which is not in the wheel/,
    makeWheel({ record: 'gone.py,sha256=x,1\n' }),
  ],
  [
    'a format of the future',
    'wheel/metadata',
    /Wheel-Version is 2\.0/,
    makeWheel({ wheel: 'Wheel-Version: 2.0\n' }),
  ],
  [
    'an unusable entry point',
    'wheel/entry-points',
    /\.\.\/x = a:b/,
    makeWheel({ entryPoints: '[console_scripts]\n../x = a:b\n' }),
  ],
];

test.for(refused)(
  'a wheel with %s is refused by name, and nothing is left',
  async ([, code, message, content]) => {
    const input = bench.put(content);
    const before = bench.files();
    const built = bench.build(wheel, args, { wheel: [input] });
    await expect(built).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await expect(built).rejects.toMatchObject({
      message: expect.stringMatching(/demo_pkg-1\.0-py3-none-any\.whl|^thing: /),
    });
    expect(bench.files()).toEqual(before);
  },
);

test('a name that is no wheel is refused', async () => {
  await expect(install(makeWheel(), 'demo.zip')).rejects.toMatchObject({ code: 'wheel/name' });
});

test('arguments are an absolute prefix and a Python version', () => {
  const accepted = (change: object) => wheel.args.safeParse({ ...args, ...change }).success;
  expect(accepted({})).toBe(true);
  for (const change of [
    { prefix: 'opt' },
    { prefix: '/a/../b' },
    { prefix: '/a b' },
    { python: '3' },
    { extra: 1 },
  ]) {
    expect(accepted(change), JSON.stringify(change)).toBe(false);
  }
});
