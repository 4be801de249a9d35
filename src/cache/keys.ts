// Keys that realisations are signed with: ed25519 (RFC 8032). A public key is one line, `name:base64` of its 32 bytes;
// a private key is PKCS#8 in PEM (RFC 8410, RFC 7468) with its name in a line before it, and is never printed.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { CogpackError, messageOf } from '../base/error.ts';

export type PublicKey = { readonly name: string; readonly key: KeyObject };
export type PrivateKey = { readonly name: string; readonly key: KeyObject };

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const rawBytes = 32;
// SubjectPublicKeyInfo of ed25519 is this, then the 32 bytes (RFC 8410 §4).
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** Throws `key/name`. */
export function checkKeyName(name: string): string {
  if (namePattern.test(name)) return name;
  throw new CogpackError('key/name', `"${name}" cannot be the name of a key`, {
    hint: 'a name has up to 64 letters, digits, ".", "_" and "-", a letter or digit first',
  });
}

/** A new pair; without a name it is called after its public key, so that no two are called the same. */
export function generateKey(name?: string): PrivateKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    name: name === undefined ? `key-${rawOf(publicKey).toString('hex', 0, 6)}` : checkKeyName(name),
    key: privateKey,
  };
}

export function publicKeyOf({ name, key }: PrivateKey): PublicKey {
  return { name, key: createPublicKey(key) };
}

/** The line that others trust. */
export function formatPublicKey({ name, key }: PublicKey): string {
  return `${name}:${rawOf(key).toString('base64')}`;
}

/** Reads `name:base64`. Throws `key/format`, `key/name`; `where` names the line's place. */
export function parsePublicKey(line: string, where = 'the key'): PublicKey {
  const [name = '', encoded = '', ...rest] = line.trim().split(':');
  const raw = Buffer.from(encoded, 'base64');
  if (rest.length > 0 || raw.length !== rawBytes || raw.toString('base64') !== encoded) {
    throw new CogpackError('key/format', `${where} is not a public key: "${shorten(line)}"`, {
      hint: 'a public key is a line name:base64, as cogpack key generate prints it',
    });
  }
  return {
    name: checkKeyName(name),
    key: createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' }),
  };
}

/** The content of a private key's file. */
export function formatPrivateKey({ name, key }: PrivateKey): string {
  return `name: ${name}\n${key.export({ format: 'pem', type: 'pkcs8' })}`;
}

/** Throws `key/format`; nothing of the content is in the message. */
export function parsePrivateKey(text: string, where: string): PrivateKey {
  const found = /^name: ([^\n]+)\n(-----BEGIN PRIVATE KEY-----\n.+)$/s.exec(text);
  try {
    if (found === null) throw new Error('it does not begin with a name and a PEM block');
    const key = createPrivateKey(found[2]!);
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is of type ${key.asymmetricKeyType}`);
    return { name: checkKeyName(found[1]!), key };
  } catch (error) {
    throw new CogpackError('key/format', `${where} is not a private key of cogpack: ${messageOf(error)}`, {
      hint: 'make one with cogpack key generate',
    });
  }
}

/** 64 bytes. */
export function signBytes({ key }: PrivateKey, bytes: Uint8Array): Buffer {
  return sign(null, bytes, key);
}

export function isSignedBy({ key }: PublicKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && verify(null, bytes, key, signature);
}

function rawOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length);
}

function shorten(line: string): string {
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}
