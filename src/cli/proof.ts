// The proof that an image's programs and libraries can be loaded: the report that was made before the image was, where
// the store has it, else one made now of the image's layers, wherever they are.
import { availableParallelism } from 'node:os';
import type { Digest } from '../base/digest.ts';
import { createSlots, inSlot } from '../base/slots.ts';
import type { BaseImage } from '../base-image/describe.ts';
import { type DescribeOptions, withImage } from '../base-image/find.ts';
import { type PathConflict, pathConflicts } from '../check/conflicts.ts';
import { type CheckReport, checkImage } from '../check/index.ts';
import { summarizeLayer } from '../check/scan.ts';
import { derivationSchema } from '../graph/derivation.ts';
import { derivationsOf, locateModel } from '../model/locate.ts';
import { readModel } from '../model/model.ts';
import { parseManifest } from '../store/manifest.ts';
import { findRealisation } from '../store/realisations.ts';
import type { Store } from '../store/store.ts';

export type Proof = {
  readonly digest: Digest;
  readonly platform: string;
  /** The derivation whose report this is; undefined where the layers were read. */
  readonly derivation: Digest | undefined;
  /** The GPU architectures that were asked for. */
  readonly architectures: readonly string[];
  readonly conflicts: readonly PathConflict[];
  readonly report: CheckReport;
};

/** Throws as `locateModel`, `withImage` and `summarizeLayer`, `model/config`. */
export function proveImage(options: DescribeOptions): Promise<Proof> {
  return withImage(locateModel(options.text, options.store), options, async (image, digest) => {
    const { label, manifestBytes, configBytes } = image;
    const { platforms, env, layers } = readModel(label, digest, manifestBytes, configBytes, []);
    const platform = platforms[0]!;
    const made = madeReport(options.store, digest);
    if (made !== undefined) return { digest, platform, conflicts: [], ...made };
    const summaries = await readLayers(
      image,
      layers.map(layer => layer.for),
    );
    const report = checkImage({ layers: summaries, env, platform });
    const conflicts = pathConflicts(summaries);
    return { digest, platform, derivation: undefined, architectures: [], conflicts, report };
  });
}

function madeReport(
  store: Store,
  image: Digest,
): Pick<Proof, 'derivation' | 'architectures' | 'report'> | undefined {
  for (const made of derivationsOf(store, image)) {
    const derivation = derivationOf(store, made)?.inputs.checked?.[0]?.derivation;
    const check = derivation && derivationOf(store, derivation);
    const report = derivation && findRealisation(store, derivation)?.report;
    if (!check?.builder.startsWith('check@') || !report || !store.hasBlob(report.digest)) continue;
    const { architectures } = check.args as { readonly architectures: readonly string[] };
    return { derivation, architectures, report: JSON.parse(store.readBlob(report.digest).toString('utf8')) };
  }
  return undefined;
}

function derivationOf(store: Store, digest: Digest) {
  return store.hasBlob(digest)
    ? derivationSchema.parse(JSON.parse(store.readBlob(digest).toString('utf8')))
    : undefined;
}

/** As many at one time as there are cores: each is inflated on a thread of its own. */
function readLayers(image: BaseImage, names: readonly string[]) {
  const slots = createSlots(availableParallelism());
  return Promise.all(
    parseManifest(image.manifestBytes).layers.map((layer, index) =>
      inSlot(slots, async () => {
        const name = names[index] || `layer ${index + 1}`;
        const label = `${image.label}, ${name} (${layer.digest})`;
        return { name, summary: await summarizeLayer(label, read => image.withLayer(layer, read)) };
      }),
    ),
  );
}
