// What the store knows of the files of layers: the summaries that were made with them, by `scan`, or of those that they
// were joined of.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, digestOfHex } from '../base/digest.ts';
import { parseSummary, summaryMediaType } from '../check/summary.ts';
import { derivationSchema } from '../graph/derivation.ts';
import type { ScannedLayer } from '../plan/duplicates.ts';
import { manifestMediaType, parseManifest } from '../store/manifest.ts';
import { findRealisation } from '../store/realisations.ts';
import { readRoots } from '../store/roots.ts';
import type { Store } from '../store/store.ts';

/** What a layer holds, or undefined where that is not known. */
export type ReadScan = (layer: string) => ScannedLayer | undefined;

/** Looks through the store's records once. */
export function scansOf(store: Store): ReadScan {
  const summaries = new Map<string, Digest>();
  const joined = new Map<string, readonly string[]>();
  for (const digest of realised(store)) {
    // Records are kept under resolved derivations too, whose text is no blob.
    if (!store.hasBlob(digest)) continue;
    const outputs = findRealisation(store, digest);
    const summary = outputs?.summary;
    if (summary?.mediaType === summaryMediaType && store.hasBlob(summary.digest)) {
      const layer = outputs?.layer?.digest ?? layersInto(store, digest, 'layer')[0];
      if (layer !== undefined) summaries.set(layer, summary.digest);
    } else if (outputs?.layer !== undefined) {
      joined.set(outputs.layer.digest, layersInto(store, digest, 'layers'));
    }
  }
  const read = (layer: string): ScannedLayer['entries'] | undefined => {
    const summary = summaries.get(layer);
    if (summary !== undefined) return parseSummary(store.readBlob(summary)).entries;
    const parts = joined.get(layer)?.map(read) ?? [];
    return parts.length > 0 && !parts.includes(undefined) ? parts.flatMap(part => part!) : undefined;
  };
  return layer => {
    const entries = read(layer);
    return entries && { digest: layer, entries };
  };
}

/** The layers of the images that were realised here, but for that of one derivation; each once. */
export function layersOfOthers(store: Store, except: Digest): string[] {
  const images = readRoots(store)
    .filter(root => root.derivation !== except)
    .flatMap(root => Object.values(findRealisation(store, root.derivation) ?? {}))
    .filter(output => output.mediaType === manifestMediaType && store.hasBlob(output.digest));
  return [
    ...new Set(
      images.flatMap(image => parseManifest(store.readBlob(image.digest)).layers.map(each => each.digest)),
    ),
  ];
}

function realised(store: Store): Digest[] {
  const dir = join(store.dir, 'cogpack', 'realisations');
  if (!existsSync(dir)) return [];
  return readdirSync(dir).flatMap(name => {
    const hex = /^([0-9a-f]{64})\.json$/.exec(name)?.[1];
    return hex === undefined ? [] : [digestOfHex(hex)];
  });
}

/** The layers that a derivation takes in a role, as far as they are realised. */
function layersInto(store: Store, digest: Digest, role: string): string[] {
  const derivation = derivationSchema.safeParse(JSON.parse(store.readBlob(digest).toString('utf8')));
  const inputs = derivation.data?.inputs[role] ?? [];
  return inputs.flatMap(input => findRealisation(store, input.derivation)?.[input.output]?.digest ?? []);
}
