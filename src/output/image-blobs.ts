// What an image consists of (image-spec manifest.md, image-index.md), read from the store.
import { z } from 'zod';
import { type Descriptor, descriptorSchema } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { type Manifest, parseManifest } from '../store/manifest.ts';
import { hasWhole, type Store } from '../store/store.ts';

// An index's descriptors have a platform too, which is of no use here.
const indexSchema = z.object({ manifests: z.array(z.object(descriptorSchema.shape)) });

const parseIndex = (bytes: Buffer) => indexSchema.parse(JSON.parse(bytes.toString()));

const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

export function isIndex(manifest: Descriptor): boolean {
  return indexTypes.includes(manifest.mediaType);
}

/** Throws `output/manifest`, or `store/missing-blob`. */
export function readManifest(store: Store, manifest: Descriptor): Manifest {
  return parse(parseManifest, store, manifest);
}

/** Every blob of an image or an index once, each before the manifest that names it. Throws when one is not whole. */
export function imageBlobs(store: Store, root: Descriptor): Descriptor[] {
  const found = new Map<string, Descriptor>();
  const visit = (manifest: Descriptor) => {
    if (isIndex(manifest)) {
      for (const each of parse(parseIndex, store, manifest).manifests) visit(each);
    } else {
      const { config, layers } = readManifest(store, manifest);
      for (const each of [config, ...layers]) add(each);
    }
    add(manifest);
  };
  const add = (each: Descriptor) => {
    if (!hasWhole(store, each)) {
      throw new CogpackError(
        'store/missing-blob',
        `the store ${store.dir} does not hold ${each.digest} whole`,
        {
          hint: 'run cogpack realise again: what is missing is made anew',
        },
      );
    }
    found.set(each.digest, each);
  };
  visit(root);
  return [...found.values()];
}

function parse<T>(read: (bytes: Buffer) => T, store: Store, { digest, mediaType }: Descriptor): T {
  const bytes = store.readBlob(digest);
  try {
    return read(bytes);
  } catch (cause) {
    throw new CogpackError('output/manifest', `${digest} (${mediaType}) is not a manifest`, { cause });
  }
}
