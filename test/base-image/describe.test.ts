import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../src/base/digest.ts';
import { describeImage } from '../../src/base-image/describe.ts';
import { baseMetadataSchema } from '../../src/base-image/metadata.ts';
import {
  debian,
  describeFiles,
  distInfo,
  type Files,
  type Form,
  localPython,
  makeImage,
  makeTar,
  program,
} from './fixture.ts';

const venvSite = 'opt/venv/lib/python3.11/site-packages';
const venv: Files = {
  'opt/venv/bin/python3.11': { link: '/usr/local/bin/python3.11' },
  'opt/venv/pyvenv.cfg': 'home = /usr/local/bin\nversion_info = 3.11.9.final.0\n',
};

test('a Debian with a Python of its own in /usr/local is described in full', async () => {
  const layers = [debian, localPython];
  const metadata = await describeFiles(layers, {
    config: {
      User: 'app',
      Env: ['PATH=/usr/local/bin:/usr/bin', 'LANG=C.UTF-8', 'EMPTY'],
      WorkingDir: '/app',
      Entrypoint: null,
      Cmd: ['python3'],
    },
  });
  expect(baseMetadataSchema.parse(metadata)).toEqual({
    v: 1,
    platform: 'linux/amd64',
    os: { id: 'debian', version: '12', codename: 'bookworm' },
    glibc: '2.36',
    debian: [
      { name: 'adduser', version: '3.134', architecture: 'all' },
      { name: 'libc6', version: '2.36-9+deb12u4', architecture: 'amd64' },
    ],
    pythons: [{ version: '3.11.9', path: '/usr/local/bin/python3.11' }],
    packages: [{ name: 'pip', version: '24.0', path: '/usr/local/lib/python3.11/site-packages' }],
    user: 'app',
    env: { PATH: '/usr/local/bin:/usr/bin', LANG: 'C.UTF-8', EMPTY: '' },
    workdir: '/app',
    cmd: ['python3'],
    layers: await Promise.all(
      layers.map(async (files, index) => ({
        ...metadata.layers[index]!,
        mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        diffID: sha256(await makeTar(files)),
      })),
    ),
  });
});

test('every form of a layer gives the same', async () => {
  const forms: readonly Form[] = ['tar', 'tar+gzip', 'tar+zstd', 'docker'];
  const all = await Promise.all(forms.map(form => describeFiles([debian, localPython, venv], { form })));
  const [first] = all.map(({ layers: _, ...rest }) => rest);
  for (const { layers: _, ...rest } of all) expect(rest).toEqual(first);
});

test('what an upper layer removes, replaces or hides is not there', async () => {
  const site = 'usr/local/lib/python3.11/site-packages';
  const {
    pythons,
    packages,
    debian: packagesOfDebian,
  } = await describeFiles([
    {
      ...debian,
      ...localPython,
      ...distInfo(site, 'numpy', '1.26.4'),
      ...distInfo('opt/a/site-packages', 'six', '1.16.0'),
    },
    {
      [`${site}/.wh.numpy-1.26.4.dist-info`]: '',
      ...distInfo(site, 'numpy', '2.1.0'),
      'opt/a/.wh..wh..opq': '',
      'usr/local/bin/.wh.python3.11': '',
      'var/lib/dpkg/status':
        'Package: tini\nStatus: install ok installed\nArchitecture: amd64\nVersion: 0.19\n',
    },
  ]);
  expect(packages.map(({ name, version }) => `${name} ${version}`)).toEqual(['numpy 2.1.0', 'pip 24.0']);
  expect(packagesOfDebian.map(({ name }) => name)).toEqual(['tini']);
  expect(pythons).toEqual([]);
});

