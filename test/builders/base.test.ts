import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { sha256 } from '../../src/base/digest.ts';
import { base } from '../../src/builders/base.ts';
import { diffIdAnnotation } from '../../src/builders/builder.ts';
import { makeTar } from '../formats/deb-fixture.ts';
import { openBench } from './fixture.ts';

const bench = openBench();
afterAll(bench.close);

const tar = await makeTar([{ name: './etc/hosts', content: 'localhost\n' }]);

test.each([
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'tar+gzip', gzipSync],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'tar+zstd', zstdCompressSync],
  ['application/vnd.oci.image.layer.v1.tar', 'tar', (bytes: Buffer) => bytes],
] as const)("a layer of %s stays as it is, under OCI's name", async (mediaType, suffix, compress) => {
  const blob = bench.put(compress(tar));
  const layer = await bench.build(base, { mediaType, diffID: sha256(tar) }, { blob: [blob] });
  expect(layer).toEqual({
    mediaType: `application/vnd.oci.image.layer.v1.${suffix}`,
    digest: blob.digest,
    size: blob.size,
    annotations: { [diffIdAnnotation]: sha256(tar) },
  });
});

test('bytes after the end of the archive count for the diffID, as for every tool', async () => {
  const longer = Buffer.concat([tar, Buffer.alloc(10240)]);
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const build = (diffID: ReturnType<typeof sha256>) =>
    bench.build(base, { mediaType, diffID }, { blob: [bench.put(gzipSync(longer))] });
  await expect(build(sha256(longer))).resolves.toMatchObject({ mediaType });
  await expect(build(sha256(tar))).rejects.toThrow(
    `has the diffID ${sha256(longer)}; its image's config says ${sha256(tar)}`,
  );
});

test('a layer of another kind is refused', async () => {
  const args = { mediaType: 'application/vnd.wasm.content.layer.v1+wasm', diffID: sha256(tar) };
  await expect(bench.build(base, args, { blob: [bench.put(tar)] })).rejects.toThrow('expected a tar layer');
});
