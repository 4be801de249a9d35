import { afterAll, describe, expect, test } from 'vitest';
import { pathConflicts } from '../../src/check/conflicts.ts';
import type { Finding } from '../../src/check/index.ts';
import { openBench } from '../builders/fixture.ts';
import { type ElfFixture, makeFatbin } from '../formats/elf-fixture.ts';
import { check, debFiles, type Files, multiarch, site, summarize, system, wheelFiles } from './fixture.ts';

const bench = openBench();
afterAll(bench.close);

const findingsOf = async (
  files: Files,
  ...more: [Parameters<typeof check>[2]?]
): Promise<readonly Finding[]> => (await check(bench, { app: files }, ...more)).findings;

const nothing = { findings: [], plugins: [], scripts: [], driver: [], assumed: [], gpu: [] };
const needs = (...needed: string[]): ElfFixture => ({ needed });

test('a system by itself is sound', async () => {
  expect(await check(bench, {})).toEqual({ ...nothing, checked: 2 });
});

describe('a library is found', () => {
  const found: readonly [string, Files, Readonly<Record<string, string>>?][] = [
    ["in the platform's folder", { 'usr/bin/app': needs('libc.so.6') }],
    ['in /usr/lib', { 'usr/lib/libx.so.1': {}, 'usr/bin/app': needs('libx.so.1') }],
    [
      'through a link',
      {
        'usr/lib/libx.so.1.2': {},
        'usr/lib/libx.so.1': { link: 'libx.so.1.2' },
        'usr/bin/app': needs('libx.so.1'),
      },
    ],
    [
      'beside the file, by RUNPATH',
      {
        'opt/lib/libx.so': {},
        'opt/bin/app': { needed: ['libx.so'], runpath: '$ORIGIN/../lib' },
      },
    ],
    [
      'by ORIGIN in braces, and by LIB',
      {
        'opt/lib/x86_64-linux-gnu/libx.so': {},
        'opt/bin/app': {
          needed: ['libx.so'],
          // biome-ignore lint/suspicious/noTemplateCurlyInString: the loader's own form
          runpath: '/nowhere:${ORIGIN}/../$LIB',
        },
      },
    ],
    [
      'from where its link lies, by RPATH',
      {
        'opt/lib/libx.so': {},
        'data/plugin.so': { needed: ['libx.so'], rpath: '$ORIGIN/lib' },
        'opt/plugin.so': { link: '/data/plugin.so' },
        'usr/bin/app': { needed: ['plugin.so'], runpath: '/opt' },
      },
    ],
    [
      'by the RPATH of the file that loads its user',
      {
        'opt/libs/libb.so': {},
        'opt/libs/liba.so': needs('libb.so'),
        'opt/ext.so': { needed: ['liba.so'], rpath: '$ORIGIN/libs' },
      },
    ],
    [
      'when it was loaded before',
      {
        'opt/libs/libb.so.1': { soname: 'libb.so.1' },
        'opt/liba.so': needs('libb.so.1'),
        'opt/ext.so': { needed: ['libb.so.1', 'liba.so'], runpath: '$ORIGIN:$ORIGIN/libs' },
      },
    ],
    [
      'in LD_LIBRARY_PATH',
      { 'usr/local/cuda/lib64/libx.so': {}, 'usr/bin/app': needs('libx.so') },
      {
        LD_LIBRARY_PATH: ':/nowhere:/usr/local/cuda/lib64',
      },
    ],
    [
      'in a folder of ld.so.conf, where the image has its cache',
      {
        'etc/ld.so.cache': 'cache',
        'etc/ld.so.conf': '# folders\ninclude /etc/ld.so.conf.d/*.conf\n',
        'etc/ld.so.conf.d/cuda.conf': '/usr/local/cuda/lib64\n',
        'usr/local/cuda/lib64/libx.so': {},
        'usr/bin/app': needs('libx.so'),
      },
    ],
    ['by its absolute path', { 'opt/libx.so': {}, 'usr/bin/app': needs('/opt/libx.so') }],
  ];
  test.for(found)('%s', async ([, files, env = {}]) => {
    expect(await findingsOf(files, { env })).toEqual([]);
  });
});

