// Small images for tests, made of random but seeded bytes and held in memory.
import { createCipheriv, createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { BlobSink, Descriptor, OpenBlob } from '../../../registry-client/src/index.ts';
import { mediaTypes } from '../../../registry-client/src/index.ts';

export type Image = {
  readonly manifest: Descriptor;
  readonly layers: readonly Descriptor[];
  /** All blobs and manifests by digest. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly open: OpenBlob;
};

/** Bytes that no compression shrinks, the same for the same seed. */
export function randomBytes(seed: number, size: number): Buffer {
  const key = createHash('sha256').update(String(seed)).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

export function describe(bytes: Uint8Array, mediaType: string): Descriptor {
  return {
    mediaType,
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    size: bytes.length,
  };
}

/** An image whose layers (not tar files) have these sizes. */
export function makeImage(seed: number, sizes: readonly number[], extra: object = {}): Image {
  const blobs = new Map<string, Buffer>();
  const add = (bytes: Buffer, mediaType: string) => {
    const descriptor = describe(bytes, mediaType);
    blobs.set(descriptor.digest, bytes);
    return descriptor;
  };
  const contents = sizes.map((size, index) => randomBytes(seed * 1000 + index, size));
  const layers = contents.map(bytes => add(bytes, 'application/vnd.oci.image.layer.v1.tar+gzip'));
  const configuration = {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: contents.map(bytes => describe(gzipSync(bytes), '').digest) },
  };
  const config = add(Buffer.from(JSON.stringify(configuration)), 'application/vnd.oci.image.config.v1+json');
  const value = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers, ...extra };
  const manifest = add(Buffer.from(JSON.stringify(value)), mediaTypes.manifest);
  return { manifest, layers, blobs, open: openFrom(blobs) };
}

/** An index over some images. */
export function makeIndex(images: readonly Image[]): Image {
  const manifests = images.map((image, index) => ({
    ...image.manifest,
    platform: { os: 'linux', architecture: ['amd64', 'arm64'][index] ?? `other${index}` },
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
  const manifest = describe(bytes, mediaTypes.index);
  const blobs = new Map([...images.flatMap(image => [...image.blobs]), [manifest.digest, bytes]]);
  return { manifest, layers: images.flatMap(image => image.layers), blobs, open: openFrom(blobs) };
}

export function openFrom(blobs: ReadonlyMap<string, Buffer>, partBytes = 64 << 10): OpenBlob {
  return async function* ({ digest }, start) {
    const bytes = blobs.get(digest);
    if (bytes === undefined) throw new Error(`the test has no ${digest}`);
    for (let at = start; at < bytes.length; at += partBytes) yield bytes.subarray(at, at + partBytes);
  };
}

/** The blobs as files in `dir`, which is there. */
export function openFiles(blobs: ReadonlyMap<string, Buffer>, dir: string): OpenBlob {
  const pathOf = (digest: string) => join(dir, digest.slice('sha256:'.length));
  for (const [digest, bytes] of blobs) writeFileSync(pathOf(digest), bytes);
  return ({ digest }) => ({ path: pathOf(digest) });
}

/** A sink that keeps what is committed. */
export function memorySink(): BlobSink & { readonly blobs: Map<string, Buffer>; readonly open: Set<string> } {
  const blobs = new Map<string, Buffer>();
  const open = new Set<string>();
  return {
    blobs,
    open,
    has: ({ digest }) => blobs.has(digest),
    create({ digest }) {
      const parts: Uint8Array[] = [];
      open.add(digest);
      return {
        write: bytes => void parts.push(Buffer.from(bytes)),
        commit: () => {
          open.delete(digest);
          blobs.set(digest, Buffer.concat(parts));
        },
        abort: () => void open.delete(digest),
      };
    },
  };
}
