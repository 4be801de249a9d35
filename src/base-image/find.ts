// Describes a base wherever it is: in the store, a layout, or a registry, where its layers are read as they come and are
// kept nowhere. Of an image for several platforms one is taken.
import { closeSync, createReadStream, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reference } from '@cogpack/registry-client/reference';
import { z } from 'zod';
import { createSha256, type Descriptor, type Digest, digestSchema, hexOf, sha256 } from '../base/digest.ts';
import { CogpackError, isSystemError } from '../base/error.ts';
import { openLayerFile, openLayerStream } from '../formats/layer-tar.ts';
import { readWhole } from '../formats/read-whole.ts';
import { type Located, locateModel } from '../model/locate.ts';
import { parseManifest } from '../store/manifest.ts';
import { hasWhole, type Store } from '../store/store.ts';
import { type BaseImage, describeImage, type LayerEntries } from './describe.ts';
import type { BaseMetadata } from './metadata.ts';

export type DescribedBase = {
  /** Of the manifest, not of an index that names it. */
  readonly digest: Digest;
  readonly metadata: BaseMetadata;
};

export type DescribeOptions = {
  /** Every form that `locateModel` takes; names the image in errors. */
  readonly text: string;
  readonly store: Store;
  /** Of an image for several platforms, the one to take: `linux/amd64` unless it is given. */
  readonly platform?: string | undefined;
  /** A registry's layers are kept in the store as they are read. */
  readonly keep?: boolean;
  /** What was read of layers already, to which these are added. */
  readonly layers?: LayerEntries;
  readonly signal: AbortSignal;
  /** Bytes of layers read, of all; from a registry and a layout. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
};

/** Throws as `locateModel` and `describeImage`, `base/platform`, `model/blob`, RegistryError. */
export async function describeBase(options: DescribeOptions): Promise<DescribedBase> {
  return describeLocated(locateModel(options.text, options.store), options);
}

/** Throws as `describeImage`, `base/platform`, `model/blob`, RegistryError. */
export function describeLocated(located: Located, options: DescribeOptions): Promise<DescribedBase> {
  return withImage(located, options, async (image, digest) => {
    return { digest, metadata: await describeImage(image, options.layers) };
  });
}

/** What is made of an image; its layers can be read until the promise is settled. `digest` is its manifest's. */
type Use<T> = (image: BaseImage, digest: Digest) => Promise<T>;

/** Throws `base/platform`, `model/blob`, RegistryError, and what `use` does. */
export async function withImage<T>(located: Located, options: DescribeOptions, use: Use<T>): Promise<T> {
  const { store, signal } = options;
  switch (located.kind) {
    case 'registry':
      return fromRegistry(located.reference, options, use);
    case 'layout':
      return open(options, use, located.manifest.digest, {
        bytes: async digest => readBlob(located.dir, digest),
        stream: layer => layoutBlob(located.dir, layer, signal),
      });
    case 'store':
      return open(options, use, located.manifest.digest, {
        bytes: async digest => store.readBlob(digest),
        file: layer => store.blobPath(layer),
      });
    default:
      return located satisfies never;
  }
}

async function fromRegistry<T>(reference: Reference, options: DescribeOptions, use: Use<T>): Promise<T> {
  const { signal, store, keep = false } = options;
  const { createClient } = await import('@cogpack/registry-client');
  const client = createClient();
  try {
    const { descriptor } = await client.getManifest(
      reference,
      reference.digest ?? reference.tag ?? 'latest',
      signal,
    );
    return await open(options, use, digestSchema.parse(descriptor.digest), {
      async bytes(digest, size) {
        if (size === undefined) return (await client.getManifest(reference, digest, signal)).bytes;
        const parts: Buffer[] = [];
        for await (const part of client.getBlob(reference, { digest, size }, signal)) parts.push(part);
        return Buffer.concat(parts);
      },
      stream: layer => {
        if (!keep) return client.getBlob(reference, layer, signal);
        if (hasWhole(store, layer)) return createReadStream(store.blobPath(layer), { signal });
        return kept(client.getBlob(reference, layer, signal), layer, store);
      },
    });
  } finally {
    client.close();
  }
}

async function* kept(
  parts: AsyncIterable<Buffer>,
  { mediaType }: Descriptor,
  store: Store,
): AsyncGenerator<Buffer> {
  const writer = store.createBlob();
  let isWhole = false;
  try {
    for await (const part of parts) {
      writer.write(part);
      yield part;
    }
    writer.commit(mediaType);
    isWhole = true;
  } finally {
    if (!isWhole) writer.abort();
  }
}

type Place = {
  /** Of a manifest when no size is given. */
  bytes(digest: Digest, size?: number): Promise<Uint8Array>;
} & (
  | {
      /** Throws at its end when the bytes are not those of the digest. */
      stream(layer: Descriptor): AsyncIterable<Buffer>;
    }
  | { file(layer: Descriptor): string }
);

async function open<T>(options: DescribeOptions, use: Use<T>, root: Digest, place: Place): Promise<T> {
  const { text: label, signal, onProgress } = options;
  const { digest, bytes: manifestBytes } = await manifestFor(options, root, place);
  const { config, layers } = parseManifest(manifestBytes);
  const total = layers.reduce((sum, layer) => sum + layer.size, 0);
  let done = 0;
  const image: BaseImage = {
    label,
    manifestBytes,
    configBytes: await place.bytes(config.digest, config.size),
    async withLayer(layer, read) {
      signal.throwIfAborted();
      if ('file' in place) {
        const fd = openStored(label, layer, place.file(layer));
        try {
          return await read(openLayerFile({ fd, size: fstatSync(fd).size, label }, layer.mediaType));
        } finally {
          closeSync(fd);
        }
      }
      const count = (bytes: number) => {
        done += bytes;
        onProgress?.(done, total);
      };
      return readWhole(
        place.stream(layer),
        part => count(part.length),
        parts => read(openLayerStream(parts, layer.mediaType, label)),
      );
    },
  };
  return use(image, digest);
}

const indexSchema = z.object({
  manifests: z.array(
    z.object({
      digest: digestSchema,
      platform: z
        .object({ os: z.string(), architecture: z.string(), variant: z.string().optional() })
        .optional(),
    }),
  ),
});

type Bytes = { readonly digest: Digest; readonly bytes: Uint8Array };

/** The manifest itself, or that of the platform where it is an index (image-spec image-index.md). */
async function manifestFor(
  { text, platform = 'linux/amd64' }: DescribeOptions,
  digest: Digest,
  place: Place,
): Promise<Bytes> {
  const bytes = await place.bytes(digest);
  const index = indexSchema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  if (!index.success) return { digest, bytes };
  const names = index.data.manifests.flatMap(manifest => {
    const { os, architecture, variant } = manifest.platform ?? { os: 'unknown', architecture: 'unknown' };
    // Attestations are listed as of an unknown platform.
    if (os === 'unknown') return [];
    return [{ digest: manifest.digest, name: [os, architecture, variant].filter(Boolean).join('/') }];
  });
  const found =
    names.find(({ name }) => name === platform) ?? names.find(({ name }) => name.startsWith(`${platform}/`));
  if (found !== undefined) return { digest: found.digest, bytes: await place.bytes(found.digest) };
  throw new CogpackError(
    'base/platform',
    `${text} has no image for ${platform}; it has ${names.map(({ name }) => name).join(', ') || 'none at all'}`,
    { hint: 'choose one of these with --platform' },
  );
}

function readBlob(dir: string, digest: Digest): Buffer {
  const bytes = unlessGone(dir, digest, () => readFileSync(blobPath(dir, digest)));
  if (sha256(bytes) !== digest) throw damaged(dir, digest, `has the digest ${sha256(bytes)}`);
  return bytes;
}

async function* layoutBlob(dir: string, { digest }: Descriptor, signal: AbortSignal): AsyncGenerator<Buffer> {
  const hash = createSha256();
  const fd = unlessGone(dir, digest, () => openSync(blobPath(dir, digest), 'r'));
  for await (const part of createReadStream('', { fd, signal })) {
    hash.update(part as Buffer);
    yield part as Buffer;
  }
  const found = `sha256:${hash.digest('hex')}`;
  if (found !== digest) throw damaged(dir, digest, `has the digest ${found}`);
}

function openStored(label: string, { digest }: Descriptor, path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    throw new CogpackError('model/blob', `${label}: the store does not hold the layer ${digest}`, {
      hint: 'it is in a cache: cogpack realise --output oci:DIR brings it; or name the image where it was pushed to',
    });
  }
}

function blobPath(dir: string, digest: Digest): string {
  return join(dir, 'blobs', 'sha256', hexOf(digest));
}

function unlessGone<T>(dir: string, digest: Digest, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) throw damaged(dir, digest, 'is not there');
    throw error;
  }
}

function damaged(dir: string, digest: Digest, what: string): CogpackError {
  return new CogpackError('model/blob', `${dir}: the blob ${digest} ${what}`, {
    hint: 'the layout is damaged: write it again',
  });
}
