// scan@1: a layer becomes its summary (check/summary.ts), canonical JSON. Layers that cogpack wrote are read with what
// need not be inflated left out; others, of base images, as a whole. ELF files are read as their bytes pass; when one
// is laid out so oddly that a part was not kept, the layer is read again for it.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { z } from 'zod';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { createSummarizer } from '../check/summarize.ts';
import type { Summary } from '../check/summary.ts';
import { fileParts } from '../formats/file-parts.ts';
import { layerContent, openLayerFile, safeMember } from '../formats/layer-tar.ts';
import type { LayerFile } from '../formats/tar-gzip-read.ts';
import { readTar, type TarSource } from '../formats/tar-read.ts';
import { streamSource } from '../formats/tar-source.ts';
import type { BuildContext, Builder } from './builder.ts';
import { writeSummary } from './summary.ts';

const args = z.strictObject({});
type Args = z.infer<typeof args>;

/** How often a layer is read for the sake of one file before that file counts as damaged. */
const maxPasses = 6;
const partSize = 1 << 18;

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

/** Throws `tar/format`, `scan/layer`, `scan/path`. `see` gets all of the uncompressed bytes, once and in order. */
export async function scanLayer(
  layer: Descriptor,
  { name, store }: Pick<BuildContext, 'name' | 'store'>,
  see?: (bytes: Uint8Array) => void,
): Promise<Summary> {
  const fd = openSync(store.blobPath(layer), 'r');
  try {
    const file: LayerFile = { fd, size: fstatSync(fd).size, label: `${name} (${layer.digest})` };
    const summarizer = createSummarizer();
    for (let pass = 0; pass === 0 || (pass < maxPasses && summarizer.isIncomplete()); pass += 1) {
      if (pass > 0) summarizer.again();
      await readTar(
        see !== undefined && pass === 0
          ? seenSource(file, layer.mediaType, see)
          : openLayerFile(file, layer.mediaType),
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

/** Nothing is passed over: what follows the archive's end is read, too. */
function seenSource(file: LayerFile, mediaType: string, see: (bytes: Uint8Array) => void): TarSource {
  const content = layerContent(fileParts({ ...file, offset: 0 }, partSize), mediaType, file.label);
  const seen = async function* () {
    const parts = content[Symbol.asyncIterator]();
    const next = async (): Promise<IteratorResult<Uint8Array>> => {
      const part = await parts.next();
      if (!part.done) see(part.value);
      return part;
    };
    try {
      for (let part = await next(); !part.done; part = await next()) yield part.value;
    } finally {
      while (!(await next()).done);
    }
  };
  return streamSource(seen(), file.label);
}
