// `cogpack check` on a real image: of the store, a layout and a registry, then with a library taken away by umoci.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningRegistry, startDockerRegistry } from '../registry/support/processes.ts';
import { cogpack, output, repository } from '../support/cli.ts';

const bin = `${repository}bin/cogpack`;
let dir: string;
let project: string;
let layout: string;
let registry: RunningRegistry;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-check-'));
  layout = join(dir, 'layout');
  project = join(dir, 'project');
  mkdirSync(project);
  writeFileSync(
    join(project, 'cogpack.jsonnet'),
    "(import 'cogpack').model { requirements: ['six==1.16.0'] }",
  );
  registry = await startDockerRegistry();
  const store = ['--store', join(dir, 'store')];
  await output(bin, ['lock', project]);
  await output(bin, ['realise', project, ...store, '--output', `oci:${layout}`]);
  await output(bin, ['realise', project, ...store, '--push', `${registry.host}/six:1`]);
});

afterAll(async () => {
  await registry?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const check = (image: string, store: string, ...more: string[]) =>
  cogpack(['check', image, '--store', join(dir, store), ...more]);

test('the report of an image of the store is printed without reading a layer', async () => {
  const { code, stdout } = await check(project, 'store');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^proof {6}sha256:[0-9a-f]{64}$/m);
  expect(stdout).toMatch(/^checked {4}\d{2,} programs and libraries$/m);
  expect(stdout).toMatch(/^result {5}sound$/m);
});

test('the layers of a layout and of a registry give the same report', async () => {
  const { derivation, ...made } = JSON.parse((await check(project, 'store', '--json')).stdout);
  expect(derivation).toMatch(/^sha256:/);
  expect(made).toMatchObject({
    platform: 'linux/amd64',
    findings: [],
    conflicts: [],
    assumed: [],
    driver: [],
  });
  for (const image of [`oci:${layout}`, `${registry.host}/six:1`]) {
    const { code, stdout } = await check(image, 'empty', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([0, made]);
  }
});

test('without its report, an image of the store is read, as far as the store holds its layers', async () => {
  const { derivation, ...made } = JSON.parse((await check(project, 'store', '--json')).stdout);
  const { layers } = JSON.parse(await output(bin, ['inspect', `oci:${layout}`, '--json']));
  const inStore = (path: string) => join(dir, 'store', path);
  const record = inStore(`cogpack/realisations/${derivation.slice(7)}.json`);
  rmSync(record);
  expect(JSON.parse((await check(project, 'store', '--json')).stdout)).toEqual(made);
  rmSync(inStore(`blobs/sha256/${layers[0].digest.slice(7)}`));
  const { code, stderr } = await check(made.digest, 'store');
  expect([code, stderr]).toEqual([1, expect.stringContaining('the store does not hold the layer')]);
});

test('what an image lacks is told, and the command fails', async () => {
  const bundle = join(dir, 'bundle');
  await output('umoci', ['unpack', '--rootless', '--image', `${layout}:latest`, bundle]);
  rmSync(join(bundle, 'rootfs/usr/lib/x86_64-linux-gnu/libz.so.1'));
  await output('umoci', ['repack', '--image', `${layout}:broken`, bundle]);
  const { code, stdout } = await check(`oci:${layout}:broken`, 'empty');
  expect(code).toBe(1);
  expect(stdout).toMatch(/^proof {6}of its layers, read now$/m);
  expect(stdout).toMatch(
    /^faults\n(?: {2}.* needs libz\.so\.1, which is not in the image; zlib1g \(deb\) has it\n)+$/m,
  );
});
