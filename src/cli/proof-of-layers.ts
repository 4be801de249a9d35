// The proof of an image, made of its layers, which are read now. Loaded only where there is no report.
import { availableParallelism } from 'node:os';
import type { Digest } from '../base/digest.ts';
import { createSlots, inSlot } from '../base/slots.ts';
import type { BaseImage } from '../base-image/describe.ts';
import { type DescribeOptions, withImage } from '../base-image/find.ts';
import { pathConflicts } from '../check/conflicts.ts';
import { checkImage } from '../check/index.ts';
import { summarizeLayer } from '../check/scan.ts';
import type { Located } from '../model/locate.ts';
import { readModel } from '../model/model.ts';
import { parseManifest } from '../store/manifest.ts';
import type { MadeReport, Proof } from './proof.ts';

/** `made` gives the report of an image that the store has one of. Throws as `withImage` and `summarizeLayer`, `model/config`. */
export function proveByLayers(
  located: Located,
  options: DescribeOptions,
  made: (image: Digest) => MadeReport | undefined,
): Promise<Proof> {
  return withImage(located, options, async (image, digest) => {
    const { label, manifestBytes, configBytes } = image;
    const { platforms, env, layers } = readModel(label, digest, manifestBytes, configBytes, []);
    const platform = platforms[0]!;
    const known = made(digest);
    if (known !== undefined) return { digest, platform, conflicts: [], ...known };
    const summaries = await readLayers(
      image,
      layers.map(layer => layer.for),
    );
    const report = checkImage({ layers: summaries, env, platform });
    const conflicts = pathConflicts(summaries);
    return { digest, platform, derivation: undefined, architectures: [], conflicts, report };
  });
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
