// Digests and descriptors as OCI image-spec names them: `sha256:<64 hex>` and {mediaType, digest, size}.
import type { Hash } from 'node:crypto';
import { z } from 'zod';

declare const brand: unique symbol;
export type Digest = `sha256:${string}` & { readonly [brand]: 'Digest' };

const pattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

export const digestSchema = z.custom<Digest>(value => typeof value === 'string' && isDigest(value), {
  message: 'expected sha256: and 64 hexadecimal digits',
});

export const descriptorSchema = z.strictObject({
  mediaType: z.string(),
  digest: digestSchema,
  size: z.number().int().nonnegative(),
  annotations: z.record(z.string(), z.string()).optional(),
});
/** OCI image-spec descriptor.md. `size` is in bytes. */
export type Descriptor = z.infer<typeof descriptorSchema>;

export function sha256(bytes: Uint8Array | string): Digest {
  return `sha256:${createSha256().update(bytes).digest('hex')}` as Digest;
}

/** A hash to update. Node's module is loaded when something is hashed first: many commands hash nothing. */
export function createSha256(): Hash {
  return process.getBuiltinModule('node:crypto').createHash('sha256');
}

/** The 64 hex digits of a digest. */
export function hexOf(digest: Digest): string {
  return digest.slice(7);
}

export function digestOfHex(hex: string): Digest {
  const digest = `sha256:${hex}`;
  if (!isDigest(digest)) throw new TypeError(`not a sha256 in hexadecimal: ${hex}`);
  return digest;
}
