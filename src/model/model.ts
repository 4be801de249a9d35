// The Model: all that is known of a built image, read from its manifest and its configuration alone, so that it is the
// same from the store, a layout or a registry.
import { z } from 'zod';
import type { Json } from '../base/canonical.ts';
import type { Digest } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { type PastPiece, parsePiece } from '../plan/history.ts';
import { parseManifest } from '../store/manifest.ts';

export type Package = { readonly name: string; readonly version: string };

export type Model = {
  /** As it was asked for. */
  readonly name: string;
  readonly digest: string;
  readonly platforms: readonly string[];
  readonly user: string;
  readonly workdir: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Its Python, as `3.11`. */
  readonly python: string | undefined;
  readonly packages: readonly Package[];
  readonly debian: readonly Package[];
  /** The packages with the blocks that brought them and the sizes of their files, in the image's order. */
  readonly pieces: readonly PastPiece[];
  readonly cog: string | undefined;
  readonly gpu: boolean;
  /** The OpenAPI document of its server. */
  readonly schema: Json | undefined;
  readonly size: number;
  readonly layers: readonly { readonly digest: string; readonly size: number; readonly for: string }[];
  /** The derivations that this machine's store knows to give this image. */
  readonly derivations: readonly string[];
};

/** The labels that cogpack writes beside cog's. */
export const packagesLabel = 'cogpack.python.packages';
export const debianLabel = 'cogpack.debian.packages';
export const pythonLabel = 'cogpack.python.version';
export const piecesLabel = 'cogpack.pieces';
/** image-spec annotations.md. */
export const baseLabel = 'org.opencontainers.image.base.name';

const configSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  config: z
    .object({
      User: z.string().nullish(),
      WorkingDir: z.string().nullish(),
      Env: z.array(z.string()).nullish(),
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
    })
    .nullish(),
  history: z
    .array(z.object({ created_by: z.string().nullish(), empty_layer: z.boolean().nullish() }))
    .nullish(),
});

/** Throws `model/config` when the bytes are not an image's. */
export function readModel(
  name: string,
  digest: Digest,
  manifestBytes: Uint8Array,
  configBytes: Uint8Array,
  derivations: readonly string[],
): Model {
  const { layers } = parseManifest(manifestBytes);
  const parsed = configSchema.safeParse(json(configBytes));
  if (!parsed.success) {
    throw new CogpackError(
      'model/config',
      `${name}: its config is not an image's: ${z.prettifyError(parsed.error)}`,
    );
  }
  const { os, architecture, variant, config, history } = parsed.data;
  const labels = config?.Labels ?? {};
  const env = Object.fromEntries((config?.Env ?? []).map(line => splitAt(line, '=')));
  const lines = (history ?? []).filter(line => line.empty_layer !== true).map(line => line.created_by ?? '');
  const cogConfig = json(Buffer.from(labels['run.cog.config'] ?? '')) as
    | { build?: { python_version?: string; gpu?: boolean } }
    | undefined;
  return {
    name,
    digest,
    platforms: [[os, architecture, variant].filter(part => part !== undefined).join('/')],
    user: config?.User || 'root',
    workdir: config?.WorkingDir || '/',
    command: [...(config?.Entrypoint ?? []), ...(config?.Cmd ?? [])],
    env,
    ports: Object.keys(config?.ExposedPorts ?? {}),
    labels,
    python: labels[pythonLabel] ?? cogConfig?.build?.python_version,
    packages: packagesOf(labels[packagesLabel] ?? labels['run.cog.pip_freeze'], '=='),
    debian: packagesOf(labels[debianLabel], '='),
    pieces: piecesOf(labels[piecesLabel]),
    cog: labels['run.cog.version'],
    gpu: cogConfig?.build?.gpu === true || 'NVIDIA_REQUIRE_CUDA' in env,
    schema: json(Buffer.from(labels['run.cog.openapi_schema'] ?? '')) as Json | undefined,
    size: layers.reduce((sum, layer) => sum + layer.size, 0),
    layers: layers.map(({ digest, size }, index) => ({ digest, size, for: lines[index] ?? '' })),
    derivations,
  };
}

function packagesOf(text: string | undefined, separator: string): Package[] {
  return (text ?? '')
    .split('\n')
    .filter(line => line.includes(separator))
    .map(line => {
      const [name, version] = splitAt(line, separator);
      return { name, version };
    });
}

function piecesOf(text: string | undefined): PastPiece[] {
  return (text ?? '').split('\n').flatMap(line => parsePiece(line) ?? []);
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
