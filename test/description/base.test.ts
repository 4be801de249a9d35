// What blocks make of a base, for bases of several kinds, as the lock describes them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../src/base/canonical.ts';
import { sha256 } from '../../src/base/digest.ts';
import { type BaseMetadata, baseMetadataSchema } from '../../src/base-image/metadata.ts';
import { evaluateDescription } from '../../src/description/evaluate.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-on-base-'));
afterAll(() => rmSync(dir, { recursive: true }));
const reference = 'registry.example/base:1';

const debian: Partial<BaseMetadata> = {
  os: { id: 'debian', version: '13', codename: 'trixie' },
  glibc: '2.41',
  debian: [{ name: 'libc6', version: '2.41-12', architecture: 'amd64' }],
};
const ubuntu: Partial<BaseMetadata> = {
  os: { id: 'ubuntu', version: '22.04', codename: 'jammy' },
  glibc: '2.35',
  debian: [{ name: 'ffmpeg', version: '7:4.4.2-0ubuntu0.22.04.1', architecture: 'amd64' }],
  entrypoint: ['/opt/entry.sh'],
};
const python: Partial<BaseMetadata> = {
  pythons: [
    { version: '3.11.9', path: '/opt/other/bin/python3.11' },
    { version: '3.11.9', path: '/usr/local/bin/python3.11' },
  ],
  packages: [
    { name: 'pip', version: '24.0', path: '/usr/local/lib/python3.11/site-packages' },
    { name: 'six', version: '1.16.0', path: '/opt/other/lib/python3.11/site-packages' },
  ],
  env: { PATH: '/usr/local/bin:/usr/bin' },
};

type Package = { readonly name: string; readonly version: string };

/** Evaluates a model; the lock knows the base, and each request for packages gets these. */
async function onBase(base: Partial<BaseMetadata>, model: string, wheels: readonly Package[] = []) {
  const file = join(dir, 'cogpack.jsonnet');
  writeFileSync(
    file,
    `(import 'cogpack').model { base: '${reference}', source: { exclude: ['*'] } } + { ${model} }`,
  );
  const metadata = baseMetadataSchema.parse({
    v: 1,
    platform: 'linux/amd64',
    debian: [],
    pythons: [],
    packages: [],
    user: 'root',
    env: {},
    layers: [
      {
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        digest: sha256('a'),
        size: 1,
        diffID: sha256('a'),
      },
    ],
    ...base,
  });
  const answers = new Map<string, Json>([
    [
      canonicalJson({ kind: 'image', platform: 'linux/amd64', reference }),
      { digest: sha256('manifest'), metadata } as unknown as Json,
    ],
  ]);
  const options = { file, answers, topLevelArguments: {}, cacheDir: join(dir, 'stat') };
  const { missing } = await evaluateDescription(options);
  for (const request of missing) {
    const { kind } = request as { kind: string };
    const packages = wheels.map(wheel => ({
      ...wheel,
      filename: `${wheel.name}-${wheel.version}-py3-none-any.whl`,
      sha256: sha256(wheel.name),
      size: 1,
    }));
    answers.set(canonicalJson(request), { packages: kind === 'python' ? packages : [] } as unknown as Json);
  }
  const { graph, targets } = await evaluateDescription(options);
  const image = graph.derivations.get(targets[0]!.digest)!;
  const made = [...graph.derivations.values()].map(({ name, args }) => ({ name, args }));
  return {
    requests: missing as Record<string, Json>[],
    config: image.args.config as Record<string, Json> & { Labels: Record<string, string>; Env: string[] },
    made,
  };
}

test("a base's own interpreter is used, the first on its PATH, with the packages that it finds", async () => {
  const { requests, made } = await onBase({ ...debian, ...python }, "requirements: ['attrs']", [
    { name: 'attrs', version: '24.1.0' },
  ]);
  expect(requests).toEqual([
    expect.objectContaining({ kind: 'debian', suite: 'trixie', installed: ['libc6=2.41-12'] }),
    expect.objectContaining({ kind: 'python', python: '3.11.9', glibc: '2.41', provided: { pip: '24.0' } }),
  ]);
  expect(requests[0]!.packages).not.toContain('python3.11');
  const venv = JSON.stringify(made.find(({ name }) => name === 'venv'));
  expect(venv).toContain('"target":"/usr/local/bin/python3.11"');
  expect(venv).toContain('home = /usr/local/bin\\ninclude-system-site-packages = true');
  expect(made.map(({ name }) => name)).not.toContain('root');
});

