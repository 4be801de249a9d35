// Pulls into files: small ones here, large ones on threads of the client.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Client,
  type Credentials,
  createClient,
  type FileSink,
  parseReference,
} from '../../registry-client/src/index.ts';
import { type RunningServer, startServer } from '../../registry-client/src/server.ts';
import { type Image, makeImage } from './support/images.ts';
import { temporaryDir } from './support/processes.ts';

let root: string;
let server: RunningServer;
let client: Client;
const user: Credentials = { type: 'basic', username: 'ann', password: 'secret' };
beforeEach(async () => {
  root = temporaryDir('sink');
  const htpasswd = join(root, 'htpasswd');
  writeFileSync(htpasswd, `ann:${await bcrypt.hash('secret', 4)}\n`);
  server = await startServer({ dir: join(root, 'registry'), htpasswd });
  client = createClient({ env: {}, auth: async () => user, retry: { attempts: 2, delayMs: 1 } });
  mkdirSync(join(root, 'pulled'));
});
afterEach(async () => {
  client.close();
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

const reference = () => parseReference(`${server.url}/model:v1`);
const files = () => readdirSync(join(root, 'pulled')).sort();
const pathOf = (digest: string) => join(root, 'pulled', digest.slice(7));
const sink: FileSink = {
  flush: true,
  has: ({ digest }) => existsSync(pathOf(digest)),
  temporary: ({ digest }) => `${pathOf(digest)}.part`,
  commit: ({ digest }, path) => renameSync(path, pathOf(digest)),
};

async function push(image: Image) {
  await client.pushImage({ reference: reference(), manifest: image.manifest, open: image.open });
}

const sizes: [string, number[]][] = [
  ['a small image', [100, 200_000]],
  ['a large image', [30 << 20, 30 << 20, 10 << 20, 1000]],
];

describe.each(sizes)('%s', (_, layers) => {
  const image = makeImage(70 + layers.length, layers);

  test('comes into files that hold its bytes, and is not pulled again', async () => {
    await push(image);
    let last = 0;
    const result = await client.pullImage({
      reference: reference(),
      sink,
      onProgress: received => (last = received),
    });
    expect(result.pulled).toHaveLength(image.blobs.size);
    expect(files()).toEqual([...image.blobs.keys()].map(digest => digest.slice(7)).sort());
    for (const [digest, bytes] of image.blobs) expect(readFileSync(pathOf(digest)).equals(bytes)).toBe(true);
    expect(last).toBeGreaterThanOrEqual(layers.reduce((sum, size) => sum + size, 0));
    expect((await client.pullImage({ reference: reference(), sink })).pulled).toEqual([]);
  });

  test('leaves no file of a layer that is wrong', async () => {
    await push(image);
    const { digest } = image.layers[0]!;
    const path = join(root, 'registry', 'blobs', 'sha256', digest.slice(7));
    const bytes = Buffer.from(readFileSync(path));
    bytes[50]! ^= 1;
    rmSync(path);
    writeFileSync(path, bytes);
    await expect(client.pullImage({ reference: reference(), sink })).rejects.toMatchObject({
      code: 'digest',
    });
    expect(files()).not.toContain(digest.slice(7));
    expect(files().filter(name => name.endsWith('.part'))).toEqual([]);
  });

  test('leaves nothing half-written when it is stopped', async () => {
    await push(image);
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error('enough'));
    const attempt = client.pullImage({ reference: reference(), sink, onProgress, signal: stop.signal });
    await expect(attempt).rejects.toThrow('enough');
    expect(files().filter(name => name.endsWith('.part'))).toEqual([]);
  });
});
