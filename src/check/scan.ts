// The summary of a layer that was written elsewhere: ELF files are read as their bytes pass; when one is laid out so oddly
// that a part was not kept, the layer is read again for it.
import { safeMember } from '../formats/layer-tar.ts';
import { readTar, type TarSource } from '../formats/tar-read.ts';
import { createSummarizer } from './summarize.ts';
import type { Summary } from './summary.ts';

/** How often a layer is read for the sake of one file before that file counts as damaged. */
const maxPasses = 6;

/** Opens the layer and has it read to its end; called once for each pass, nearly always once. */
export type LayerPass = (read: (tar: TarSource) => Promise<void>) => Promise<void>;

/** Holds what `createSummarizer` does. Throws `tar/format`, `scan/path`, and what `pass` does. */
export async function summarizeLayer(label: string, pass: LayerPass): Promise<Summary> {
  const summarizer = createSummarizer();
  for (let passes = 0; passes === 0 || (passes < maxPasses && summarizer.isIncomplete()); passes += 1) {
    if (passes > 0) summarizer.again();
    await pass(tar =>
      readTar(
        tar,
        label,
        member => {
          summarizer.enter(safeMember(member, label));
          return summarizer.choose;
        },
        (_, crc) => summarizer.leave(crc),
      ),
    );
  }
  return summarizer.summary();
}
