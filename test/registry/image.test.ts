// Whole images to and from real registries.
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createClient, parseReference } from '../../registry-client/src/index.ts';
import { startServer } from '../../registry-client/src/server.ts';
import { goTool } from '../../scripts/go-tools.ts';
import { startFaultProxy } from './support/faults.ts';
import { makeImage, makeIndex, memorySink } from './support/images.ts';
import {
  hasProgram,
  type RunningRegistry,
  startDockerRegistry,
  startGoRegistry,
  temporaryDir,
} from './support/processes.ts';

async function startEmbedded(): Promise<RunningRegistry> {
  const dir = temporaryDir();
  const server = await startServer({ dir });
  const stop = async () => {
    await server.close();
    rmSync(dir, { recursive: true });
  };
  return { host: new URL(server.url).host, stop };
}

const registries: [string, () => Promise<RunningRegistry>][] = [['the embedded server', startEmbedded]];
const goRegistry = goTool('registry');
if (goRegistry !== undefined)
  registries.push(['registry of go-containerregistry', () => startGoRegistry(goRegistry)]);
if (hasProgram('docker-registry')) registries.push(['docker-registry', () => startDockerRegistry()]);

describe.each(registries)('%s', (_name, start) => {
  let registry: RunningRegistry;
  let client: Client;
  beforeAll(async () => {
    registry = await start();
    client = createClient({ env: {}, chunkBytes: 1 << 20 });
  });
  afterAll(async () => {
    await client.close();
    await registry.stop();
  });
  const reference = (name: string) => parseReference(`${registry.host}/${name}`);

  test('an image that is pushed is pulled again, byte for byte', async () => {
    const image = makeImage(1, [10, 1000, 100_000, 3_500_000]);
    const result = await client.pushImage({
      reference: reference('whole:v1'),
      manifest: image.manifest,
      open: image.open,
    });
    expect(result.digest).toBe(image.manifest.digest);
    expect(result.pushed).toHaveLength(6);
    const sink = memorySink();
    const pulled = await client.pullImage({ reference: reference('whole:v1'), sink });
    expect(pulled.manifest).toEqual(image.manifest);
    expect(sink.blobs).toEqual(image.blobs);
    expect(sink.open.size).toBe(0);
  });

  test('pushing what is there sends nothing', async () => {
    const image = makeImage(2, [1000, 2000]);
    const push = { reference: reference('again:v1'), manifest: image.manifest, open: image.open };
    await client.pushImage(push);
    const open = () => {
      throw new Error('asked for bytes');
    };
    expect(await client.pushImage({ ...push, open })).toMatchObject({ pushed: [], existing: [] });
  });

  test('only the layers that changed are sent', async () => {
    const image = makeImage(3, [1000, 2000, 3000]);
    const changed = makeImage(3, [1000, 2000, 3001]);
    await client.pushImage({ reference: reference('changed:a'), manifest: image.manifest, open: image.open });
    const result = await client.pushImage({
      reference: reference('changed:b'),
      manifest: changed.manifest,
      open: changed.open,
    });
    const sizes = result.pushed.map(each => each.size);
    expect(result.existing.map(each => each.size).sort()).toEqual([1000, 2000]);
    expect(sizes).toContain(3001);
    expect(sizes).toHaveLength(3);
  });

  test('of an image of many layers whose push broke off, what is there is not sent again', async () => {
    const image = makeImage(
      9,
      Array.from({ length: 40 }, (_, index) => 1000 + index),
    );
    const sent = image.layers.filter(({ size }) => size % 4 === 0);
    for (const layer of sent) await client.pushBlob(reference('many'), layer, image.open);
    const result = await client.pushImage({
      reference: reference('many:v1'),
      manifest: image.manifest,
      open: image.open,
    });
    const sizes = (list: readonly { size: number }[]) => list.map(({ size }) => size).sort();
    expect(sizes(result.existing)).toEqual(sizes(sent));
    const sink = memorySink();
    await client.pullImage({ reference: reference('many:v1'), sink });
    expect(sink.blobs).toEqual(image.blobs);
  });

  test('into a new repository, many layers take no more than two requests each', async () => {
    const proxy = await startFaultProxy({ target: registry.host, seed: 1, rate: 0, kinds: [] });
    try {
      const image = makeImage(
        10,
        Array.from({ length: 100 }, (_, index) => 100 + index),
      );
      const name = parseReference(`${proxy.host}/new:v1`);
      await client.pushImage({ reference: name, manifest: image.manifest, open: image.open, concurrency: 4 });
      const requests = proxy.done.get('none')!;
      // go-containerregistry's has one place for the blobs of all repositories, and mounts nothing.
      expect(requests).toBeLessThan(_name.includes('go-') ? 310 : 230);
    } finally {
      await proxy.close();
    }
  });

  test('a blob is mounted from another repository instead of being sent', async () => {
    const image = makeImage(4, [5000]);
    await client.pushImage({ reference: reference('first:v1'), manifest: image.manifest, open: image.open });
    const result = await client.pushImage({
      reference: reference('second:v1'),
      manifest: image.manifest,
      open: image.open,
      mountFrom: () => 'first',
    });
    // A registry that keeps blobs for all repositories alike says that it is there.
    expect([...result.mounted, ...result.existing].map(each => each.size)).toContain(5000);
    expect(result.pushed).toHaveLength(1);
  });

  test('an index is pushed with its images, and one platform of it is pulled', async () => {
    const index = makeIndex([makeImage(5, [1000]), makeImage(6, [2000])]);
    await client.pushImage({ reference: reference('multi:v1'), manifest: index.manifest, open: index.open });
    const sink = memorySink();
    const choose = (each: { platform?: unknown }) =>
      (each.platform as { architecture: string }).architecture === 'arm64';
    const result = await client.pullImage({ reference: reference('multi:v1'), sink, choose });
    expect(result.manifest.digest).toBe(index.manifest.digest);
    expect([...sink.blobs.values()].map(bytes => bytes.length)).toContain(2000);
    expect([...sink.blobs.values()].map(bytes => bytes.length)).not.toContain(1000);
  });

  test('bytes that are not those of their digest are refused, and nothing is left', async () => {
    const image = makeImage(7, [3_000_000]);
    const [layer] = image.layers;
    const wrong = Buffer.from(image.blobs.get(layer!.digest)!);
    wrong[2_999_999]! ^= 1;
    const push = client.pushBlob(reference('wrong'), layer!, async function* (_, start) {
      yield wrong.subarray(start);
    });
    await expect(push).rejects.toMatchObject({ code: 'digest' });
    expect(await client.headBlob(reference('wrong'), layer!.digest)).toBeUndefined();
  });

  test('tags are listed over pages, and a manifest can be deleted', async () => {
    const image = makeImage(8, [100]);
    for (const tag of ['c', 'a', 'b']) {
      await client.pushImage({
        reference: reference(`tags:${tag}`),
        manifest: image.manifest,
        open: image.open,
      });
    }
    const tags: string[] = [];
    for await (const tag of client.tags(reference('tags'))) tags.push(tag);
    expect(tags.sort()).toEqual(['a', 'b', 'c']);
    await client.deleteManifest(reference('tags'), image.manifest.digest);
    expect(await client.headManifest(reference('tags'), image.manifest.digest)).toBeUndefined();
  });

  test('referrers are found by their subject and their type', async () => {
    const image = makeImage(9, [100]);
    const subject = { reference: reference('refer:v1'), manifest: image.manifest, open: image.open };
    await client.pushImage(subject);
    const notes = makeImage(10, [50], {
      subject: image.manifest,
      artifactType: 'application/vnd.test.notes',
    });
    const other = makeImage(11, [60], {
      subject: image.manifest,
      artifactType: 'application/vnd.test.other',
    });
    const { host } = registry;
    for (const each of [notes, other]) {
      const at = parseReference(`${host}/refer@${each.manifest.digest}`);
      await client.pushImage({ reference: at, manifest: each.manifest, open: each.open });
    }
    const all = await client.referrers(reference('refer'), image.manifest.digest);
    expect(all.map(each => each.digest).sort()).toEqual(
      [notes.manifest.digest, other.manifest.digest].sort(),
    );
    const some = await client.referrers(
      reference('refer'),
      image.manifest.digest,
      'application/vnd.test.notes',
    );
    expect(some.map(each => each.digest)).toEqual([notes.manifest.digest]);
  });
});
