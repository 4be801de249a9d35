// A container engine loads an image, which checks more of its layers than unpacking them does, and starts it; images
// that are elsewhere than in the store are started and asked for their schema.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { bringModel } from '../../src/model/bring.ts';
import { findModel } from '../../src/model/find.ts';
import { request, waitUntilReady } from '../../src/run/predict.ts';
import { startImage } from '../../src/run/start.ts';
import { openStore } from '../../src/store/store.ts';
import { startDockerRegistry } from '../registry/support/processes.ts';
import { cogpack, output, repository, run } from '../support/cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-engines-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

// What a machine may deny to an engine, though it lets it start containers: limits above its own, and groups of processes.
const configuration = `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
cgroups = "disabled"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
`;
const unified = 'umount -R -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"';

test('podman loads a model, starts it and leaves nothing', async () => {
  const file = join(dir, 'containers.conf');
  writeFileSync(file, configuration);
  const project = join(repository, 'examples', 'secret');
  const command = [
    join(repository, 'bin', 'cogpack'),
    ...['run', project, '--store', join(dir, 'store'), '--runtime', 'podman', '-i', 'token=12345'],
  ];
  const env = { ...process.env, CONTAINERS_CONF: file };
  const result = await run('unshare', ['-m', 'sh', '-c', unified, 'sh', ...command], { env });
  expect(result).toMatchObject({ code: 0, stdout: '5\n' });
  const images = await run('podman', ['images', '--quiet', '--filter', 'reference=cogpack-run-*'], { env });
  expect(images).toMatchObject({ code: 0, stdout: '' });
});

test('the server in an image serves the schema of its label', async () => {
  const store = openStore(join(dir, 'store'));
  const project = join(repository, 'examples', 'secret');
  await output('bin/cogpack', ['realise', project, '--store', store.dir], { cwd: repository });
  const signal = AbortSignal.timeout(100_000);
  const { digest, schema } = await findModel(project, store, signal);
  const image = await bringModel(digest, store, signal, () => {});
  const bundle = mkdtempSync(join(dir, 'bundle-'));
  const env = { COG_NO_UPDATE_CHECK: '1' };
  const container = await startImage({ store, image, dir: bundle, env, signal });
  try {
    await waitUntilReady(container, 60_000, signal);
    expect(await request(container, 'GET', '/openapi.json')).toEqual(schema);
  } finally {
    container.stop();
  }
});

test('a model is run and tells its schema from a registry and from a layout, by another store', async () => {
  const registry = await startDockerRegistry();
  try {
    const project = join(repository, 'examples', 'secret');
    const [reference, layout] = [`${registry.host}/secret:1`, join(dir, 'layout')];
    const store = ['--store', join(dir, 'store')];
    await output('bin/cogpack', ['realise', project, ...store, '--push', reference], { cwd: repository });
    await output('bin/cogpack', ['realise', project, ...store, '--output', `oci:${layout}`], {
      cwd: repository,
    });
    const schema = await output('bin/cogpack', ['schema', project, ...store], { cwd: repository });
    for (const model of [reference, `oci:${layout}`]) {
      const other = ['--store', join(dir, 'other')];
      expect(await cogpack(['run', model, ...other, '-i', 'token=123'])).toEqual({
        code: 0,
        stdout: '3\n',
        stderr: '',
      });
      expect(await cogpack(['schema', model, ...other])).toEqual({ code: 0, stdout: schema, stderr: '' });
    }
  } finally {
    await registry.stop();
  }
});
