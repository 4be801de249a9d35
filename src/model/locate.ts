// Where a model is: `oci:DIR[:TAG]`, a digest or ID (its first digits are enough) of the store, a project's folder or
// description that was realised, or a reference to a registry.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseReference, type Reference } from '@cogpack/registry-client/reference';
import { z } from 'zod';
import { type Descriptor, type Digest, descriptorSchema, digestOfHex } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { manifestMediaType, parseManifest } from '../store/manifest.ts';
import { outputsSchema } from '../store/realisations.ts';
import { readRoots } from '../store/roots.ts';
import type { Store } from '../store/store.ts';

export type Located =
  | { readonly kind: 'store'; readonly manifest: Descriptor }
  | { readonly kind: 'layout'; readonly dir: string; readonly manifest: Descriptor }
  | { readonly kind: 'registry'; readonly reference: Reference };

/** Asks no network. Throws `model/not-found`, `model/ambiguous`, and RegistryError for what is no reference. */
export function locateModel(text: string, store: Store): Located {
  if (text.startsWith('oci:')) return inLayout(text);
  const hex = /^(?:sha256:)?([0-9a-f]{6,64})$/.exec(text)?.[1];
  if (hex !== undefined) return { kind: 'store', manifest: manifestWith(text, hex, store) };
  if (existsSync(text)) return { kind: 'store', manifest: ofProject(text, store) };
  return { kind: 'registry', reference: parseReference(text) };
}

/** The derivations that this store knows to give an image: those whose description it holds, not their resolved forms. */
export function derivationsOf(store: Store, image: string): Digest[] {
  return [...records(store, image)]
    .filter(
      ({ derivation, outputs }) =>
        outputs.some(output => output.digest === image) && store.hasBlob(derivation),
    )
    .map(({ derivation }) => derivation)
    .sort();
}

const indexSchema = z.object({ manifests: z.array(z.object(descriptorSchema.shape)) });
const nameAnnotation = 'org.opencontainers.image.ref.name';

function inLayout(text: string): Located {
  const [, dir = '', tag] = /^oci:(.*?)(?::([\w][\w.-]*))?$/.exec(text) ?? [];
  const file = join(dir, 'index.json');
  if (!existsSync(file))
    throw new CogpackError('model/not-found', `${dir} is not an OCI layout: it has no index.json`);
  const { manifests } = indexSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const found = manifests.filter(
    manifest => tag === undefined || manifest.annotations?.[nameAnnotation] === tag,
  );
  if (found.length > 1)
    throw ambiguous(
      text,
      found.map(manifest => `oci:${dir}:${manifest.annotations?.[nameAnnotation] ?? manifest.digest}`),
    );
  if (found[0] === undefined)
    throw new CogpackError('model/not-found', `${dir} has no image ${tag ?? ''}`.trim());
  return { kind: 'layout', dir, manifest: found[0] };
}

/** The manifest whose digest, or whose config's (the image's ID), starts with these digits. */
function manifestWith(text: string, hex: string, store: Store): Descriptor {
  const manifests = new Map<string, Descriptor>();
  for (const { outputs } of records(store)) {
    for (const output of outputs)
      if (output.mediaType === manifestMediaType && store.hasBlob(output.digest))
        manifests.set(output.digest, output);
  }
  const found = [...manifests.values()].filter(
    manifest =>
      manifest.digest.slice(7).startsWith(hex) ||
      parseManifest(store.readBlob(manifest.digest)).config.digest.slice(7).startsWith(hex),
  );
  if (found.length > 1)
    throw ambiguous(
      text,
      found.map(manifest => manifest.digest),
    );
  if (found[0] !== undefined) return found[0];
  throw new CogpackError('model/not-found', `the store has no image ${text}`, {
    hint: 'give its digest or ID, a project, oci:DIR, or a reference such as localhost:5000/iris:1',
  });
}

function ofProject(path: string, store: Store): Descriptor {
  const file = realpathSync(path);
  const written = join(file, 'cogpack.jsonnet');
  // Where a folder has no description, what it has instead (a cog.yaml, say) was described.
  const isOf = (description: string) =>
    description === file || (existsSync(written) ? description === written : dirname(description) === file);
  const images = readRoots(store)
    .filter(root => isOf(root.description))
    .flatMap(root =>
      recordOf(store, root.derivation)
        .filter(output => output.mediaType === manifestMediaType)
        .map(manifest => ({ manifest, target: root.target })),
    );
  const [first, second] = images;
  if (first === undefined) {
    throw new CogpackError('model/not-found', `${path} has not been realised in this store`, {
      hint: `run: cogpack realise ${path}`,
    });
  }
  if (second !== undefined)
    throw ambiguous(
      path,
      images.map(({ target, manifest }) => `${target} (${manifest.digest})`),
    );
  return first.manifest;
}

type Realised = { readonly derivation: Digest; readonly outputs: readonly Descriptor[] };

/** All of them, or those that name a digest: the others are not parsed, for a store may hold very many. */
function* records(store: Store, naming = ''): Iterable<Realised> {
  const dir = join(store.dir, 'cogpack', 'realisations');
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir)) {
    const hex = /^([0-9a-f]{64})\.json$/.exec(name)?.[1];
    const text = hex === undefined ? '' : readFileSync(join(dir, name), 'utf8');
    if (hex !== undefined && text.includes(naming)) {
      yield { derivation: digestOfHex(hex), outputs: outputsIn(text) };
    }
  }
}

function recordOf(store: Store, derivation: Digest): Descriptor[] {
  const file = join(store.dir, 'cogpack', 'realisations', `${derivation.slice(7)}.json`);
  return existsSync(file) ? outputsIn(readFileSync(file, 'utf8')) : [];
}

function outputsIn(record: string): Descriptor[] {
  const outputs = outputsSchema.safeParse(JSON.parse(record));
  return outputs.success ? Object.values(outputs.data) : [];
}

function ambiguous(text: string, found: readonly string[]): CogpackError {
  return new CogpackError('model/ambiguous', `${text} is one of several images: ${found.join(', ')}`, {
    hint: 'name one of them',
  });
}
