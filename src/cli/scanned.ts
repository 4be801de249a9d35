// What the store knows of the files of layers: the summaries that `scan` made of them.
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

/** Reads a layer's summary, or undefined where there is none. */
export type ReadScan = (layer: string) => ScannedLayer | undefined;

/** Looks through the store's records once. */
export function scansOf(store: Store): ReadScan {
  const summaries = new Map<string, Digest>();
  for (const derivation of realised(store)) {
    // Records are kept under resolved derivations too, whose text is no blob.
    if (!store.hasBlob(derivation)) continue;
    const summary = findRealisation(store, derivation)?.summary;
    if (summary?.mediaType !== summaryMediaType || !store.hasBlob(summary.digest)) continue;
    const layer = layerScanned(store, derivation);
    if (layer !== undefined) summaries.set(layer, summary.digest);
  }
  return layer => {
    const summary = summaries.get(layer);
    return summary && { digest: layer, summary: parseSummary(store.readBlob(summary)) };
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

function layerScanned(store: Store, scan: Digest): string | undefined {
  const derivation = derivationSchema.safeParse(JSON.parse(store.readBlob(scan).toString('utf8')));
  const input = derivation.data?.inputs.layer?.[0];
  return input && findRealisation(store, input.derivation)?.[input.output]?.digest;
}
