// Which files an image holds that lie in other layers too, its own or those of other images: what a plan did not share. Two
// files count as the same when their sizes and their CRC-32s are (a layer's summary has no more): good enough to judge a
// plan by, and nothing else rests on it.
import type { Summary } from '../check/summary.ts';

export type ScannedLayer = { readonly digest: string; readonly entries: Summary['entries'] };

export type Duplicates = {
  /** Bytes of all files of the image's layers that have been scanned, unpacked. */
  readonly bytes: number;
  /** Layers of the image that have not been. */
  readonly unscanned: number;
  /** Bytes that one copy of each file would save within the image. */
  readonly inImage: number;
  /** The files that cost most of these, each with what its copies cost beyond the first. */
  readonly largest: readonly { readonly paths: readonly string[]; readonly bytes: number }[];
  /** Bytes of its files that other images share as whole layers. */
  readonly sharedLayers: number;
  /** Bytes of its files that other images have in other layers, and so store again. */
  readonly elsewhere: number;
};

const mostShown = 5;

/** `layers` are the image's, `others` those of other images, shared ones too. */
export function findDuplicates(
  layers: readonly ScannedLayer[],
  others: readonly ScannedLayer[],
  unscanned: number,
): Duplicates {
  const own = new Set(layers.map(({ digest }) => digest));
  const shared = new Set(others.filter(({ digest }) => own.has(digest)).map(({ digest }) => digest));
  const foreign = new Set(
    others.filter(({ digest }) => !own.has(digest)).flatMap(layer => filesOf(layer).map(({ id }) => id)),
  );
  const copies = new Map<string, { size: number; paths: string[] }>();
  let bytes = 0;
  let sharedLayers = 0;
  let elsewhere = 0;
  for (const layer of layers) {
    const { digest } = layer;
    for (const { id, path, size } of filesOf(layer)) {
      bytes += size;
      if (shared.has(digest)) sharedLayers += size;
      else if (foreign.has(id)) elsewhere += size;
      const known = copies.get(id) ?? { size, paths: [] };
      known.paths.push(path);
      copies.set(id, known);
    }
  }
  const repeated = [...copies.values()]
    .filter(({ paths }) => paths.length > 1)
    .map(({ size, paths }) => ({ paths: paths.sort(), bytes: size * (paths.length - 1) }))
    .sort((a, b) => b.bytes - a.bytes || (a.paths[0]! < b.paths[0]! ? -1 : 1));
  return {
    bytes,
    unscanned,
    inImage: repeated.reduce((sum, each) => sum + each.bytes, 0),
    largest: repeated.slice(0, mostShown),
    sharedLayers,
    elsewhere,
  };
}

function filesOf({ entries }: ScannedLayer) {
  return entries.flatMap(entry =>
    entry.type === 'file' && entry.size > 0
      ? [{ id: `${entry.size} ${entry.crc}`, path: entry.path, size: entry.size }]
      : [],
  );
}
