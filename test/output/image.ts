// A small real image in a store: two layers of files, made with the project's own tar headers.
import { gzipSync } from 'node:zlib';
import { canonicalJson, type Json } from '../../src/base/canonical.ts';
import { type Descriptor, sha256 } from '../../src/base/digest.ts';
import { paddingOf, tarHeader, tarTrailer } from '../../src/formats/tar.ts';
import { manifestMediaType } from '../../src/store/manifest.ts';
import type { Store } from '../../src/store/store.ts';

export function storeImage(store: Store, texts: readonly string[], architecture = 'amd64'): Descriptor {
  const tars = texts.map((text, index) => tarOf(`file${index}.txt`, Buffer.from(text)));
  const layers = tars.map(tar =>
    store.writeBlob('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(tar)),
  );
  const config = store.writeBlob(
    'application/vnd.oci.image.config.v1+json',
    canonicalJson({
      architecture,
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: { Cmd: ['true'] },
      rootfs: { type: 'layers', diff_ids: tars.map(tar => sha256(tar)) },
    }),
  );
  const manifest = { schemaVersion: 2, mediaType: manifestMediaType, config, layers };
  return store.writeBlob(manifestMediaType, canonicalJson(manifest as unknown as Json));
}

export function storeIndex(store: Store, manifests: readonly Descriptor[]): Descriptor {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const listed = manifests.map((each, index) => ({
    ...each,
    platform: { os: 'linux', architecture: ['amd64', 'arm64'][index]! },
  }));
  return store.writeBlob(
    mediaType,
    canonicalJson({ schemaVersion: 2, mediaType, manifests: listed } as unknown as Json),
  );
}

function tarOf(path: string, bytes: Buffer): Buffer {
  const header = tarHeader({ type: 'file', path, mode: 0o644, size: bytes.length });
  return Buffer.concat([header, bytes, Buffer.alloc(paddingOf(bytes.length)), tarTrailer]);
}
