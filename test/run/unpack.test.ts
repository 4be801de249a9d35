import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, expect, test } from 'vitest';
import { unpackLayers } from '../../src/run/unpack.ts';
import { openStore } from '../../src/store/store.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-unpack-'));
afterAll(() => rmSync(dir, { recursive: true }));

test('a file has the mode and the time of its layer, which byte code is held against', async () => {
  const store = openStore(join(dir, 'store'));
  const tar = pack();
  tar.entry({ name: 'src/run.py', mode: 0o755, mtime: new Date(1000) }, 'pass\n');
  tar.finalize();
  const writer = store.createBlob();
  writer.write(gzipSync(await buffer(tar)));
  const layer = writer.commit('application/vnd.oci.image.layer.v1.tar+gzip');
  await unpackLayers(store, [layer], join(dir, 'rootfs'), AbortSignal.timeout(10_000));
  const file = join(dir, 'rootfs/src/run.py');
  expect(readFileSync(file, 'utf8')).toBe('pass\n');
  expect(statSync(file)).toMatchObject({ mtimeMs: 1000 });
  expect(statSync(file).mode & 0o777).toBe(0o755);
});