test('links are followed inside the image, and hard links are files', async () => {
  const metadata = await describeFiles(
    [
      {
        'opt/python/bin/python3.12': program('3.12.4+'),
        'opt/python/lib/python3.12/os.py': '',
        'usr/local/bin/python3.12': { link: '../../../../../opt/python/bin/python3.12' },
        'srv/real/pyvenv.cfg': 'version = 3.12.4\n',
        'srv/other/pyvenv.cfg': 'version = 3.12.4\n',
        'srv/venv': { link: '/srv/real' },
        ...distInfo('srv/store', 'attrs', '24.2.0'),
        'srv/real/lib/python3.12/site-packages/attrs-24.2.0.dist-info/METADATA': {
          hardLink: 'srv/store/attrs-24.2.0.dist-info/METADATA',
        },
      },
    ],
    { config: { Env: ['VIRTUAL_ENV=/srv/venv'] } },
  );
  expect(metadata.pythons).toEqual([{ version: '3.12.4', path: '/opt/python/bin/python3.12' }]);
  expect(metadata.venv).toEqual({ path: '/srv/real', python: '3.12' });
  expect(metadata.packages).toEqual([
    { name: 'attrs', version: '24.2.0', path: '/srv/real/lib/python3.12/site-packages' },
  ]);
});

test("Debian's own packages of Python count, and what a package carries for itself does not", async () => {
  const { packages } = await describeFiles(
    [
      {
        'usr/lib/python3/dist-packages/PyYAML-6.0.egg-info':
          'Metadata-Version: 2.1\nName: PyYAML\nVersion: 6.0\n',
        'usr/lib/python3/dist-packages/old.egg-info/PKG-INFO': 'Name: old\nVersion: 0.1\n',
        'usr/lib/python3/dist-packages/broken-1.dist-info/METADATA': 'Name: broken\n',
        ...distInfo('usr/lib/python3/dist-packages/setuptools/_vendor', 'wheel', '0.43.0'),
        ...distInfo('app/libs', 'six', '1.16.0'),
      },
    ],
    { config: { Env: ['PYTHONPATH=/app/libs:/nowhere'] } },
  );
  expect(packages).toEqual([
    { name: 'old', version: '0.1', path: '/usr/lib/python3/dist-packages' },
    { name: 'pyyaml', version: '6.0', path: '/usr/lib/python3/dist-packages' },
    { name: 'six', version: '1.16.0', path: '/app/libs' },
  ]);
});

test('CUDA of a toolkit is told by its version.json, its libraries by the names the loader looks for', async () => {
  const lib = 'usr/local/cuda-12.1/targets/x86_64-linux/lib';
  const { cuda, cudnn, nccl } = await describeFiles([
    {
      'usr/local/cuda': { link: 'cuda-12.1' },
      'usr/local/cuda-12.1/version.json': JSON.stringify({
        cuda: { name: 'CUDA SDK', version: '12.1.1' },
        cuda_cudart: { name: 'CUDA Runtime (cudart)', version: '12.1.105' },
      }),
      [`${lib}/libcudart.so.12`]: { link: 'libcudart.so.12.1.105' },
      [`${lib}/libcudart.so.12.1.105`]: program('x'),
      [`${lib}/libnvrtc-builtins.so.12.1`]: { link: 'libnvrtc-builtins.so.12.1.105' },
      [`${lib}/libnvrtc-builtins.so.12.1.105`]: program('x'),
      [`${lib}/stubs/libcublas.so.12`]: program('x'),
      'usr/lib/x86_64-linux-gnu/libcudnn.so.8': { link: 'libcudnn.so.8.9.7' },
      'usr/lib/x86_64-linux-gnu/libcudnn.so.8.9.7': program('x'),
      'usr/lib/x86_64-linux-gnu/libnccl.so.2': { link: 'libnccl.so.2.18.3' },
      'usr/lib/x86_64-linux-gnu/libnccl.so.2.18.3': program('x'),
      'usr/lib/x86_64-linux-gnu/libcuda.so.1': program('x'),
    },
  ]);
  expect({ cuda, cudnn, nccl }).toEqual({
    cuda: {
      version: '12.1',
      libraries: [
        { soname: 'libcudart.so.12', path: `/${lib}/libcudart.so.12` },
        { soname: 'libcudnn.so.8', path: '/usr/lib/x86_64-linux-gnu/libcudnn.so.8' },
        { soname: 'libnccl.so.2', path: '/usr/lib/x86_64-linux-gnu/libnccl.so.2' },
        { soname: 'libnvrtc-builtins.so.12.1', path: `/${lib}/libnvrtc-builtins.so.12.1` },
      ],
    },
    cudnn: '8.9.7',
    nccl: '2.18.3',
  });
});

