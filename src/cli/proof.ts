// The proof that an image's programs and libraries can be loaded: the report that was made before the image was, where
// the store has it, else one made now of the image's layers, wherever they are.
import type { Digest } from '../base/digest.ts';
import type { DescribeOptions } from '../base-image/find.ts';
import type { PathConflict } from '../check/conflicts.ts';
import type { CheckReport } from '../check/index.ts';
import { derivationSchema } from '../graph/derivation.ts';
import { derivationsOf, locateModel } from '../model/locate.ts';
import { readModel } from '../model/model.ts';
import { parseManifest } from '../store/manifest.ts';
import { findRealisation } from '../store/realisations.ts';
import { readRoots } from '../store/roots.ts';
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
export async function proveImage(options: DescribeOptions): Promise<Proof> {
  const { text, store } = options;
  const located = locateModel(text, store);
  if (located.kind === 'store') {
    const { digest } = located.manifest;
    const made = madeReport(store, digest);
    if (made !== undefined)
      return { digest, platform: platformOf(text, digest, store), conflicts: [], ...made };
  }
  const { proveByLayers } = await import('./proof-of-layers.ts');
  return proveByLayers(located, options, digest => madeReport(store, digest));
}

function platformOf(text: string, digest: Digest, store: Store): string {
  const manifest = store.readBlob(digest);
  const config = store.readBlob(parseManifest(manifest).config.digest);
  return readModel(text, digest, manifest, config, []).platforms[0]!;
}

export type MadeReport = Pick<Proof, 'derivation' | 'architectures' | 'report'>;

function madeReport(store: Store, image: Digest): MadeReport | undefined {
  for (const made of derivationsThatGive(store, image)) {
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

/** Those that were realised by name first, since all records are read for the others. */
function* derivationsThatGive(store: Store, image: Digest): Iterable<Digest> {
  for (const { derivation } of readRoots(store)) {
    const outputs = Object.values(findRealisation(store, derivation) ?? {});
    if (outputs.some(({ digest }) => digest === image)) yield derivation;
  }
  yield* derivationsOf(store, image);
}
