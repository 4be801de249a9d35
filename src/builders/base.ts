// base@2: a layer of a base image, its bytes as they are. Its uncompressed bytes are checked against the diffID that the
// image's config gives them, and are summed up for the check of images as they pass.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { digestOfHex, digestSchema } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { type Builder, diffIdAnnotation } from './builder.ts';
import { scanLayer } from './scan.ts';
import { writeSummary } from './summary.ts';

const args = z.strictObject({
  /** As the base's manifest names it: of OCI or of Docker, plain, gzip or zstd. */
  mediaType: z.string(),
  diffID: digestSchema,
});
type Args = z.infer<typeof args>;

export const base: Builder<Args> = {
  name: 'base',
  version: 2,
  thread: 'worker',
  args,
  async build({ mediaType, diffID }, inputs, context) {
    const { name, store } = context;
    const [blob] = inputs.blob ?? [];
    if (blob === undefined) throw new CogpackError('base/input', `${name}: it needs the input blob`);
    const { digest, size } = blob;
    const layer = {
      mediaType: ociMediaType(mediaType),
      digest,
      size,
      annotations: { [diffIdAnnotation]: diffID },
    };
    const hash = createHash('sha256');
    let done = 0;
    const summary = await scanLayer(layer, context, bytes => {
      context.signal.throwIfAborted();
      hash.update(bytes);
      done += bytes.length;
      context.progress(done, Math.max(done, size));
    });
    const found = digestOfHex(hash.digest('hex'));
    if (found !== diffID) {
      throw new CogpackError(
        'base/diffid',
        `${name}: the layer ${digest} has the diffID ${found}; its image's config says ${diffID}`,
        { hint: 'the base image is damaged: push it again from where it was built, or choose another' },
      );
    }
    return { layer, summary: writeSummary(store, summary) };
  },
};

/** image-spec layer.md; Docker's types end alike. Any other is refused where the layer is read. */
function ociMediaType(mediaType: string): string {
  const match = /\.tar(?:[+.](gzip|zstd))?$/.exec(mediaType);
  if (match === null) return mediaType;
  return `application/vnd.oci.image.layer.v1.tar${match[1] === undefined ? '' : `+${match[1]}`}`;
}
