import { afterAll, expect, test } from 'vitest';
import type { Descriptor } from '../../src/base/digest.ts';
import { check, reportMediaType } from '../../src/builders/check.ts';
import { openBench } from '../builders/fixture.ts';
import { type Files, makeLayer, multiarch, runScan, site, system, wheelFiles } from './fixture.ts';

const bench = openBench();
afterAll(bench.close);

async function build(
  layers: Readonly<Record<string, Files>>,
  more: { env?: string[]; architectures?: string[] } = {},
) {
  const summaries: Descriptor[] = [];
  for (const files of Object.values(layers)) {
    summaries.push((await runScan(bench, await makeLayer(bench, files))).descriptor);
  }
  const args = check.args.parse({ layers: Object.keys(layers), env: [], architectures: [], ...more });
  return check.build(
    args,
    { summaries },
    {
      name: 'the check of demo',
      platform: 'linux/amd64',
      store: bench.store,
      root: undefined,
      signal: new AbortController().signal,
      progress() {},
    },
  );
}

test('a sound image gives its report, the same each time', async () => {
  const layers = { system, app: { 'usr/bin/app': { needed: ['libc.so.6', 'libcuda.so.1'] } } };
  const { report } = await build(layers, { env: ['PATH=/usr/bin', 'LD_LIBRARY_PATH=/opt=x'] });
  expect(report!.mediaType).toBe(reportMediaType);
  expect(JSON.parse(bench.store.readBlob(report!.digest).toString())).toEqual({
    findings: [],
    assumed: [],
    plugins: [],
    scripts: [],
    gpu: [],
    checked: 3,
    driver: ['libcuda.so.1'],
  });
  expect((await build(layers)).report).toEqual(report);
});

test('a broken image is refused, each fault with its file, its package and the cure', async () => {
  const layers: Record<string, Files> = {
    system,
    numpy: wheelFiles('numpy', { 'shared.py': '1', 'a.so': { needed: ['libGL.so.1', 'libodd.so'] } }),
    scipy: wheelFiles('scipy', { 'shared.py': '2' }),
    app: {
      'usr/bin/new': { needed: ['libc.so.6'], versionNeeds: { 'libc.so.6': ['GLIBC_2.38'] } },
      'usr/bin/other': { class: 32, machine: 3 },
      'usr/bin/started': { interpreter: '/lib/ld-odd.so' },
    },
  };
  await expect(build(layers)).rejects.toThrowError(
    expect.objectContaining({
      code: 'check/image',
      message: [
        'the check of demo: the image would not work, by 6 faults:',
        `/${site}/a.so of numpy (wheel) needs libGL.so.1, which is not in the image; libgl1 (deb) has it`,
        `/${site}/a.so of numpy (wheel) needs libodd.so, which is not in the image`,
        `/usr/bin/new of app needs GLIBC_2.38, which /${multiarch}/libc.so.6 of system does not have; its newest is GLIBC_2.36`,
        '/usr/bin/other of app is for i386; the image is for x86-64',
        '/usr/bin/started of app is started by /lib/ld-odd.so, which is not in the image',
        `numpy (wheel) and scipy (wheel) both bring /${site}/shared.py, with different bytes`,
      ].join('\n  '),
    }),
  );
});

test('of very many faults the first are told', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [`usr/bin/app${index}`, { needed: ['libodd.so'] }]),
  );
  await expect(build({ system, files })).rejects.toThrowError(/50 faults:(\n {2}.*){20}\n {2}and 30 more$/);
});

test('each layer has its name', async () => {
  const args = { layers: ['one'], env: [], architectures: [] };
  expect(() => check.build(args, { summaries: [] }, { name: 'demo' } as never)).toThrowError(
    expect.objectContaining({ code: 'check/layers' }),
  );
});
