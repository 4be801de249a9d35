// Realisations: derivation digest → {output: descriptor}, one small file each. The same record is kept under the
// digest of the resolved derivation, so that an input rebuilt to the same bytes rebuilds nothing after it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../base/canonical.ts';
import { type Descriptor, type Digest, descriptorSchema, hexOf } from '../base/digest.ts';
import { isSystemError } from '../base/error.ts';
import { writeFileAtomic } from '../base/files.ts';
import { blobsOfManifest, manifestMediaType } from './manifest.ts';
import { cachesOf } from './remote.ts';
import { hasWhole, type Store } from './store.ts';

export type Outputs = Readonly<Record<string, Descriptor>>;

export const outputsSchema = z.record(z.string(), descriptorSchema);

/**
 * The outputs of a derivation (or resolved derivation) if they are all to be had: in the store, whole, or in a cache
 * that the store knows of. A record that cannot be read, or that names a blob which is gone, counts as absent: the
 * thing is then built again.
 */
export function findRealisation(store: Store, digest: Digest): Outputs | undefined {
  let text: string;
  try {
    text = readFileSync(recordPath(store, digest), 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
  const outputs = parse(text);
  if (outputs === undefined) return undefined;
  return Object.values(outputs).every(descriptor => isComplete(store, descriptor)) ? outputs : undefined;
}

// An image is there when its config and layers are. Its manifest itself is always in the store.
function isComplete(store: Store, descriptor: Descriptor): boolean {
  if (descriptor.mediaType !== manifestMediaType) return isAvailable(store, descriptor);
  if (!hasWhole(store, descriptor)) return false;
  return blobsOfManifest(store.readBlob(descriptor.digest)).every(part => isAvailable(store, part));
}

function isAvailable(store: Store, blob: Descriptor): boolean {
  return hasWhole(store, blob) || cachesOf(store, blob).length > 0;
}

export function recordRealisation(store: Store, digest: Digest, outputs: Outputs): void {
  const path = recordPath(store, digest);
  const text = `${canonicalJson(outputs)}\n`;
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  writeFileAtomic(path, text);
}

function recordPath(store: Store, digest: Digest): string {
  return join(store.dir, 'cogpack', 'realisations', `${hexOf(digest)}.json`);
}

function parse(text: string): Outputs | undefined {
  try {
    const result = outputsSchema.safeParse(JSON.parse(text));
    return result.success ? (result.data as Outputs) : undefined;
  } catch {
    return undefined;
  }
}
