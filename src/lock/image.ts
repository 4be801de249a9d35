// The lock kind `image`: a base image, fixed by its manifest's digest, and what it holds (base-image/metadata.ts). Its
// layers are read once; a registry's are kept in the store, where a realise finds them.
import { join } from 'node:path';
import { parseReference } from '@cogpack/registry-client';
import { z } from 'zod';
import { type DescribedBase, describeLocated } from '../base-image/find.ts';
import { locateModel } from '../model/locate.ts';
import type { ResolveContext } from './context.ts';

export const imageRequest = z.strictObject({
  kind: z.literal('image'),
  /** A registry's reference, or `oci:DIR[:TAG]` with a folder of the project. */
  reference: z.string().min(1),
  platform: z.string(),
});
export type ImageRequest = z.infer<typeof imageRequest>;

/** Throws as `describeLocated`, `model/not-found`, RegistryError. */
export async function resolveImage(
  { reference, platform }: ImageRequest,
  { project, store, signal }: ResolveContext,
): Promise<DescribedBase> {
  const located = reference.startsWith('oci:')
    ? locateModel(`oci:${join(project, reference.slice('oci:'.length))}`, store)
    : { kind: 'registry' as const, reference: parseReference(reference) };
  return describeLocated(located, { text: reference, store, platform, signal, keep: true });
}
