// Descriptors and manifests as image-spec defines them (descriptor.md, manifest.md, image-index.md), read from bytes
// that a registry or a caller gave: only what a transfer needs is looked at, and that is checked.
import { isDigest } from './digest.ts';
import { RegistryError } from './error.ts';

export type Descriptor = {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly artifactType?: string | undefined;
  readonly platform?: Readonly<Record<string, unknown>> | undefined;
  readonly urls?: readonly string[] | undefined;
};

/** What a manifest refers to. `subject` is named, never transferred with it. */
export type ManifestContent = {
  readonly mediaType: string;
  /** Configs and layers, each digest once, in order; those that may not be distributed left out. */
  readonly blobs: readonly Descriptor[];
  /** An index's manifests. */
  readonly manifests: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
};

export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

export function isManifestType(mediaType: string): boolean {
  return (Object.values(mediaTypes) as string[]).includes(mediaType);
}

/** The specification asks registries to take manifests of 4 MiB. */
export const maxManifestBytes = 4 << 20;

/** Throws `protocol`; `what` names the manifest in the message. */
export function parseManifest(
  bytes: Uint8Array,
  mediaType: string | undefined,
  what: string,
): ManifestContent {
  const value = parseObject(bytes, what);
  const stated = typeof value.mediaType === 'string' ? value.mediaType : undefined;
  if (stated !== undefined && mediaType !== undefined && stated !== mediaType) {
    throw bad(what, `it says it is ${stated}, but it is given as ${mediaType}`);
  }
  const type =
    stated ?? mediaType ?? (Array.isArray(value.manifests) ? mediaTypes.index : mediaTypes.manifest);
  if (!isManifestType(type)) throw bad(what, `its media type is ${type}`);
  if (value.schemaVersion !== 2) throw bad(what, 'its schemaVersion is not 2');
  const isIndex = type === mediaTypes.index || type === mediaTypes.dockerList;
  const layers = isIndex ? [] : descriptors(value.layers, `${what}: layers`);
  const blobs = isIndex ? [] : [descriptor(value.config, `${what}: config`), ...layers];
  const subject = value.subject === undefined ? undefined : descriptor(value.subject, `${what}: subject`);
  const artifactType =
    typeof value.artifactType === 'string' && value.artifactType !== '' ? value.artifactType : undefined;
  return {
    mediaType: type,
    blobs: unique(blobs.filter(isDistributable)),
    manifests: isIndex ? unique(descriptors(value.manifests, `${what}: manifests`)) : [],
    subject,
    artifactType: artifactType ?? (isIndex ? undefined : blobs[0]?.mediaType),
    annotations: isRecord(value.annotations) ? (value.annotations as Record<string, string>) : undefined,
  };
}

function isDistributable({ mediaType, urls }: Descriptor): boolean {
  return urls === undefined || !/nondistributable|foreign/.test(mediaType);
}

function unique(list: readonly Descriptor[]): Descriptor[] {
  return [...new Map(list.map(each => [each.digest, each])).values()];
}

function descriptors(value: unknown, what: string): Descriptor[] {
  if (!Array.isArray(value)) throw bad(what, 'expected a list of descriptors');
  return value.map((each, index) => descriptor(each, `${what}[${index}]`));
}

/** Checks one descriptor of outside data. Throws `protocol`. */
export function descriptor(value: unknown, what: string): Descriptor {
  if (!isRecord(value)) throw bad(what, 'expected a descriptor');
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isDigest(digest)) {
    throw bad(what, 'a descriptor has a mediaType and a digest');
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw bad(what, 'its size is not a number of bytes');
  return value as unknown as Descriptor;
}

function parseObject(bytes: Uint8Array, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isRecord(value)) return value;
  } catch (error) {
    throw bad(what, 'it is not JSON', error);
  }
  throw bad(what, 'it is not a JSON object');
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bad(what: string, why: string, cause?: unknown): RegistryError {
  return new RegistryError('protocol', `${what}: ${why}`, { cause });
}
