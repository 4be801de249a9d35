import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hexOf, sha256 } from '../../src/base/digest.ts';
import { writeOciLayout } from '../../src/output/oci-layout.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { storeImage, storeIndex } from './image.ts';

let root: string;
let store: Store;
let dir: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cogpack-output-'));
  store = openStore(join(root, 'store'));
  dir = join(root, 'layout');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const run = (program: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
};
const has = (program: string) => spawnSync('which', [program]).status === 0;

describe('writeOciLayout', () => {
  test.runIf(has('skopeo'))('writes what skopeo reads as the same image', async () => {
    const manifest = storeImage(store, ['one', 'two']);
    await writeOciLayout({ store, manifest, dir, name: 'v1' });
    const seen = JSON.parse(run('skopeo', 'inspect', `oci:${dir}:v1`));
    expect(seen).toMatchObject({ Digest: manifest.digest, Architecture: 'amd64' });
    expect(seen.Layers).toHaveLength(2);
  });

  test.runIf(has('umoci'))('writes what umoci unpacks', async () => {
    await writeOciLayout({ store, manifest: storeImage(store, ['one', 'two']), dir, name: 'v1' });
    const bundle = join(root, 'bundle');
    run('umoci', 'unpack', '--rootless', '--image', `${dir}:v1`, bundle);
    expect(readFileSync(join(bundle, 'rootfs', 'file1.txt'), 'utf8')).toBe('two');
  });

  test('every blob has the bytes of its name', async () => {
    await writeOciLayout({ store, manifest: storeImage(store, ['one']), dir, name: 'v1' });
    const names = readdirSync(join(dir, 'blobs', 'sha256'));
    expect(names).toHaveLength(3);
    for (const name of names) {
      expect(hexOf(sha256(readFileSync(join(dir, 'blobs', 'sha256', name))))).toBe(name);
    }
  });

  test('adds to a layout that is there, and replaces an image of the same name', async () => {
    const first = storeImage(store, ['one']);
    const second = storeImage(store, ['two']);
    await writeOciLayout({ store, manifest: first, dir, name: 'a' });
    await writeOciLayout({ store, manifest: first, dir, name: 'b' });
    await writeOciLayout({ store, manifest: second, dir, name: 'b' });
    const { manifests } = JSON.parse(readFileSync(join(dir, 'index.json'), 'utf8'));
    expect(manifests.map((each: { digest: string }) => each.digest)).toEqual([first.digest, second.digest]);
  });

  test('an index brings the images of all its platforms', async () => {
    const index = storeIndex(store, [storeImage(store, ['x']), storeImage(store, ['y'], 'arm64')]);
    await writeOciLayout({ store, manifest: index, dir, name: 'multi' });
    expect(readdirSync(join(dir, 'blobs', 'sha256'))).toHaveLength(7);
  });

  test('a folder with other files is refused and left as it is', async () => {
    dir = join(root, 'other');
    run('mkdir', dir);
    writeFileSync(join(dir, 'notes.txt'), 'mine');
    const attempt = writeOciLayout({ store, manifest: storeImage(store, ['one']), dir, name: 'v1' });
    await expect(attempt).rejects.toMatchObject({ code: 'output/layout' });
    expect(readdirSync(dir)).toEqual(['notes.txt']);
  });

  test('an image whose layer is gone from the store is named in no layout', async () => {
    const manifest = storeImage(store, ['one']);
    const { layers } = JSON.parse(store.readBlob(manifest.digest).toString());
    rmSync(store.blobPath(layers[0]));
    const attempt = writeOciLayout({ store, manifest, dir, name: 'v1' });
    await expect(attempt).rejects.toMatchObject({ code: 'store/missing-blob' });
    expect(existsSync(join(dir, 'index.json'))).toBe(false);
  });
});
