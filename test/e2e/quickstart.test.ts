// The main job on real input: wheels and .debs of the machine's own indexes, Debian's docker-registry, skopeo, umoci
// and crun. The digests are those in golden/; `npm run golden:update` rewrites them.
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningRegistry, startDockerRegistry } from '../registry/support/processes.ts';
import { cogpack, output, repository, run } from '../support/cli.ts';
import { runBundle, unpack } from '../support/container.ts';
import { compareWithGolden } from '../support/golden.ts';

let dir: string;
let project: string;
let description: string;
let registry: RunningRegistry;

type Realised = {
  readonly targets: {
    readonly name: string;
    readonly derivation: string;
    readonly descriptor: { readonly digest: string };
  }[];
  readonly built: { readonly name: string; readonly derivation: string }[];
  readonly pushed?: {
    readonly digest: string;
    readonly pushed: { readonly digest: string; readonly mediaType: string }[];
  };
};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-e2e-'));
  chmodSync(dir, 0o755);
  project = join(dir, 'project');
  cpSync(join(repository, 'examples/quickstart'), project, { recursive: true });
  description = join(project, 'cogpack.jsonnet');
  registry = await startDockerRegistry();
});

afterAll(async () => {
  await registry?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function realise(store: string, ...more: string[]): Promise<Realised> {
  const { code, stdout, stderr } = await cogpack([
    'realise',
    description,
    '--store',
    join(dir, store),
    '--json',
    ...more,
  ]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Realised;
}

function plan(...args: string[]): Promise<string> {
  return output(`${repository}bin/cogpack`, ['plan', description, '--store', join(dir, 'one'), ...args]);
}

describe('the quickstart', () => {
  test('has the same derivations and layers in two empty stores, with one job and with four', async () => {
    const one = await realise('one', '--jobs', '1');
    const four = await realise('four', '--jobs', '4');
    expect(four.targets).toEqual(one.targets);
    expect(new Set(four.built.map(item => item.derivation))).toEqual(
      new Set(one.built.map(item => item.derivation)),
    );
    const { targets, derivations } = JSON.parse(
      await output(`${repository}bin/cogpack`, [
        'eval',
        description,
        '--graph',
        '--json',
        '--store',
        join(dir, 'one'),
      ]),
    ) as { targets: unknown; derivations: { name: string; builder: string; digest: string }[] };
    const manifest = JSON.parse(readBlob('one', one.targets[0]!.descriptor.digest)) as {
      layers: { digest: string }[];
    };
    compareWithGolden('quickstart.json', {
      targets,
      image: one.targets[0]!.descriptor.digest,
      layers: manifest.layers.map(layer => layer.digest),
      derivations: derivations.map(({ name, builder, digest }) => `${name} ${builder} ${digest}`),
    });
  });

  test('stores each derivation as a blob whose sha256sum is its hash', async () => {
    const { derivations } = JSON.parse(
      await output(`${repository}bin/cogpack`, [
        'eval',
        description,
        '--graph',
        '--json',
        '--store',
        join(dir, 'one'),
      ]),
    ) as { derivations: { digest: string }[] };
    for (const { digest } of derivations) {
      expect(createHash('sha256').update(readBlob('one', digest)).digest('hex')).toBe(digest.slice(7));
    }
  });

  test('runs no builder the second time', async () => {
    expect((await realise('one')).built).toEqual([]);
  });

  test('is pushed to docker-registry, where skopeo reads it', async () => {
    const reference = `${registry.host}/quickstart:1`;
    const { targets, pushed } = await realise('one', '--push', reference);
    expect(pushed?.digest).toBe(targets[0]!.descriptor.digest);
    const inspected = JSON.parse(
      await output('skopeo', ['inspect', '--tls-verify=false', `docker://${reference}`]),
    );
    expect(inspected.Digest).toBe(targets[0]!.descriptor.digest);
    expect((await realise('one', '--push', reference)).pushed?.pushed).toEqual([]);
  });

  test('is unpacked by umoci and predicts the right class under crun', async () => {
    const layout = join(dir, 'layout');
    await realise('one', '--output', `oci:${layout}`);
    const bundle = join(dir, 'bundle');
    await unpack(layout, 'latest', bundle);
    const first = await runBundle(bundle);
    expect(first).toEqual({ code: 0, stdout: 'setosa\n', stderr: expect.any(String) });
    const program =
      'import sklearn, predict; print(sklearn.__version__, predict.predict(6.3, 3.3, 6.0, 2.5))';
    const second = await runBundle(bundle, ['python', '-c', program]);
    expect(second.stdout).toMatch(/^1\.9\.\d+ virginica\n$/);
  });

  test('is the same model wherever it is inspected', async () => {
    const inspect = async (name: string) => {
      const model = JSON.parse(
        await output(`${repository}bin/cogpack`, ['inspect', name, '--json', '--store', join(dir, 'one')]),
      );
      return { ...model, name: undefined };
    };
    const model = await inspect(project);
    expect(model).toMatchObject({
      platforms: ['linux/amd64'],
      python: '3.11',
      packages: expect.arrayContaining([{ name: 'scikit-learn', version: expect.stringMatching(/^1\.9\./) }]),
      debian: expect.arrayContaining([{ name: 'python3.11', version: expect.stringMatching(/^3\.11\./) }]),
      derivations: [expect.stringMatching(/^sha256:/)],
    });
    expect(await inspect(model.digest)).toEqual(model);
    expect(await inspect(model.digest.slice(7, 19))).toEqual(model);
    expect(await inspect(`oci:${join(dir, 'layout')}`)).toEqual(model);
    expect(await inspect(`${registry.host}/quickstart:1`)).toEqual(model);
  });

  test('has the layers of its plan, and the plan tells which files are repeated', async () => {
    const text = await plan();
    expect(text).toMatch(/^image: \d+ layers, [\d.]+ MB\n/);
    expect(text).toMatch(/python: scipy 1\.\d+\.\d+\n +alone: joining .* would be .* more for each build/);
    expect(text).toMatch(/MB unpacked.*; the same size and CRC-32 count as the same content\n/);
    const { targets } = JSON.parse(await plan('--json')) as {
      targets: {
        layers: { name: string; realised: { digest: string } }[];
        duplicates: { bytes: number; inImage: number; unscanned: number };
      }[];
    };
    const { layers, duplicates } = targets[0]!;
    const model = JSON.parse(
      await output(`${repository}bin/cogpack`, ['inspect', project, '--json', '--store', join(dir, 'one')]),
    ) as { layers: { digest: string; for: string }[] };
    expect(layers.map(layer => [layer.realised.digest, layer.name])).toEqual(
      model.layers.map(layer => [layer.digest, layer.for]),
    );
    // Some wheels bring the same licences and libraries.
    expect(duplicates).toMatchObject({ unscanned: 0 });
    expect(duplicates.bytes).toBeGreaterThan(200e6);
    expect(duplicates.inImage).toBeGreaterThan(1e4);
    expect(duplicates.inImage).toBeLessThan(duplicates.bytes / 10);
  });

  test('gives one history wherever the image is, and is planned by it', async () => {
    const history = (...args: string[]) =>
      output(`${repository}bin/cogpack`, ['plan', 'history', ...args, '--store', join(dir, 'one')]);
    const places = [project, `oci:${join(dir, 'layout')}`, `${registry.host}/quickstart:1`];
    const [one, ...others] = await Promise.all(places.map(place => history(place)));
    expect(others).toEqual([one, one]);
    expect(JSON.parse(one!)).toMatchObject({
      version: 1,
      pieces: expect.arrayContaining([expect.stringMatching(/^python numpy 2\.\S+ \d+$/)]),
      builds: [{ model: 'iris' }],
    });
    const file = join(dir, 'history.json');
    expect(await history('--add', file, project)).toBe(`${file}: 1 builds, 1 of them new\n`);
    expect(await history('--add', file, project, project)).toBe(`${file}: 3 builds, 2 of them new\n`);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ builds: { length: 3 } });
    expect(await plan('--history', file)).toMatch(/^image: \d+ layers/);
    writeFileSync(file, '{}');
    const { code, stderr } = await cogpack(['plan', description, '--history', file]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('error[plan/history]') });
  });

  test('builds only the source layer and the image after a change of one line, and pushes only those', async () => {
    const file = join(project, 'predict.py');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace('"setosa"', '"Setosa"'));
    const { built, pushed } = await realise('one', '--push', `${registry.host}/quickstart:2`);
    writeFileSync(file, before);
    expect(built.map(item => item.name).sort()).toEqual(['image', 'source']);
    expect(pushed?.pushed).toHaveLength(3);
    expect(pushed?.pushed.filter(blob => blob.mediaType.includes('layer'))).toHaveLength(1);
  });

  test('leaves a store that verifies', async () => {
    const { code, stdout } = await cogpack(['store', 'verify', '--store', join(dir, 'one')]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(', 0 problems') });
  });
});

