// image@1: layers and a configuration become an OCI image: a config and a manifest (image-spec config.md,
// manifest.md). Nothing of it depends on a clock: `created` is the epoch.
import { z } from 'zod';
import { canonicalJson } from '../base/canonical.ts';
import { type Descriptor, digestSchema } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { manifestMediaType } from '../store/manifest.ts';
import { type BuildContext, type Builder, diffIdAnnotation } from './builder.ts';

const strings = z.array(z.string());
const emptySet = z.record(z.string(), z.strictObject({}));

const args = z.strictObject({
  /** image-spec config.md, `config`: with its own field names. */
  config: z.strictObject({
    User: z.string().optional(),
    ExposedPorts: emptySet.optional(),
    Env: strings.optional(),
    Entrypoint: strings.optional(),
    Cmd: strings.optional(),
    Volumes: emptySet.optional(),
    WorkingDir: z.string().optional(),
    Labels: z.record(z.string(), z.string()).optional(),
    StopSignal: z.string().optional(),
  }),
  /** What each layer is for, in order: the image's history. */
  history: strings,
  annotations: z.record(z.string(), z.string()),
});
type Args = z.infer<typeof args>;

const configMediaType = 'application/vnd.oci.image.config.v1+json';

const created = '1970-01-01T00:00:00Z';

export const image: Builder<Args> = {
  name: 'image',
  version: 1,
  thread: 'main',
  args,
  build({ config, history, annotations }, inputs, context) {
    const layers = inputs.layers ?? [];
    if (history.length !== layers.length) {
      const found = `${history.length} for ${layers.length} layers`;
      throw new CogpackError(
        'image/history',
        `${context.name}: history has a line for each layer; found ${found}`,
      );
    }
    const configDescriptor = write(context, configMediaType, {
      ...platformFields(context),
      config,
      created,
      history: history.map(line => ({ created, created_by: line })),
      rootfs: { type: 'layers', diff_ids: layers.map(layer => diffIdOf(layer, context)) },
    });
    const manifest = write(context, manifestMediaType, {
      schemaVersion: 2,
      mediaType: manifestMediaType,
      config: configDescriptor,
      layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    });
    return { image: manifest };
  },
};

function write(context: BuildContext, mediaType: string, value: object): Descriptor {
  const writer = context.store.createBlob();
  writer.write(Buffer.from(canonicalJson(value)));
  return writer.commit(mediaType);
}

function platformFields({ name, platform }: BuildContext): Record<string, string> {
  const [os, architecture, variant] = platform.split('/');
  if (os === undefined || architecture === undefined) {
    throw new CogpackError(
      'image/platform',
      `${name}: an image needs a platform such as linux/amd64; found "${platform}"`,
    );
  }
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

function diffIdOf(layer: Descriptor, { name }: BuildContext): string {
  const diffId = digestSchema.safeParse(layer.annotations?.[diffIdAnnotation]);
  if (diffId.success) return diffId.data;
  throw new CogpackError(
    'image/layer',
    `${name}: ${layer.digest} (${layer.mediaType}) is not a layer: it has no diffID`,
  );
}
