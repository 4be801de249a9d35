// scan@1: a layer becomes its summary (check/summary.ts), canonical JSON. Layers that cogpack wrote are read with what
// need not be inflated left out; others, of base images, as a whole. ELF files are read as their bytes pass; when one
// is laid out so oddly that a part was not kept, the layer is read again for it.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { z } from 'zod';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { createSummarizer } from '../check/summarize.ts';
import type { Summary } from '../check/summary.ts';
import { openLayerFile, safeMember } from '../formats/layer-tar.ts';
import type { LayerFile } from '../formats/tar-gzip-read.ts';
import { readTar } from '../formats/tar-read.ts';
import type { BuildContext, Builder } from './builder.ts';
import { writeSummary } from './summary.ts';

const args = z.strictObject({});
type Args = z.infer<typeof args>;

/** How often a layer is read for the sake of one file before that file counts as damaged. */
const maxPasses = 6;

export const scan: Builder<Args> = {
  name: 'scan',
  version: 1,
  thread: 'worker',
  args,
  async build(_args, inputs, context) {
    const [layer] = inputs.layer ?? [];
    if (layer === undefined)
      throw new CogpackError('scan/input', `${context.name}: it needs the input layer`);
    return { summary: writeSummary(context.store, await scanLayer(layer, context)) };
  },
};

/** Throws `tar/format`, `scan/layer`, `scan/path`. */
export async function scanLayer(
  layer: Descriptor,
  { name, store }: Pick<BuildContext, 'name' | 'store'>,
): Promise<Summary> {
  const fd = openSync(store.blobPath(layer), 'r');
  try {
    const file: LayerFile = { fd, size: fstatSync(fd).size, label: `${name} (${layer.digest})` };
    const summarizer = createSummarizer();
    for (let pass = 0; pass === 0 || (pass < maxPasses && summarizer.isIncomplete()); pass += 1) {
      if (pass > 0) summarizer.again();
      await readTar(
        openLayerFile(file, layer.mediaType),
        file.label,
        member => {
          summarizer.enter(safeMember(member, file.label));
          return summarizer.choose;
        },
        (_, crc) => summarizer.leave(crc),
      );
    }
    return summarizer.summary();
  } finally {
    closeSync(fd);
  }
}
