// A model that lies in a registry is brought into the store: whole and verified, or not at all.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient, parseReference } from '../../registry-client/src/index.ts';
import { type RunningServer, startServer } from '../../registry-client/src/server.ts';
import type { Digest } from '../../src/base/digest.ts';
import { bringModel } from '../../src/model/bring.ts';
import { openStore } from '../../src/store/store.ts';
import { verifyStore } from '../../src/store/verify.ts';
import { type Image, makeImage } from '../registry/support/images.ts';

// More than 64 MiB, so that a thread shares the work.
const image: Image = makeImage(91, [40 << 20, 30 << 20, 100]);
let root: string;
let server: RunningServer;
let name: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'cogpack-bring-'));
  server = await startServer({ dir: join(root, 'registry') });
  name = `${new URL(server.url).host}/model:v1`;
  const client = createClient({ env: {} });
  await client.pushImage({ reference: parseReference(name), manifest: image.manifest, open: image.open });
  client.close();
});
afterEach(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

const bring = (store = openStore(join(root, 'store'))) =>
  bringModel(name, store, AbortSignal.timeout(60_000), () => {});
const leftovers = () => readdirSync(join(root, 'store', 'cogpack', 'tmp'));

test('every blob of an image from a registry is in the store, and nothing else', async () => {
  const store = openStore(join(root, 'store'));
  expect((await bring(store)).digest).toBe(image.manifest.digest);
  for (const [digest, bytes] of image.blobs) {
    expect(readFileSync(store.blobPath({ digest: digest as Digest })).equals(bytes)).toBe(true);
  }
  expect(leftovers()).toEqual([]);
  expect((await verifyStore(store)).problems).toEqual([]);
  expect((await bring(store)).digest).toBe(image.manifest.digest);
});

test('a blob that the registry has damaged does not come into the store', async () => {
  const { digest } = image.layers[0]!;
  const path = join(root, 'registry', 'blobs', 'sha256', digest.slice(7));
  const bytes = Buffer.from(readFileSync(path));
  bytes[1000]! ^= 1;
  rmSync(path);
  writeFileSync(path, bytes);
  await expect(bring()).rejects.toMatchObject({ code: 'digest' });
  expect(existsSync(openStore(join(root, 'store')).blobPath({ digest: digest as Digest }))).toBe(false);
  expect(leftovers()).toEqual([]);
});