describe('a library is missing', () => {
  const missing: readonly [string, Files, string][] = [
    ['when it is nowhere', { 'usr/bin/app': needs('libx.so') }, '/usr/bin/app'],
    [
      'when its link is broken',
      {
        'usr/lib/libx.so': { link: 'libx.so.1' },
        'usr/bin/app': needs('libx.so'),
      },
      '/usr/bin/app',
    ],
    [
      'when links lead round in a circle',
      {
        'usr/lib/libx.so': { link: 'liby.so' },
        'usr/lib/liby.so': { link: 'libx.so' },
        'usr/bin/app': needs('libx.so'),
      },
      '/usr/bin/app',
    ],
    [
      'when its folder is only configured, without a cache',
      {
        'etc/ld.so.conf': '/opt/lib\n',
        'opt/lib/libx.so': {},
        'usr/bin/app': needs('libx.so'),
      },
      '/usr/bin/app',
    ],
    [
      "when only its user's loader has a RUNPATH, which is not handed on",
      {
        'opt/libs/libx.so': {},
        'opt/libs/liba.so': needs('libx.so'),
        'opt/ext.so': { needed: ['liba.so'], runpath: '$ORIGIN/libs' },
      },
      '/opt/libs/liba.so',
    ],
    [
      'when a RUNPATH stands beside the RPATH that leads to it',
      {
        'opt/libx.so': {},
        'usr/bin/app': { needed: ['libx.so'], rpath: '/opt', runpath: '/nowhere' },
      },
      '/usr/bin/app',
    ],
    [
      'when it is a folder, or no ELF file',
      {
        'usr/lib/libx.so': null,
        'usr/lib/x86_64-linux-gnu/libx.so': 'INPUT(-lx)',
        'usr/bin/app': needs('libx.so'),
      },
      '/usr/bin/app',
    ],
  ];
  test.for(missing)('%s', async ([, files, file]) => {
    expect(await findingsOf(files)).toMatchObject([
      { kind: 'missing-library', file, package: 'app', soname: 'libx.so' },
    ]);
  });

  test('and the Debian package that has it is named', async () => {
    expect(await findingsOf(wheelFiles('opencv', { 'cv2.abi3.so': needs('libGL.so.1') }))).toEqual([
      {
        kind: 'missing-library',
        file: `/${site}/cv2.abi3.so`,
        package: 'opencv (wheel)',
        soname: 'libGL.so.1',
        provider: 'libgl1 (deb)',
      },
    ]);
  });

  test('when a later layer removes it', async () => {
    const app = { 'usr/lib/libx.so': {}, 'usr/bin/app': needs('libx.so') };
    for (const later of [{ 'usr/lib/.wh.libx.so': '' }, { 'usr/lib/libx.so': 'text' }]) {
      expect((await check(bench, { app, later })).findings).toMatchObject([{ soname: 'libx.so' }]);
    }
    const opaque = { 'opt/.wh..wh..opq': '' };
    const elsewhere = { 'opt/libx.so': {}, 'usr/bin/app': { needed: ['libx.so'], runpath: '/opt' } };
    expect((await check(bench, { app: elsewhere, later: opaque })).findings).toHaveLength(1);
    expect((await check(bench, { later: opaque, app: elsewhere })).findings).toHaveLength(0);
  });
});

describe('what a program loads first', () => {
  test('is assumed of libraries in the same package or site-packages, and told', async () => {
    const files = {
      ...wheelFiles('torch', { 'torch/lib/libtorch.so': { soname: 'libtorch.so' } }),
      ...wheelFiles('vision', { 'vision/_C.so': needs('libtorch.so') }),
    };
    const report = await check(bench, { app: files });
    expect(report.findings).toEqual([]);
    expect(report.assumed).toEqual([
      {
        file: `/${site}/vision/_C.so`,
        package: 'vision (wheel)',
        soname: 'libtorch.so',
        provider: `/${site}/torch/lib/libtorch.so`,
      },
    ]);
  });

  test("is not assumed of what another's package has elsewhere", async () => {
    const files = { 'opt/other/libx.so': {}, ...wheelFiles('demo', { 'demo/_C.so': needs('libx.so') }) };
    expect(await findingsOf(files)).toMatchObject([{ kind: 'missing-library', soname: 'libx.so' }]);
  });

  test("is assumed of the interpreter's own library", async () => {
    const files = {
      'opt/python/lib/libpython3.12.so.1.0': {},
      ...wheelFiles('demo', { 'demo/_C.so': needs('libpython3.12.so.1.0') }),
    };
    expect(await findingsOf(files)).toEqual([]);
    expect(
      await findingsOf(wheelFiles('demo', { 'demo/_C.so': needs('libpython3.12.so.1.0') })),
    ).toMatchObject([{ kind: 'missing-library', soname: 'libpython3.12.so.1.0' }]);
  });
});

test("the driver's libraries are the host's, in an image with or without its own of such names", async () => {
  const report = await check(bench, {
    app: { 'usr/bin/app': needs('libcuda.so.1', 'libnvidia-ml.so.1', 'libnvcuvid.so.1', 'libc.so.6') },
  });
  expect(report.findings).toEqual([]);
  expect(report.driver).toEqual(['libcuda.so.1', 'libnvcuvid.so.1', 'libnvidia-ml.so.1']);
});

