// docker-archive:FILE, what `docker load` and `podman load` read (moby image-spec v1.2 "Combined Image JSON + Filesystem
// Changeset Format"): a tar file of manifest.json, the config, and the layers as they are in the store, still compressed.
// The same image gives the same bytes. Holds one buffer; the file appears by rename when it is whole.
import { closeSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { canonicalJson } from '../base/canonical.ts';
import { type Descriptor, hexOf } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { syncDirectory, temporaryName, writeFully } from '../base/files.ts';
import { paddingOf, tarHeader, tarTrailer } from '../formats/tar.ts';
import type { Store } from '../store/store.ts';
import { imageBlobs, isIndex, readManifest } from './image-blobs.ts';

const fileMode = 0o644;
const bufferBytes = 1 << 20;

/** Writes one image; `name` becomes its tag there (`:latest` where it has none). Throws `output/docker-archive` for an index. */
export async function writeDockerArchive(options: {
  readonly store: Store;
  readonly manifest: Descriptor;
  readonly file: string;
  readonly name: string;
}): Promise<void> {
  const { store, manifest, name } = options;
  if (isIndex(manifest)) {
    throw new CogpackError(
      'output/docker-archive',
      `${manifest.digest} is for several platforms; a docker archive holds one`,
      {
        hint: 'choose one platform, or write oci:DIR, which holds all',
      },
    );
  }
  imageBlobs(store, manifest); // all of it is there
  const { config, layers } = readManifest(store, manifest);
  const description = canonicalJson([
    { Config: configName(config), Layers: layers.map(layerName), RepoTags: [taggedName(name)] },
  ]);
  const unique = [...new Map(layers.map(layer => [layer.digest, layer])).values()];

  writeWhole(resolve(options.file), fd => {
    addBytes(fd, 'manifest.json', Buffer.from(description));
    addFile(fd, configName(config), store.blobPath(config), config);
    for (const layer of unique) addFile(fd, layerName(layer), store.blobPath(layer), layer);
    writeFully(fd, tarTrailer);
  });
}

function configName({ digest }: Descriptor): string {
  return `${hexOf(digest)}.json`;
}

function layerName({ digest, mediaType }: Descriptor): string {
  const extension = mediaType.endsWith('gzip') ? '.tar.gz' : mediaType.endsWith('zstd') ? '.tar.zst' : '.tar';
  return `${hexOf(digest)}${extension}`;
}

function taggedName(name: string): string {
  return /:[^/]*$/.test(name) ? name : `${name}:latest`;
}

function writeWhole(file: string, write: (fd: number) => void): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = join(dirname(file), `.${temporaryName('archive')}`);
  const fd = openSync(temporary, 'wx', fileMode);
  try {
    try {
      write(fd);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(file));
}

function addBytes(fd: number, path: string, bytes: Uint8Array): void {
  writeFully(fd, tarHeader({ type: 'file', path, mode: fileMode, size: bytes.length }));
  writeFully(fd, bytes);
  writeFully(fd, new Uint8Array(paddingOf(bytes.length)));
}

function addFile(fd: number, path: string, source: string, { digest, size }: Descriptor): void {
  writeFully(fd, tarHeader({ type: 'file', path, mode: fileMode, size }));
  const buffer = Buffer.allocUnsafe(bufferBytes);
  const input = openSync(source, 'r');
  let left = size;
  try {
    while (left > 0) {
      const count = readSync(input, buffer, 0, Math.min(left, buffer.length), null);
      if (count === 0)
        throw new CogpackError('store/missing-blob', `${digest} became shorter while it was read`);
      writeFully(fd, buffer.subarray(0, count));
      left -= count;
    }
  } finally {
    closeSync(input);
  }
  writeFully(fd, new Uint8Array(paddingOf(size)));
}
