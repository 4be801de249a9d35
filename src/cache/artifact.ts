// A realisation in a registry: an OCI artifact (image-spec manifest.md, "Guidelines for Artifact Usage") under a tag
// that is made of the derivation's digest. Its layers are the signed realisation, inlined too so that one request gets
// it, and the blobs that the outputs consist of, so that the registry keeps them.
import { z } from 'zod';
import { canonicalJson } from '../base/canonical.ts';
import { type Descriptor, type Digest, digestSchema, hexOf, sha256 } from '../base/digest.ts';
import { manifestMediaType } from '../store/manifest.ts';
import { realisationMediaType } from './statement.ts';

const artifactType = 'application/vnd.cogpack.realisation.v1';
// image-spec "Guidance for an Empty Descriptor".
const emptyBytes = Buffer.from('{}');
const emptyConfig = {
  data: emptyBytes.toString('base64'),
  digest: sha256(emptyBytes),
  mediaType: 'application/vnd.oci.empty.v1+json',
  size: emptyBytes.length,
};
// An output's own type stands in the realisation. Registries treat manifests among layers in ways of their own.
const blobMediaType = 'application/octet-stream';

export type Artifact = {
  readonly manifest: string;
  readonly mediaType: string;
  /** What is made for it, to be uploaded with it. */
  readonly own: readonly { readonly descriptor: Descriptor; readonly bytes: Buffer }[];
};

export function tagOf(derivation: Digest): string {
  return `drv-${hexOf(derivation)}`;
}

/** `blobs`: all that the outputs consist of, each once. */
export function makeArtifact(realisation: string, blobs: readonly Descriptor[]): Artifact {
  const bytes = Buffer.from(realisation);
  const descriptor = { mediaType: realisationMediaType, digest: sha256(bytes), size: bytes.length };
  const { data: _, ...config } = emptyConfig;
  return {
    mediaType: manifestMediaType,
    manifest: canonicalJson({
      schemaVersion: 2,
      mediaType: manifestMediaType,
      artifactType,
      config: emptyConfig,
      layers: [
        { ...descriptor, data: bytes.toString('base64') },
        ...blobs.map(({ digest, size }) => ({ mediaType: blobMediaType, digest, size })),
      ],
    }),
    own: [
      { descriptor, bytes },
      { descriptor: config, bytes: emptyBytes },
    ],
  };
}

const artifactSchema = z.object({
  artifactType: z.literal(artifactType),
  layers: z.tuple(
    [z.object({ mediaType: z.literal(realisationMediaType), digest: digestSchema, data: z.base64() })],
    z.unknown(),
  ),
});

/** The bytes of the realisation in an artifact's manifest, or undefined when there is none. They are yet to be verified. */
export function realisationIn(manifest: Uint8Array): Buffer | undefined {
  try {
    const found = artifactSchema.safeParse(JSON.parse(Buffer.from(manifest).toString('utf8')));
    return found.success ? Buffer.from(found.data.layers[0].data, 'base64') : undefined;
  } catch {
    return undefined;
  }
}
