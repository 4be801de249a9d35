// Whose signatures on an archive count: those of Debian's archive keys (stdlib/facts/debian-keys.json), or of the keys
// in the keyring that $COGPACK_DEBIAN_KEYRING names, for a mirror that signs anew.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { CogpackError, messageOf } from '../../base/error.ts';
import { type PublicKey, readPublicKeys } from './openpgp.ts';

const keySchema = z.discriminatedUnion('kty', [
  z.object({ kty: z.literal('RSA'), n: z.string(), e: z.string() }),
  z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }),
]);
const factsSchema = z.object({
  keys: z.array(z.object({ fingerprint: z.string().regex(/^[0-9a-f]{40}$/), key: keySchema })),
});

/** Throws `debian/keyring` when the keyring that the environment names has no keys. */
export function archiveKeys(env: NodeJS.ProcessEnv): readonly PublicKey[] {
  const file = env.COGPACK_DEBIAN_KEYRING;
  if (file) return keysIn(file);
  const text = readFileSync(new URL('../../../stdlib/facts/debian-keys.json', import.meta.url), 'utf8');
  return factsSchema.parse(JSON.parse(text)).keys;
}

function keysIn(file: string): readonly PublicKey[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new CogpackError('debian/keyring', `cannot read the keyring ${file}: ${messageOf(cause)}`, {
      cause,
    });
  }
  const keys = readPublicKeys(bytes);
  if (keys.length > 0) return keys;
  throw new CogpackError(
    'debian/keyring',
    `${file} holds no OpenPGP public key (RSA or Ed25519, binary form)`,
    {
      hint: 'make it with: gpg --export KEY > FILE, and name it in COGPACK_DEBIAN_KEYRING',
    },
  );
}
