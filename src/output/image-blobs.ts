// What an image consists of (image-spec manifest.md, image-index.md), read from the store.
import { z } from 'zod';
import { type Descriptor, descriptorSchema } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { hasWhole, type Store } from '../store/store.ts';

// Descriptors here come from other programs too, with fields that are of no use to us.
const descriptor = z.object(descriptorSchema.shape);
const manifestSchema = z.object({ config: descriptor, layers: z.array(descriptor) });
const indexSchema = z.object({ manifests: z.array(descriptor) });

export type ImageManifest = { readonly config: Descriptor; readonly layers: readonly Descriptor[] };

const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

export function isIndex(manifest: Descriptor): boolean {
  return indexTypes.includes(manifest.mediaType);
}

/** Throws `output/manifest`, or `store/missing-blob`. */
export function readManifest(store: Store, manifest: Descriptor): ImageManifest {
  return parse(manifestSchema, store, manifest);
}

/** Every blob of an image or an index once, each before the manifest that names it. Throws when one is not whole. */
export function imageBlobs(store: Store, root: Descriptor): Descriptor[] {
  const found = new Map<string, Descriptor>();
  const visit = (manifest: Descriptor) => {
    if (isIndex(manifest)) {
      for (const each of parse(indexSchema, store, manifest).manifests) visit(each);
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

function parse<T>(schema: z.ZodType<T>, store: Store, manifest: Descriptor): T {
  const reason = (cause: unknown) =>
    new CogpackError('output/manifest', `${manifest.digest} (${manifest.mediaType}) is not a manifest`, {
      cause,
    });
  const text = store.readBlob(manifest.digest).toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw reason(error);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw reason(result.error);
}
