// OCI image manifests (image-spec manifest.md), as far as the store needs to read them.
import { z } from 'zod';
import { type Descriptor, descriptorSchema } from '../base/digest.ts';

export const manifestMediaType = 'application/vnd.oci.image.manifest.v1+json';

const manifestSchema = z.object({ config: descriptorSchema, layers: z.array(descriptorSchema) });
export type Manifest = z.infer<typeof manifestSchema>;

/** Throws when the bytes are not an image manifest. */
export function parseManifest(bytes: Uint8Array): Manifest {
  return manifestSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
}

/** The config and the layers. */
export function blobsOfManifest(bytes: Uint8Array): Descriptor[] {
  const { config, layers } = parseManifest(bytes);
  return [config, ...layers];
}
