// Keys and clear-signed texts of one's own, in OpenPGP's form (RFC 9580): what an archive's owner makes with gpg.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export type Signer = {
  /** The public key as a keyring file holds it. */
  readonly keyring: Buffer;
  readonly fingerprint: string;
  readonly clearSign: (text: string) => string;
};

const packet = (tag: number, body: Buffer) =>
  Buffer.concat([Buffer.from([0xc0 | tag, 0xff]), word(body.length), body]);
const word = (value: number) =>
  Buffer.from([value >>> 24, value >>> 16, value >>> 8, value].map(byte => byte & 0xff));
const half = (value: number) => Buffer.from([value >> 8, value & 0xff]);

/** A multiprecision integer. */
function integer(bytes: Buffer): Buffer {
  const start = bytes.findIndex(byte => byte !== 0);
  const plain = bytes.subarray(start < 0 ? bytes.length : start);
  const bits = plain.length === 0 ? 0 : plain.length * 8 - Math.clz32(plain[0]!) + 24;
  return Buffer.concat([half(bits), plain]);
}

export function makeSigner(kind: 'rsa' | 'ed25519'): Signer {
  const { publicKey, privateKey } =
    kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
  const algorithm = kind === 'rsa' ? 1 : 22;
  const body = Buffer.concat([Buffer.from([4]), word(1), Buffer.from([algorithm]), materialOf(publicKey)]);
  const fingerprint = createHash('sha1')
    .update(Buffer.concat([Buffer.from([0x99]), half(body.length), body]))
    .digest();
  return {
    keyring: packet(6, body),
    fingerprint: fingerprint.toString('hex'),
    clearSign: text => clearSigned(text, signature(text, algorithm, fingerprint, privateKey)),
  };
}

function materialOf(key: KeyObject): Buffer {
  const { n = '', e = '', x = '' } = key.export({ format: 'jwk' });
  const bytes = (text: string) => Buffer.from(text, 'base64url');
  if (n !== '') return Buffer.concat([integer(bytes(n)), integer(bytes(e))]);
  const point = Buffer.concat([Buffer.from([0x40]), bytes(x)]);
  return Buffer.concat([Buffer.from('092b06010401da470f01', 'hex'), integer(point)]);
}

function signature(text: string, algorithm: number, fingerprint: Buffer, key: KeyObject): Buffer {
  const issuer = Buffer.concat([Buffer.from([22, 33, 4]), fingerprint]);
  const hashed = Buffer.concat([Buffer.from([4, 1, algorithm, 10]), half(issuer.length), issuer]);
  const lines = text.replace(/\n$/, '').split('\n');
  const canonical = Buffer.from(lines.map(line => line.replace(/[ \t\r]+$/, '')).join('\r\n'));
  const signed = Buffer.concat([canonical, hashed, Buffer.from([4, 0xff]), word(hashed.length)]);
  const value =
    algorithm === 1
      ? sign('sha512', signed, key)
      : sign(null, createHash('sha512').update(signed).digest(), key);
  const integers = algorithm === 1 ? [value] : [value.subarray(0, 32), value.subarray(32)];
  return packet(2, Buffer.concat([hashed, half(0), half(0), ...integers.map(integer)]));
}

function clearSigned(text: string, signature: Buffer): string {
  const escaped = text.replace(/\n$/, '').replace(/^-/gm, '- -');
  return `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${escaped}\n-----BEGIN PGP SIGNATURE-----\n\n${signature.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END PGP SIGNATURE-----\n`;
}
