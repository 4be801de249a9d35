// Derives what a base image holds from its configuration and the files of its layers. Nothing of the image is run.
import { z } from 'zod';
import { type Descriptor, type Digest, digestSchema } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { type ImageFiles, imageFiles, type NamedSummary } from '../check/image-files.ts';
import type { SummaryEntry } from '../check/summary.ts';
import { parseStanzas } from '../formats/control.ts';
import type { TarSource } from '../formats/tar-read.ts';
import { parseManifest } from '../store/manifest.ts';
import { cudaOf } from './cuda.ts';
import { readBaseLayer } from './layer.ts';
import { type BaseMetadata, baseMetadataSchema } from './metadata.ts';
import { packagesOf, pythonsOf, venvOf } from './python.ts';
import { sortedBy } from './sorted.ts';

export type BaseImage = {
  /** Names it in errors. */
  readonly label: string;
  readonly manifestBytes: Uint8Array;
  readonly configBytes: Uint8Array;
  /** The tar of a layer, whose bytes are verified once `read` has ended. */
  withLayer<T>(layer: Descriptor, read: (tar: TarSource) => Promise<T>): Promise<T>;
};

/** What was read of layers, by their digests: images that share layers are described with one. */
export type LayerEntries = Map<Digest, readonly SummaryEntry[]>;

/**
 * Layers are read one after the other, each once; holds the paths of all and the few small files that are needed.
 * Throws `model/config`, `tar/format`, `scan/layer`, `scan/path`, and what `withLayer` does.
 */
export async function describeImage(image: BaseImage, read: LayerEntries = new Map()): Promise<BaseMetadata> {
  const { label, manifestBytes, configBytes } = image;
  const { layers } = parseManifest(manifestBytes);
  const config = parseConfig(label, configBytes, layers.length);
  const summaries: NamedSummary[] = [];
  for (const [index, layer] of layers.entries()) {
    const name = `${label}, layer ${index + 1} (${layer.digest})`;
    const entries = read.get(layer.digest) ?? (await image.withLayer(layer, tar => readBaseLayer(tar, name)));
    read.set(layer.digest, entries);
    summaries.push({ name, summary: { version: 1, owners: [], entries } });
  }
  const { config: settings = {}, ...platform } = config;
  return metadataOf(imageFiles(summaries), {
    platform: [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/'),
    user: settings?.User || 'root',
    env: Object.fromEntries((settings?.Env ?? []).map(line => [line.split('=', 1)[0]!, afterEquals(line)])),
    ...(settings?.WorkingDir && { workdir: settings.WorkingDir }),
    ...(settings?.Entrypoint?.length && { entrypoint: settings.Entrypoint }),
    ...(settings?.Cmd?.length && { cmd: settings.Cmd }),
    layers: layers.map(({ mediaType, digest, size }, index) => ({
      mediaType,
      digest,
      size,
      diffID: config.rootfs.diff_ids[index]!,
    })),
  });
}

type Settings = Pick<BaseMetadata, 'platform' | 'user' | 'env' | 'workdir' | 'entrypoint' | 'cmd' | 'layers'>;

function metadataOf(files: ImageFiles, settings: Settings): BaseMetadata {
  const debian = debianOf(files);
  const packages = packagesOf(files, settings.env);
  const venv = venvOf(files, settings.env);
  const glibc = glibcOf(files);
  return baseMetadataSchema.parse({
    v: 1,
    ...settings,
    os: osOf(files),
    ...(glibc !== undefined && { glibc }),
    debian,
    pythons: pythonsOf(files, debian),
    ...(venv !== undefined && { venv }),
    packages,
    ...cudaOf(files, debian, packages, settings.env),
  });
}

const strings = z.array(z.string()).nullish();
const configSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  config: z
    .object({
      User: z.string().nullish(),
      WorkingDir: z.string().nullish(),
      Env: strings,
      Entrypoint: strings,
      Cmd: strings,
    })
    .nullish(),
  rootfs: z.object({ diff_ids: z.array(digestSchema) }),
});

function parseConfig(label: string, bytes: Uint8Array, layers: number): z.infer<typeof configSchema> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    value = undefined;
  }
  const parsed = configSchema.safeParse(value);
  const fault = parsed.success
    ? parsed.data.rootfs.diff_ids.length === layers
      ? undefined
      : `it names ${parsed.data.rootfs.diff_ids.length} layers, and the manifest ${layers}`
    : z.prettifyError(parsed.error);
  if (parsed.success && fault === undefined) return parsed.data;
  throw new CogpackError('model/config', `${label}: its config is not an image's: ${fault}`);
}

function afterEquals(line: string): string {
  return line.includes('=') ? line.slice(line.indexOf('=') + 1) : '';
}

/** os-release(5): `NAME=value`, with or without quotes. */
function osOf(files: ImageFiles): BaseMetadata['os'] {
  const text = (files.file('etc/os-release') ?? files.file('usr/lib/os-release'))?.text ?? '';
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim()) ?? [];
    if (name !== undefined) fields.set(name, value!.replace(/^(["'])(.*)\1$/, '$2'));
  }
  const codename = fields.get('VERSION_CODENAME');
  return {
    id: fields.get('ID') ?? 'linux',
    version: fields.get('VERSION_ID') ?? '',
    ...(codename && { codename }),
  };
}

function glibcOf({ files }: ImageFiles): string | undefined {
  for (const [path, { text }] of files)
    if (text !== undefined && /^(?:usr\/)?lib(?:64)?(?:\/[^/]+)?\/libc(?:\.so\.6|-2\.\d+\.so)$/.test(path))
      return text;
  return undefined;
}

/** What dpkg counts as installed: its status, or a file for each package, as distroless images have it. */
function debianOf({ files }: ImageFiles): BaseMetadata['debian'] {
  const found = new Map<string, BaseMetadata['debian'][number]>();
  for (const [path, { text }] of files) {
    if (text === undefined || !/^var\/lib\/dpkg\/(?:status$|status\.d\/)/.test(path)) continue;
    for (const stanza of parseStanzas(text)) {
      const [name, version] = [stanza.get('package'), stanza.get('version')];
      const status = stanza.get('status') ?? 'install ok installed';
      if (name === undefined || version === undefined || !status.endsWith(' installed')) continue;
      const architecture = stanza.get('architecture') ?? 'all';
      found.set(`${name} ${architecture}`, { name, version, architecture });
    }
  }
  return sortedBy([...found.values()], ({ name, architecture }) => [name, architecture]);
}
