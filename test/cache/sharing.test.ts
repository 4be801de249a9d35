// Two people share a cache, as they would: by the command line, through real registries.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer } from '@cogpack/registry-client/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/store.ts';
import { type RunningRegistry, startDockerRegistry } from '../registry/support/processes.ts';
import { output, repository } from '../support/cli.ts';
import { createUser, type Result, removeDir, shareKey, temporaryDir, type User } from './users.ts';

let dir: string;
let registry: RunningRegistry;
let cache: string;
let anna: User;
let bert: User;

async function startEmbedded(): Promise<RunningRegistry> {
  const server = await startServer({ dir: openStore(join(dir, 'registry')).dir, host: '127.0.0.1', port: 0 });
  return { host: new URL(server.url).host, stop: () => server.close() };
}

const registries = { 'docker-registry': () => startDockerRegistry(), 'the embedded server': startEmbedded };

const layersOf = (user: User) =>
  readdirSync(join(user.store, 'blobs/sha256')).filter(
    name => readFileSync(join(user.store, 'blobs/sha256', name)).readUInt16BE() === 0x1f8b,
  );

async function setUp(start: () => Promise<RunningRegistry>): Promise<void> {
  dir = temporaryDir();
  registry = await start();
  cache = `${registry.host}/team/cache`;
  anna = createUser(dir, 'anna');
  bert = createUser(dir, 'bert');
  await shareKey(anna, [bert]);
  await anna.json(['realise', anna.description]);
  await anna.json(['cache', 'push', anna.description, '--cache', cache]);
}

async function tearDown(): Promise<void> {
  await registry.stop();
  removeDir(dir);
}

describe.each(Object.entries(registries))('through %s', (_, start) => {
  beforeEach(() => setUp(start));
  afterEach(tearDown);

  test('the second builds nothing, downloads no layer, and pushes by mounting', async () => {
    const first = await anna.json(['realise', anna.description]);
    const image = `${registry.host}/models/one:1`;
    const second = await bert.json(['realise', bert.description, '--cache', cache, '--push', image]);
    expect(second.targets).toEqual(first.targets);
    expect(second.built).toEqual([]);
    expect(second.pushed).toMatchObject({ mounted: { length: 2 }, pushed: { length: 2 } });
    expect(layersOf(bert)).toEqual([]);

    const layout = join(dir, 'layout');
    await output('skopeo', ['copy', '--src-tls-verify=false', `docker://${image}`, `oci:${layout}:one`]);
    expect(
      (await bert.json(['realise', bert.description, '--output', `oci:${join(dir, 'out')}`])).built,
    ).toEqual([]);
    const names = (path: string) => readdirSync(join(path, 'blobs/sha256')).sort();
    expect(names(join(dir, 'out'))).toEqual(names(layout));
    expect(layersOf(bert)).toHaveLength(2);
  });

  test('a push to another registry fetches what it lacks', async () => {
    const other = await startDockerRegistry();
    try {
      const image = `${other.host}/one:1`;
      const { built, pushed } = await bert.json([
        'realise',
        bert.description,
        '--cache',
        cache,
        '--push',
        image,
      ]);
      expect(built).toEqual([]);
      expect(pushed).toMatchObject({ mounted: [], pushed: { length: 4 } });
      const layout = `oci:${join(dir, 'layout')}:one`;
      await output('skopeo', ['copy', '--src-tls-verify=false', `docker://${image}`, layout]);
    } finally {
      await other.stop();
    }
  });
});