describe('versions', () => {
  test('that the library does not define are named, with the newest that it has', async () => {
    const app: ElfFixture = {
      needed: ['libc.so.6'],
      versionNeeds: { 'libc.so.6': ['GLIBC_2.34', 'GLIBC_2.38', '?GLIBC_2.40'] },
    };
    expect(await findingsOf({ 'usr/bin/app': app })).toEqual([
      {
        kind: 'missing-version',
        file: '/usr/bin/app',
        package: 'app',
        soname: 'libc.so.6',
        versions: ['GLIBC_2.38'],
        library: { file: `/${multiarch}/libc.so.6`, package: 'base' },
        newest: 'GLIBC_2.36',
      },
    ]);
  });

  test('are not asked of a library that has none', async () => {
    const files = {
      'usr/lib/libx.so': {},
      'usr/bin/app': { needed: ['libx.so'], versionNeeds: { 'libx.so': ['X_1'] } },
    };
    expect(await findingsOf(files)).toEqual([]);
  });
});

describe('machines', () => {
  const i386: ElfFixture = { class: 32, machine: 3 };

  test('a library of another machine is passed over and named', async () => {
    const files = { 'usr/lib/libx.so': i386, 'usr/bin/app': needs('libx.so') };
    expect(await findingsOf(files)).toEqual([
      {
        kind: 'missing-library',
        file: '/usr/bin/app',
        package: 'app',
        soname: 'libx.so',
        passedOver: '/usr/lib/libx.so',
      },
      { kind: 'wrong-machine', file: '/usr/lib/libx.so', package: 'app', found: 'i386', expected: 'x86-64' },
    ]);
  });

  test('a package for another machine, and an extension module, are wrong', async () => {
    const arm: ElfFixture = { machine: 183 };
    const wrong = wheelFiles('demo', {
      'demo/_C.cpython-311-aarch64-linux-gnu.so': arm,
      'demo/libx.so': arm,
    });
    expect(await findingsOf(wrong)).toMatchObject([
      { kind: 'wrong-machine', package: 'demo (wheel)', found: 'AArch64' },
      { kind: 'wrong-machine' },
    ]);
    expect(await findingsOf(wrong, { platform: 'linux/arm64' })).toMatchObject([
      {
        kind: 'wrong-machine',
        file: `/${multiarch}/ld-linux-x86-64.so.2`,
        found: 'x86-64',
        expected: 'AArch64',
      },
      { kind: 'wrong-machine', file: `/${multiarch}/libc.so.6` },
    ]);
  });

  test('a package may bring files for several machines, and for GPUs', async () => {
    const files = wheelFiles('debugger', {
      'attach_amd64.so': {},
      'attach_x86.so': i386,
      'kernel.cubin': { machine: 190, type: 2 },
    });
    expect(await findingsOf(files)).toEqual([]);
  });
});

test("a program needs its interpreter in the image; a library's is not asked for", async () => {
  const musl = { interpreter: '/lib/ld-musl-x86_64.so.1' };
  expect(await findingsOf({ 'usr/bin/app': musl, 'usr/lib/libx.so.1': musl })).toEqual([
    {
      kind: 'missing-interpreter',
      file: '/usr/bin/app',
      package: 'app',
      interpreter: '/lib/ld-musl-x86_64.so.1',
    },
  ]);
  expect(await findingsOf({ 'usr/bin/app': { interpreter: '/lib64/ld-linux-x86-64.so.2' } })).toEqual([]);
});

