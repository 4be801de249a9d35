// A derivation: what to build, as plain data. Its canonical JSON is stored as a blob, and the sha256 of those
// bytes is its hash, so that `sha256sum` of the blob checks it. docs/hashing.md lists what enters a hash.
import { z } from 'zod';
import { canonicalJson, type Json } from '../base/canonical.ts';
import { type Digest, digestSchema, sha256 } from '../base/digest.ts';

const json: z.ZodType<Json> = z.json() as z.ZodType<Json>;

/** One output of another derivation. */
export const inputSchema = z.strictObject({ derivation: digestSchema, output: z.string() });
export type Input = z.infer<typeof inputSchema>;

// The fields are in the order of canonical JSON, which is then written without sorting.
export const derivationSchema = z.strictObject({
  args: z.record(z.string(), json),
  /** `name@version`; the version is raised whenever the builder's output for the same inputs changes. */
  builder: z.string().regex(/^[a-z][a-z-]*@[1-9][0-9]*$/),
  inputs: z.record(z.string(), z.array(inputSchema)),
  name: z.string().min(1),
  outputs: z.array(z.string()).min(1),
  /** `linux/amd64`, `linux/arm64`, or `any` for what is the same everywhere. */
  platform: z.string(),
  v: z.literal(1),
});
export type Derivation = z.infer<typeof derivationSchema>;

/** The bytes that are hashed and stored. */
export function derivationBytes(derivation: Derivation): string {
  return canonicalJson(derivation);
}

export function hashDerivation(derivation: Derivation): Digest {
  return sha256(derivationBytes(derivation));
}

/** The derivations that this one needs, each once. */
export function dependenciesOf(derivation: Derivation): Digest[] {
  return [...new Set(Object.values(derivation.inputs).flatMap(list => list.map(input => input.derivation)))];
}