describe('a shared cache', () => {
  beforeEach(() => setUp(startEmbedded));
  afterEach(tearDown);

  test('what differs is built, of what does not only descriptors are used', async () => {
    const changed = createUser(dir, 'carl', 2);
    const { stdout } = await anna.cogpack(['key', 'list', '--json']);
    const { own } = JSON.parse(stdout) as { own: string[] };
    await changed.cogpack(['key', 'trust', own[0]!]);
    const { built } = await changed.json(['realise', changed.description, '--cache', cache]);
    expect(built.map(each => each.name)).toEqual(['source', 'image']);
    expect(layersOf(changed)).toHaveLength(1);
  });

  test('without a trusted key all is built, and a warning says why', async () => {
    const dora = createUser(dir, 'dora');
    const { code, stdout, stderr } = await dora.cogpack(['realise', dora.description, '--json'], {
      COGPACK_CACHE: cache,
    });
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { built: unknown[] }).built).toHaveLength(5);
    expect(stderr).toBe(
      'warning: no key is trusted, so nothing is taken from a cache; see cogpack key trust\n',
    );
  });

  test("a stranger's key is refused, and all is built", async () => {
    const eve = createUser(dir, 'eve');
    await shareKey(eve, [], 'eve');
    await eve.json(['realise', eve.description]);
    await eve.json(['cache', 'push', eve.description, '--cache', cache]);
    const { code, stdout, stderr } = await bert.cogpack([
      'realise',
      bert.description,
      '--cache',
      cache,
      '--json',
    ]);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { built: unknown[] }).built).toHaveLength(5);
    expect(stderr).toMatch(/^warning: cache .*: it is signed by the key "eve", which is not trusted\n$/);
  });

  test('what the cache has lost by the time it is needed is built, and the image is the same', async () => {
    const { targets } = await bert.json(['realise', bert.description, '--cache', cache]);
    const blobs = join(dir, 'registry/blobs/sha256');
    for (const name of readdirSync(blobs)) {
      if (readFileSync(join(blobs, name)).readUInt16BE() === 0x1f8b) rmSync(join(blobs, name));
    }
    const other = await startDockerRegistry();
    try {
      const image = `${other.host}/one:1`;
      const finished = await bert.cogpack([
        'realise',
        bert.description,
        '--cache',
        cache,
        '--push',
        image,
        '--json',
      ]);
      expect(finished.stderr).toContain(`warning: cache ${cache}: `);
      const result = JSON.parse(finished.stdout) as Result;
      expect(result.targets).toEqual(targets);
      expect(result.pushed).toMatchObject({ digest: targets[0]!.descriptor.digest });
    } finally {
      await other.stop();
    }
  });

  test('when the cache is gone by the time it is needed, all is built', async () => {
    await bert.json(['realise', bert.description, '--cache', cache]);
    await registry.stop();
    const out = join(dir, 'out');
    const { code, stderr } = await bert.cogpack(['realise', bert.description, '--output', `oci:${out}`]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^warning: going on without the cache .*\n$/),
    });
    expect(readdirSync(join(out, 'blobs/sha256'))).toHaveLength(4);
  });

  test('a collection keeps what an image in a cache needs, and lets the rest go', async () => {
    await bert.json(['realise', bert.description, '--cache', cache]);
    expect((await bert.cogpack(['gc', '--keep-days', '30'])).code).toBe(0);
    expect((await bert.json(['realise', bert.description, '--offline'])).built).toEqual([]);
    rmSync(join(bert.store, 'cogpack/roots'), { recursive: true });
    expect((await bert.cogpack(['gc', '--keep-days', '0'])).code).toBe(0);
    expect(readdirSync(join(bert.store, 'cogpack/remote'))).toEqual([]);
    expect((await bert.cogpack(['store', 'verify'])).stdout).toContain(', 0 problems');
  });
});

describe('--offline', () => {
  beforeEach(async () => {
    dir = temporaryDir();
    anna = createUser(dir, 'anna');
  });
  afterEach(() => removeDir(dir));

  /** Runs cogpack and gives the network addresses that it opened sockets for. */
  async function traced(user: User, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const log = join(dir, 'trace');
    await output(
      'strace',
      ['-f', '-q', '-e', 'trace=socket,connect,sendto', '-o', log, `${repository}bin/cogpack`, ...args],
      {
        env: { ...process.env, XDG_CONFIG_HOME: join(user.dir, 'config'), COGPACK_STORE: user.store, ...env },
      },
    );
    return readFileSync(log, 'utf8')
      .split('\n')
      .filter(line => line.includes('AF_INET'));
  }

  test('no socket of the network is opened, whatever caches there are', async () => {
    const env = { COGPACK_CACHE: '127.0.0.1:9/cache' };
    await shareKey(anna, [anna]);
    expect(await traced(anna, ['realise', anna.description, '--offline'], env)).toEqual([]);
    rmSync(anna.store, { recursive: true });
    expect(await traced(anna, ['realise', anna.description], env)).not.toEqual([]);
  });

  test('a second realise opens none either, though it may', async () => {
    const env = { COGPACK_CACHE: '127.0.0.1:9/cache' };
    await shareKey(anna, [anna]);
    await anna.json(['realise', anna.description]);
    expect(await traced(anna, ['realise', anna.description], env)).toEqual([]);
  });

  test('what would need the network is an error that names it', async () => {
    const description = join(anna.dir, 'fetch.jsonnet');
    mkdirSync(anna.dir, { recursive: true });
    const sha256 = `sha256:${'0'.repeat(64)}`;
    writeFileSync(
      description,
      `local cog = import 'cogpack';
       cog.derivation({
         name: 'data.bin',
         builder: 'fetch',
         args: { sha256: '${sha256}', size: 10 },
         location: { kind: 'url', url: 'http://127.0.0.1:9/data.bin' },
       })`,
    );
    const fetching = await anna.cogpack(['realise', description, '--offline']);
    expect(fetching.code).toBe(1);
    expect(fetching.stderr).toContain(
      `error[offline/fetch]: offline: data.bin (${sha256}, 10 bytes) would have to be downloaded`,
    );

    const pushing = await anna.cogpack([
      'realise',
      anna.description,
      '--offline',
      '--push',
      '127.0.0.1:9/x:1',
    ]);
    expect(pushing.code).toBe(1);
    expect(pushing.stderr).toContain('error[offline/push]');

    const requests = join(anna.dir, 'lock.jsonnet');
    writeFileSync(
      requests,
      `local cog = import 'cogpack'; cog.model { python: '3.11', requirements: ['six==1.16.0'], predict: 'predict.py:Predictor' }`,
    );
    writeFileSync(
      join(anna.dir, 'predict.py'),
      'class Predictor:\n    def predict(self) -> str:\n        return ""\n',
    );
    const locking = await anna.cogpack(['lock', requests, '--offline']);
    expect(locking.code).toBe(1);
    expect(locking.stderr).toContain('error[offline/lock]');
    expect(locking.stderr).toContain('six==1.16.0');
  });
});