describe('evaluation', () => {
  const hashes = (env: NodeJS.ProcessEnv = {}, at = description) =>
    output(`${repository}bin/cogpack`, ['eval', at, '--store', join(dir, 'eval')], {
      env: { ...process.env, ...env },
    });

  test('gives the same hashes in another folder, time zone, locale and umask', async () => {
    const plain = await hashes();
    const other = join(dir, 'another folder');
    cpSync(project, other, { recursive: true });
    expect(await hashes({}, join(other, 'cogpack.jsonnet'))).toBe(plain);
    expect(await hashes({ TZ: 'Pacific/Chatham', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' })).toBe(plain);
    const command = `umask 077; rm -rf '${dir}/umask'; cp -r '${project}' '${dir}/umask'; exec '${repository}bin/cogpack' eval '${dir}/umask/cogpack.jsonnet' --store '${dir}/umask-store'`;
    expect(await output('sh', ['-c', command])).toBe(plain);
  });

  test.skipIf(process.getuid?.() !== 0)('gives the same hashes to another user', async () => {
    const plain = await hashes();
    const other = mkdtempSync(join(tmpdir(), 'cogpack-user-'));
    chmodSync(other, 0o777);
    const { stdout, stderr } = await run(
      `${repository}bin/cogpack`,
      ['eval', description, '--store', join(other, 'store')],
      {
        uid: 65534,
        gid: 65534,
        env: { ...process.env, HOME: other },
      },
    );
    rmSync(other, { recursive: true, force: true });
    expect({ stdout, stderr }).toEqual({ stdout: plain, stderr: '' });
  });
});

function readBlob(store: string, digest: string): string {
  return readFileSync(join(dir, store, 'blobs/sha256', digest.slice(7)), 'utf8');
}
