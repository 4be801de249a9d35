// scan@2: a layer becomes its summary (check/summary.ts), canonical JSON. Layers that cogpack wrote are read with what
// need not be inflated left out; others, of base images, as a whole.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { z } from 'zod';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { summarizeLayer } from '../check/scan.ts';
import type { Summary } from '../check/summary.ts';
import { fileParts } from '../formats/file-parts.ts';
import { layerContent, openLayerFile } from '../formats/layer-tar.ts';
import { readWhole } from '../formats/read-whole.ts';
import type { LayerFile } from '../formats/tar-gzip-read.ts';
import { streamSource } from '../formats/tar-source.ts';
import type { BuildContext, Builder } from './builder.ts';
import { writeSummary } from './summary.ts';

const args = z.strictObject({});
type Args = z.infer<typeof args>;

const partSize = 1 << 18;

export const scan: Builder<Args> = {
  name: 'scan',
  version: 2,
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
    let isSeen = false;
    return await summarizeLayer(file.label, read => {
      if (see === undefined || isSeen) return read(openLayerFile(file, layer.mediaType));
      isSeen = true;
      const content = layerContent(fileParts({ ...file, offset: 0 }, partSize), layer.mediaType, file.label);
      return readWhole(content, see, parts => read(streamSource(parts, file.label)));
    });
  } finally {
    closeSync(fd);
  }
}
