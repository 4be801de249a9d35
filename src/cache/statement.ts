// What a key vouches for: that a derivation, built by this version of its builder, gives these outputs. The canonical
// JSON of it is signed with a prefix that no other kind of message has, and travels as those very bytes.
import { z } from 'zod';
import { canonicalJson } from '../base/canonical.ts';
import { type Digest, descriptorSchema, digestSchema } from '../base/digest.ts';
import type { Derivation } from '../graph/derivation.ts';
import type { Outputs } from '../store/realisations.ts';
import { isSignedBy, type PrivateKey, type PublicKey, signBytes } from './keys.ts';

export const realisationMediaType = 'application/vnd.cogpack.realisation.v1+json';

const statementSchema = z.strictObject({
  builder: z.string(),
  derivation: digestSchema,
  outputs: z.record(z.string(), descriptorSchema),
  v: z.literal(1),
});

const signedSchema = z.strictObject({
  /** The signer's name, by which its key is found among the trusted ones. */
  key: z.string().max(64),
  /** Base64. */
  signature: z.string(),
  /** The statement's canonical JSON. */
  statement: z.string(),
});

const context = 'cogpack realisation v1\0';

/** The bytes of a signed realisation; the same key and the same outputs give the same bytes. */
export function signRealisation(
  derivation: Digest,
  { builder }: Derivation,
  outputs: Outputs,
  key: PrivateKey,
): string {
  const statement = canonicalJson({ builder, derivation, outputs, v: 1 });
  const signature = signBytes(key, message(statement)).toString('base64');
  return canonicalJson({ key: key.name, signature, statement });
}

export type Verified =
  | { readonly outputs: Outputs }
  /** Why it is not accepted, as the end of a sentence. `kind` is the same for what has one cure. */
  | { readonly refused: string; readonly kind: string };

/** Accepts a realisation only of the derivation that was asked for, under a trusted key's signature. */
export function verifyRealisation(
  bytes: Uint8Array,
  digest: Digest,
  derivation: Derivation,
  trusted: ReadonlyMap<string, PublicKey>,
): Verified {
  const signed = parse(signedSchema, Buffer.from(bytes).toString('utf8'));
  if (signed === undefined) return { refused: 'it is not signed', kind: 'unsigned' };
  const key = trusted.get(signed.key);
  if (key === undefined) {
    const refused = `it is signed by the key ${JSON.stringify(signed.key)}, which is not trusted`;
    return { refused, kind: `key ${signed.key}` };
  }
  if (!isSignedBy(key, message(signed.statement), Buffer.from(signed.signature, 'base64'))) {
    return { refused: `its signature is not one of the trusted key ${key.name}`, kind: 'signature' };
  }
  const statement = parse(statementSchema, signed.statement);
  if (statement === undefined || canonicalJson(statement) !== signed.statement) {
    return { refused: 'what is signed is not a statement about a realisation', kind: 'statement' };
  }
  if (statement.derivation !== digest) {
    return { refused: `it is one of ${statement.derivation}`, kind: 'derivation' };
  }
  if (statement.builder !== derivation.builder) {
    return { refused: `it was built by ${statement.builder}`, kind: 'builder' };
  }
  const names = Object.keys(statement.outputs).sort();
  if (names.join('\n') !== [...derivation.outputs].sort().join('\n')) {
    return { refused: `its outputs are ${names.join(', ') || 'none'}`, kind: 'outputs' };
  }
  return { outputs: statement.outputs };
}

function message(statement: string): Buffer {
  return Buffer.from(`${context}${statement}`);
}

function parse<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    const result = schema.safeParse(JSON.parse(text));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}