test('a base may have another Python than Debian, which no image without a base can have', async () => {
  const other = { ...python, pythons: [{ version: '3.12.4', path: '/usr/local/bin/python3.12' }] };
  const fields = "python: '3.12', predict: 'predict.py:Predictor'";
  const { requests } = await onBase({ ...debian, ...other }, "python: '3.12', requirements: ['attrs']");
  expect(requests).toContainEqual(expect.objectContaining({ kind: 'python', python: '3.12.4' }));
  expect(requests[0]!.packages).not.toContain('python3.12');
  await expect(onBase(debian, fields)).rejects.toThrow('it has no Python 3.12, and neither has Debian');
  await expect(onBase(debian, 'python: 3.12')).rejects.toMatchObject({ code: 'description/type' });
  await expect(onBase(debian, `base: null, ${fields}`)).rejects.toMatchObject({
    code: 'description/choice',
    message: 'model.python must be one of "3.11", "3.13"; found "3.12"',
  });
  await expect(onBase(debian, `base: null, ${fields.replaceAll("'3.12'", '3.11')}`)).rejects.toMatchObject({
    code: 'description/type',
  });
});

test("a base's virtual environment is added to, and stands on PATH once", async () => {
  const venv = { path: '/srv/venv', python: '3.11' };
  const { requests, config, made } = await onBase(
    {
      ...debian,
      ...python,
      venv,
      packages: [{ name: 'six', version: '1.16.0', path: '/srv/venv/lib/python3.11/site-packages' }],
      env: { PATH: '/srv/venv/bin:/usr/bin' },
    },
    "requirements: ['attrs']",
    [{ name: 'attrs', version: '24.1.0' }],
  );
  expect(requests).toContainEqual(expect.objectContaining({ kind: 'python', provided: { six: '1.16.0' } }));
  expect(config.Env).toEqual(
    expect.arrayContaining(['PATH=/srv/venv/bin:/usr/bin', 'VIRTUAL_ENV=/srv/venv']),
  );
  expect(made.map(({ name }) => name)).not.toContain('venv');
  expect(made.find(({ name }) => name === 'attrs')!.args.prefix).toBe('/srv/venv');
  expect(config.Labels['cogpack.python.packages']).toBe('attrs==24.1.0\nsix==1.16.0');
});

test('to another system nothing of Debian is added: what is there is let be, what is not is told', async () => {
  const { requests, config } = await onBase({ ...ubuntu, ...python }, "apt: ['ffmpeg'], cmd: ['python']");
  expect(requests).toEqual([]);
  expect(config.Entrypoint).toEqual(['/opt/entry.sh']);
  await expect(onBase({ ...ubuntu, ...python }, "apt: ['ffmpeg', 'sox']")).rejects.toThrow(
    'sox cannot be added to the base, which is ubuntu 22.04',
  );
  await expect(onBase(ubuntu, '')).rejects.toThrow(
    "it has no Python 3.11, and bookworm's cannot be added to ubuntu 22.04",
  );
});

const nvidia = [
  { name: 'nvidia-cuda-runtime-cu12', version: '12.4.127' },
  { name: 'nvidia-nccl-cu12', version: '2.21.5' },
];
const withCuda = (version: string, nccl: string): Partial<BaseMetadata> => ({
  ...debian,
  ...python,
  cuda: {
    version,
    libraries: ['libcudart.so.12', 'libnccl.so.2'].map(soname => ({
      soname,
      path: `/usr/local/cuda/lib64/${soname}`,
    })),
  },
  nccl,
  env: { ...python.env, LD_LIBRARY_PATH: '/usr/lib/other' },
});
const model = "requirements: ['some-cuda-package'], gpu: true";

test("a base's CUDA stands in for wheels as new as it, and the loader is shown to it", async () => {
  const { config, made } = await onBase(withCuda('12.6', '2.21.5'), model, nvidia);
  expect(made.map(({ name }) => name)).not.toContain('nvidia-cuda-runtime-cu12');
  expect(made.map(({ name }) => name)).not.toContain('nvidia-nccl-cu12');
  expect(config.Env).toContain('LD_LIBRARY_PATH=/usr/local/cuda/lib64:/usr/lib/other');
  expect(config.Labels['cogpack.gpu.cuda-runtime']).toBe('12.6');
});

test('what is older in the base comes from its wheel, unless the base is asked for by name', async () => {
  const { made } = await onBase(withCuda('12.4', '2.18.3'), model, nvidia);
  expect(made.map(({ name }) => name)).not.toContain('nvidia-cuda-runtime-cu12');
  expect(made.map(({ name }) => name)).toContain('nvidia-nccl-cu12');
  const wheels = await onBase(withCuda('12.4', '2.21.5'), `${model}, cuda: { from: 'wheels' }`, nvidia);
  expect(wheels.made.map(({ name }) => name)).toContain('nvidia-cuda-runtime-cu12');
  await expect(
    onBase(withCuda('12.1', '2.18.3'), `${model}, cuda: { from: 'base' }`, nvidia),
  ).rejects.toThrow(
    "CUDA cannot be the base's: its CUDA is 12.1, and nvidia-cuda-runtime-cu12 is for 12.4.127; its NCCL is 2.18.3, and nvidia-nccl-cu12 is for 2.21.5",
  );
});
