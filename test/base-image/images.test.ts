// Bases on real input: an image of real .debs and wheels, changed by umoci, converted by skopeo, kept by Debian's
// docker-registry.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hexOf, sha256 } from '../../src/base/digest.ts';
import type { BaseMetadata } from '../../src/base-image/metadata.ts';
import { type RunningRegistry, startDockerRegistry } from '../registry/support/processes.ts';
import { cogpack, output, repository } from '../support/cli.ts';

let dir: string;
let layout: string;
let registry: RunningRegistry;
let labels: Readonly<Record<string, string>>;

const bin = `${repository}bin/cogpack`;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-bases-'));
  layout = join(dir, 'layout');
  const description = join(dir, 'cogpack.jsonnet');
  writeFileSync(
    description,
    "local cog = import 'cogpack';\ncog.model { requirements: ['six==1.16.0', 'packaging==24.1', 'typing-extensions==4.12.2'], source: { exclude: ['*'] } }",
  );
  const store = ['--store', join(dir, 'store')];
  await output(bin, ['lock', description, ...store]);
  await output(bin, ['realise', description, ...store, '--output', `oci:${layout}`]);
  labels = JSON.parse(await output(bin, ['inspect', `oci:${layout}`, '--json'])).labels;
  registry = await startDockerRegistry();
});

afterAll(async () => {
  await registry?.stop();
  rmSync(dir, { recursive: true, force: true });
});

type Described = { readonly reference: string; readonly digest: string; readonly metadata: BaseMetadata };

async function describe(text: string, ...more: string[]): Promise<Described> {
  return JSON.parse(
    await output(bin, ['base', 'describe', text, '--json', '--store', join(dir, 'store'), ...more]),
  );
}

function without(image: Described): Omit<BaseMetadata, 'layers'> {
  const { layers: _, ...rest } = image.metadata;
  return rest;
}

test('an image lists exactly the packages it was made of, from a layout, the store and a registry alike', async () => {
  const { digest, metadata } = await describe(`oci:${layout}`);
  expect(metadata.packages.map(({ name, version }) => `${name}==${version}`).join('\n')).toBe(
    labels['cogpack.python.packages'],
  );
  expect(metadata.debian.map(({ name, version }) => `${name}=${version}`).join('\n')).toBe(
    labels['cogpack.debian.packages'],
  );
  expect(metadata).toMatchObject({
    v: 1,
    platform: 'linux/amd64',
    os: { id: 'debian', version: '12', codename: 'bookworm' },
    glibc: '2.36',
    pythons: [{ version: expect.stringMatching(/^3\.11\.\d+$/), path: '/usr/bin/python3.11' }],
    venv: { path: '/opt/venv', python: '3.11' },
    workdir: '/src',
    cmd: ['python3'],
  });
  const reference = `${registry.host}/base:1`;
  await output('skopeo', [
    'copy',
    '--dest-tls-verify=false',
    `oci:${layout}:latest`,
    `docker://${reference}`,
  ]);
  for (const text of [digest, join(dir, 'cogpack.jsonnet'), reference, `${registry.host}/base@${digest}`])
    expect(await describe(text)).toEqual({ reference: text, digest, metadata });
});

test("an image in Docker's media types is described alike", async () => {
  const reference = `${registry.host}/docker:1`;
  await output('skopeo', [
    'copy',
    '--format=v2s2',
    '--dest-tls-verify=false',
    `oci:${layout}:latest`,
    `docker://${reference}`,
  ]);
  const docker = await describe(reference);
  expect(docker.metadata.layers[0]!.mediaType).toBe('application/vnd.docker.image.rootfs.diff.tar.gzip');
  expect(without(docker)).toEqual(without(await describe(`oci:${layout}`)));
});

test('of an index, the image of the platform that is asked for is described', async () => {
  const { digest } = await describe(`oci:${layout}`);
  const indexed = join(dir, 'indexed');
  cpSync(layout, indexed, { recursive: true });
  const top = JSON.parse(readFileSync(join(indexed, 'index.json'), 'utf8'));
  const [manifest] = top.manifests;
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      { ...manifest, annotations: undefined, platform: { os: 'linux', architecture: 'amd64' } },
      { ...manifest, annotations: undefined, platform: { os: 'unknown', architecture: 'unknown' } },
    ],
  });
  const hex = hexOf(sha256(index));
  writeFileSync(join(indexed, 'blobs/sha256', hex), index);
  const entry = {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    digest: `sha256:${hex}`,
    size: index.length,
  };
  writeFileSync(join(indexed, 'index.json'), JSON.stringify({ ...top, manifests: [entry] }));
  const described = await describe(`oci:${indexed}`);
  expect(described.digest).toBe(digest);
  const { code, stderr } = await cogpack(['base', 'describe', `oci:${indexed}`, '--platform', 'linux/arm64']);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('it has linux/amd64') });
});

