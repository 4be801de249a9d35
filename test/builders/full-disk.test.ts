// A store on a file system without room: a small tmpfs, which only root can mount.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { wheel } from '../../src/builders/wheel.ts';
import { openStore } from '../../src/store/store.ts';
import { makeWheel, wheelName } from './wheel-fixture.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-full-'));
const disk = join(dir, 'disk');
mkdirSync(disk);
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).status === 0;
afterAll(() => {
  if (mounted) spawnSync('umount', [disk]);
  rmSync(dir, { recursive: true });
});

test.skipIf(!mounted)(
  'a layer that the disk has no room for leaves nothing, and the error says what to do',
  async () => {
    const store = openStore(join(disk, 'store'));
    const noise = Buffer.alloc(3 << 20);
    for (let at = 0, state = 1; at < noise.length; at++) {
      state = (state * 48_271) % 2_147_483_647;
      noise[at] = state >> 8;
    }
    const input = store.writeBlob(
      'application/zip',
      makeWheel({ files: [{ name: 'noise.bin', content: noise }] }),
    );
    const context = {
      name: wheelName,
      platform: 'any',
      store,
      root: undefined,
      signal: AbortSignal.timeout(60_000),
      progress() {},
    };
    const args = { filename: wheelName, prefix: '/opt/venv', python: '3.11' };
    await expect(wheel.build(args, { wheel: [input] }, context)).rejects.toMatchObject({
      code: 'store/write',
      hint: expect.stringContaining('free some space'),
    });
    expect(readdirSync(join(store.dir, 'blobs', 'sha256'))).toHaveLength(1);
    expect(readdirSync(join(store.dir, 'cogpack', 'tmp'))).toEqual([]);
  },
);