describe('CUDA', () => {
  const library = (soname: string, content = 'x'): ElfFixture => ({ soname, content: Buffer.from(content) });

  test('two versions of one library are told, wherever they lie', async () => {
    const files = {
      ...wheelFiles('nvidia_cudnn_cu12', { 'nvidia/cudnn/lib/libcudnn.so.9': library('libcudnn.so.9') }),
      'usr/local/cuda/lib64/libcudnn.so.8': library('libcudnn.so.8'),
      'usr/local/cuda/lib64/stubs/libcublas.so': library('libcublas.so.12', 'stub'),
      'usr/local/cuda/lib64/libcublas.so.12': library('libcublas.so.12'),
    };
    expect(await findingsOf(files)).toEqual([
      {
        kind: 'two-versions',
        soname: 'libcudnn.so.9',
        library: 'libcudnn',
        file: `/${site}/nvidia/cudnn/lib/libcudnn.so.9`,
        package: 'nvidia-cudnn-cu12 (wheel)',
        others: [
          {
            file: '/usr/local/cuda/lib64/libcudnn.so.8',
            package: 'app',
            soname: 'libcudnn.so.8',
          },
        ],
      },
    ]);
  });

  test('a CUPTI that a profiler brings for itself is no second version', async () => {
    const cupti = (folder: string, content: string) => ({
      [`${folder}/libcupti.so.12`]: library('libcupti.so.12', content),
    });
    const files = {
      ...wheelFiles('nvidia_cuda_cupti_cu12', cupti('nvidia/cuda_cupti/lib', 'one')),
      ...wheelFiles('triton', cupti('triton/backends/nvidia/lib/cupti', 'another')),
    };
    expect(await findingsOf(files)).toEqual([]);
  });

  test('the same bytes twice, or a copy under a name of its own, are no second version', async () => {
    const files = {
      'opt/a/libcudart.so.12': library('libcudart.so.12'),
      'opt/b/libcudart.so.12': library('libcudart.so.12'),
      'opt/c/libcudart-9335f6a2.so.12': library('libcudart-9335f6a2.so.12', 'other'),
    };
    expect(await findingsOf(files)).toEqual([]);
  });

  const code = (...entries: Parameters<typeof makeFatbin>[0]): ElfFixture => ({
    content: makeFatbin(entries),
  });

  test('a package without code for an architecture is told; one file of it may be', async () => {
    const files = {
      ...wheelFiles('torch', {
        'torch/lib/liba.so': code({ kind: 'cubin', sm: 80 }, { kind: 'cubin', sm: 86 }),
        'torch/lib/libb.so': code({ kind: 'cubin', sm: 90 }, { kind: 'ptx', sm: 90 }),
      }),
    };
    const asked = (...architectures: string[]) => findingsOf(files, { architectures });
    expect(await asked('sm_80', 'sm_89', 'sm_90', 'sm_120')).toEqual([]);
    expect(await asked('sm_75', '80')).toEqual([
      {
        kind: 'sm-too-old',
        file: `/${site}/torch/lib/liba.so`,
        package: 'torch (wheel)',
        architecture: 'sm_75',
        cubin: [80, 86, 90],
        ptx: [90],
      },
    ]);
  });
});

test('two wheels that write one path with different bytes are both named', async () => {
  const layers = await summarize(bench, {
    system,
    one: wheelFiles('one', { 'same.py': 'same', 'differs.py': '1' }),
    two: wheelFiles('two', { 'same.py': 'same', 'differs.py': '2' }),
  });
  expect(pathConflicts(layers)).toEqual([
    { path: `/${site}/differs.py`, packages: ['one (wheel)', 'two (wheel)'] },
  ]);
});

test('a wheel and a Debian package that bring one path are both named', async () => {
  const layers = await summarize(bench, {
    deb: {
      [`${site}/shared.py`]: 'deb',
      'var/lib/dpkg/status.d/python3-shared': 'Package: python3-shared\nVersion: 1\n',
      'var/lib/dpkg/status.d/python3-shared.md5sums': `${'0'.repeat(32)}  ${site}/shared.py\n`,
    },
    wheel: wheelFiles('shared', { 'shared.py': 'wheel' }),
  });
  expect(pathConflicts(layers)).toEqual([
    { path: `/${site}/shared.py`, packages: ['python3-shared (deb)', 'shared (wheel)'] },
  ]);
});

test('an image of a platform that is not known is not judged', async () => {
  const report = await check(bench, {}, { platform: 'windows/amd64' });
  expect(report).toEqual({ ...nothing, checked: 0 });
});

describe('a library of a Debian package that needs what is not there', () => {
  const app = (files: Files) => check(bench, { app: debFiles('app', files) });
  const [plugin, program] = [`${multiarch}/libapp_keyring.so.1`, 'usr/bin/app'];

  test('is a plugin where no file needs it, or where it lies deeper, and is noted', async () => {
    const report = await app({
      [plugin]: { soname: 'libapp_keyring.so.1', needed: ['libsecret-1.so.0'] },
      [`${multiarch}/app/more.so`]: needs('libmore.so.1'),
      [program]: needs('libc.so.6'),
    });
    expect(report.findings).toEqual([]);
    expect(report.plugins.map(({ file }) => file)).toEqual([`/${multiarch}/app/more.so`, `/${plugin}`]);
  });

  test('is a fault where a file needs it, and so is a program', async () => {
    const { findings, plugins } = await app({
      [plugin]: { soname: 'libapp_keyring.so.1', needed: ['libsecret-1.so.0'] },
      [program]: needs('libapp_keyring.so.1', 'libgone.so'),
    });
    expect(plugins).toEqual([]);
    expect(findings).toMatchObject([
      { file: `/${program}`, soname: 'libgone.so' },
      { file: `/${plugin}`, soname: 'libsecret-1.so.0' },
    ]);
  });
});
