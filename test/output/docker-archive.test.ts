import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/base/digest.ts';
import { writeDockerArchive } from '../../src/output/docker-archive.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { storeImage, storeIndex } from './image.ts';

let root: string;
let store: Store;
let file: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cogpack-output-'));
  store = openStore(join(root, 'store'));
  file = join(root, 'image.tar');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const run = (program: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
};
const has = (program: string) => spawnSync('which', [program]).status === 0;

describe('writeDockerArchive', () => {
  test.runIf(has('skopeo'))('writes what skopeo reads, with the same layers unpacked', async () => {
    const manifest = storeImage(store, ['one', 'two']);
    const { config } = JSON.parse(store.readBlob(manifest.digest).toString());
    const { rootfs } = JSON.parse(store.readBlob(config.digest).toString());
    await writeDockerArchive({ store, manifest, file, name: 'example/model:v1' });
    expect(JSON.parse(run('skopeo', 'inspect', `docker-archive:${file}`)).Layers).toEqual(rootfs.diff_ids);
    run('skopeo', 'copy', '--insecure-policy', `docker-archive:${file}`, `oci:${join(root, 'copy')}:v1`);
  });

  test('lists config, layers and tag in manifest.json, which comes first', async () => {
    await writeDockerArchive({ store, manifest: storeImage(store, ['one', 'two']), file, name: 'model' });
    const names = run('tar', '-tf', file).trim().split('\n');
    const [entry] = JSON.parse(run('tar', '-xOf', file, 'manifest.json'));
    expect(names).toEqual(['manifest.json', entry.Config, ...entry.Layers]);
    expect(entry.RepoTags).toEqual(['model:latest']);
  });

  test('a layer that is used twice is stored once', async () => {
    const once = JSON.parse(store.readBlob(storeImage(store, ['one']).digest).toString());
    const twice = JSON.stringify({ ...once, layers: [...once.layers, ...once.layers] });
    const manifest = store.writeBlob(once.mediaType, twice);
    await writeDockerArchive({ store, manifest, file, name: 'a' });
    const [entry] = JSON.parse(run('tar', '-xOf', file, 'manifest.json'));
    expect(entry.Layers).toHaveLength(2);
    expect(run('tar', '-tf', file).trim().split('\n')).toHaveLength(3);
  });

  test('the same image gives the same bytes, whatever the umask', async () => {
    const manifest = storeImage(store, ['one', 'two']);
    await writeDockerArchive({ store, manifest, file, name: 'model:v1' });
    const first = sha256(readFileSync(file));
    const old = process.umask(0o077);
    try {
      await writeDockerArchive({ store, manifest, file: join(root, 'again.tar'), name: 'model:v1' });
    } finally {
      process.umask(old);
    }
    expect(sha256(readFileSync(join(root, 'again.tar')))).toBe(first);
  });

  test('an index is refused', async () => {
    const manifest = storeIndex(store, [storeImage(store, ['x'])]);
    const attempt = writeDockerArchive({ store, manifest, file, name: 'a' });
    await expect(attempt).rejects.toMatchObject({ code: 'output/docker-archive' });
    expect(readdirSync(root)).toEqual(['store']);
  });
});