test('what umoci removes in a layer above is not there any more', async () => {
  const changed = join(dir, 'changed');
  cpSync(layout, changed, { recursive: true });
  const bundle = join(dir, 'bundle');
  await output('umoci', ['unpack', '--rootless', '--image', `${changed}:latest`, bundle]);
  const site = join(bundle, 'rootfs/opt/venv/lib/python3.11/site-packages');
  rmSync(join(site, 'six-1.16.0.dist-info'), { recursive: true });
  rmSync(join(bundle, 'rootfs/var/lib/dpkg/status.d/mawk'));
  mkdirSync(join(site, 'added-1.0.dist-info'));
  writeFileSync(
    join(site, 'added-1.0.dist-info/METADATA'),
    'Metadata-Version: 2.1\nName: added\nVersion: 1.0\n',
  );
  await output('umoci', ['repack', '--image', `${changed}:latest`, bundle]);
  const before = (await describe(`oci:${layout}`)).metadata;
  const after = (await describe(`oci:${changed}:latest`)).metadata;
  expect(after.packages.map(({ name }) => name)).toEqual(['added', 'packaging', 'typing-extensions']);
  expect(
    before.debian
      .filter(({ name }) => !after.debian.some(each => each.name === name))
      .map(({ name }) => name),
  ).toEqual(['mawk']);
  expect(after.layers).toHaveLength(before.layers.length + 1);
});

test('a layer of a layout that is not what its digest says is refused', async () => {
  const broken = join(dir, 'broken');
  cpSync(layout, broken, { recursive: true });
  const { metadata } = await describe(`oci:${broken}`);
  const file = join(broken, 'blobs/sha256', metadata.layers[0]!.digest.slice(7));
  // After the archive's end, where no reader of it looks.
  writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from([0])]));
  const { code, stdout, stderr } = await cogpack(['base', 'describe', `oci:${broken}`]);
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('error[model/blob]'),
  });
});

test('a catalogue is written, and the base that suits is chosen from it without a network', async () => {
  const catalogue = join(dir, 'bases.json');
  const reference = `${registry.host}/chosen:1`;
  await output('skopeo', [
    'copy',
    '--dest-tls-verify=false',
    `oci:${layout}:latest`,
    `docker://${reference}`,
  ]);
  const { digest, metadata } = await describe(reference);
  const first = await output(bin, ['base', 'catalogue', catalogue, reference]);
  expect(first).toBe(`${catalogue}: 1 base, 1 described now\n`);
  expect(JSON.parse(readFileSync(catalogue, 'utf8'))).toEqual({
    v: 1,
    bases: [{ reference, digest, metadata }],
  });
  const before = readFileSync(catalogue, 'utf8');
  await output(bin, ['base', 'catalogue', catalogue, reference]);
  expect(readFileSync(catalogue, 'utf8')).toBe(before);
  const choose = ['base', 'choose', join(dir, 'cogpack.jsonnet'), '--catalogue', catalogue];
  expect(await output(bin, choose)).toMatch(
    new RegExp(
      `^base: '${registry.host}/chosen:1@${digest}',  // has (\\d+) of \\1 parts: saves .* for nothing\n$`,
    ),
  );
  const other = join(dir, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'cogpack.jsonnet'), "(import 'cogpack').model { requirements: ['six<1.16'] }");
  const local = await cogpack(['base', 'catalogue', catalogue, digest, '--store', join(dir, 'store')]);
  expect({ code: local.code, stderr: local.stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining('error[base/reference]'),
  });
  const refused = await cogpack([
    'base',
    'choose',
    join(other, 'cogpack.jsonnet'),
    '--catalogue',
    catalogue,
    '--explain',
  ]);
  expect(refused.code).toBe(1);
  expect(refused.stdout).toContain('it has six 1.16.0, and six<1.16 is required');
  expect(refused.stderr).toContain('error[base/unfit]');
  writeFileSync(catalogue, '{"v": 2}');
  expect((await cogpack(choose)).stderr).toContain('error[base/catalogue]');
});
