// Push and pull through a network that fails in every way it can: the right image, or an error that says what happened.
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CredentialSource,
  createClient,
  isRegistryError,
  parseReference,
} from '../../registry-client/src/index.ts';
import { type RunningServer, startServer } from '../../registry-client/src/server.ts';
import { type Fault, faults, randomOf, startFaultProxy } from './support/faults.ts';
import { type Image, makeImage, memorySink, openFiles } from './support/images.ts';
import { temporaryDir } from './support/processes.ts';

const seeds = Number(process.env.COGPACK_FAULT_SEEDS ?? 40);
const secret: CredentialSource = async () => ({ type: 'registry-token', token: 'secret' });
const quick = { env: {}, auth: secret, chunkBytes: 200_000, idleMs: 300, retry: { attempts: 6, delayMs: 2 } };

let dir: string;
let files: string;
let server: RunningServer;
let target: string;
beforeAll(async () => {
  dir = temporaryDir('faults');
  files = temporaryDir('fault-files');
  server = await startServer({ dir });
  target = new URL(server.url).host;
});
afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true, force: true });
  rmSync(files, { recursive: true, force: true });
});

async function pushAndPull(
  image: Image,
  seed: number,
  rate: number,
  kinds: readonly Fault[],
  { attempts }: { readonly attempts: number } = quick.retry,
) {
  const proxy = await startFaultProxy({ target, seed, rate, kinds });
  const client = createClient({ ...quick, retry: { ...quick.retry, attempts } });
  const name = `run${seed}`;
  const sink = memorySink();
  try {
    const reference = parseReference(`${proxy.host}/${name}:v1`);
    // From memory and from files by turns.
    const open = seed % 2 === 0 ? image.open : openFiles(image.blobs, files);
    await client.pushImage({ reference, manifest: image.manifest, open });
    await client.pullImage({ reference, sink });
    return { error: undefined, sink, proxy, name };
  } catch (error) {
    return { error, sink, proxy, name };
  } finally {
    client.close();
    await proxy.close();
  }
}

/** What the registry holds for a name, asked without the proxy. */
async function held(name: string) {
  const client = createClient({ env: {} });
  try {
    const sink = memorySink();
    await client.pullImage({ reference: parseReference(`${target}/${name}:v1`), sink });
    return sink.blobs;
  } catch (error) {
    if (isRegistryError(error, 'not-found')) return undefined;
    throw error;
  } finally {
    client.close();
  }
}

describe('through a bad network', () => {
  test(`${seeds} seeded runs of push and pull end in the right image or in a clear error`, {
    timeout: 600_000,
  }, async () => {
    let right = 0;
    const wrong: string[] = [];
    for (let seed = 1; seed <= seeds; seed += 1) {
      const random = randomOf(seed);
      const image = makeImage(seed, [
        1 + Math.floor(random() * 1000),
        Math.floor(random() * 700_000),
        300_000,
      ]);
      const { error, sink, proxy, name } = await pushAndPull(image, seed, 0.05 + random() * 0.3, faults);
      expect(proxy.leaked, `seed ${seed}: credentials at another host`).toEqual([]);
      expect(sink.open.size, `seed ${seed}: blobs begun and not ended`).toBe(0);
      for (const [digest, bytes] of sink.blobs)
        expect(bytes.equals(image.blobs.get(digest)!), `seed ${seed}`).toBe(true);
      const there = await held(name);
      if (there !== undefined) expect(there, `seed ${seed}: the registry's image`).toEqual(image.blobs);
      if (error === undefined) {
        expect(sink.blobs, `seed ${seed}`).toEqual(image.blobs);
        right += 1;
      } else {
        if (!isRegistryError(error)) throw error;
        wrong.push(`${seed}: ${error.code}: ${error.message}`);
      }
    }
    console.info(`${seeds} runs: ${right} right, ${wrong.length} with a clear error`);
    // Only changed bytes cannot be told from a wrong registry, and end a run.
    expect(right, wrong.join('\n')).toBeGreaterThan(seeds / 3);
  });

  const mended = faults.filter(each => !['wrong byte', 'wrong length', 'none'].includes(each));
  test.each(mended)('a third of requests that meet "%s" are mended', async kind => {
    const image = makeImage(7000 + mended.indexOf(kind), [100, 500_000]);
    // Which request meets a fault is up to their order: of six tries in a row, all fail too often for a test.
    const { error, sink, proxy } = await pushAndPull(image, 900 + mended.indexOf(kind), 0.33, [kind], {
      attempts: 12,
    });
    expect(error).toBeUndefined();
    expect(sink.blobs).toEqual(image.blobs);
    expect(proxy.done.get(kind)).toBeGreaterThan(0);
    expect(proxy.leaked).toEqual([]);
  });

  test('changed bytes are never taken for the blob', async () => {
    const image = makeImage(8000, [200_000]);
    await pushAndPull(image, 8000, 0, []);
    const proxy = await startFaultProxy({ target, seed: 1, rate: 1, kinds: ['wrong byte'] });
    const client = createClient(quick);
    const [layer] = image.layers;
    const read = async () => {
      const parts: Buffer[] = [];
      const repository = parseReference(`${proxy.host}/run8000`);
      for await (const part of client.getBlob(repository, layer!)) parts.push(part);
    };
    await expect(read()).rejects.toMatchObject({ code: 'digest' });
    client.close();
    await proxy.close();
  });
});