test("CUDA of NVIDIA's wheels is told by their versions, torch's by its version.py", async () => {
  const metadata = await describeFiles([
    {
      ...venv,
      ...distInfo(venvSite, 'nvidia-cuda-runtime-cu12', '12.1.105'),
      ...distInfo(venvSite, 'nvidia-cudnn-cu12', '9.1.0.70'),
      ...distInfo(venvSite, 'torch', '2.4.0+cu121'),
      [`${venvSite}/nvidia/cuda_runtime/lib/libcudart.so.12`]: program('x'),
      [`${venvSite}/nvidia/cudnn/lib/libcudnn.so.9`]: program('x'),
      [`${venvSite}/torch/version.py`]:
        "from typing import Optional\n\n__version__ = '2.4.0+cu121'\ndebug = False\ncuda: Optional[str] = '12.1'\nhip: Optional[str] = None\n",
    },
  ]);
  expect(metadata).toMatchObject({
    cuda: { version: '12.1', libraries: [{ soname: 'libcudart.so.12' }, { soname: 'libcudnn.so.9' }] },
    cudnn: '9.1.0',
    torch: { version: '2.4.0+cu121', cuda: '12.1' },
  });
  expect(metadata.nccl).toBeUndefined();
});

test('an image of no system at all is described as one', async () => {
  const metadata = await describeFiles([{ 'bin/tool': program('x') }]);
  expect(metadata).toMatchObject({
    os: { id: 'linux', version: '' },
    debian: [],
    pythons: [],
    packages: [],
    user: 'root',
  });
  expect(metadata.glibc).toBeUndefined();
});

test('a layer whose paths leave the image, and a config that is none, or of another image, are errors', async () => {
  await expect(describeFiles([{ '../evil': 'x' }])).rejects.toMatchObject({ code: 'scan/path' });
  const image = await makeImage([debian]);
  await expect(describeImage({ ...image, configBytes: Buffer.from('{}') })).rejects.toMatchObject({
    code: 'model/config',
  });
  const { configBytes } = await makeImage([debian, localPython]);
  await expect(describeImage({ ...image, configBytes })).rejects.toMatchObject({
    code: 'model/config',
    message: expect.stringContaining('it names 2 layers, and the manifest 1'),
  });
});

test('an image lists exactly the packages that were put into it, in whatever order and layers', async () => {
  const name = fc.stringMatching(/^[a-z]{2}[a-z0-9]{0,6}(-[a-z0-9]{1,4})?$/);
  const version = fc.stringMatching(/^[1-9]\.[0-9]{1,2}(\.[0-9])?$/);
  const packages = fc.uniqueArray(fc.tuple(name, version), { selector: ([each]) => each, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(packages, fc.nat(3), async (list, count) => {
      const layers = Array.from(
        { length: count + 1 },
        (_, layer): Files =>
          Object.assign(
            {},
            ...list
              .filter((_, index) => index % (count + 1) === layer)
              .map(each => distInfo(venvSite, ...each)),
          ),
      );
      const found = (await describeFiles(layers)).packages.map(each => `${each.name} ${each.version}`);
      expect(found).toEqual(list.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(each => each.join(' ')));
    }),
    { numRuns: 50 },
  );
});
