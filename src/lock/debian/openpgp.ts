// As much of OpenPGP (RFC 4880, RFC 9580) as Debian's archives use: public keys and signatures of version 4, RSA and
// Ed25519, SHA-2. Reads packets; `signed.ts` says what they are good for. Texts that are no OpenPGP give fewer packets.
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

export type PublicKey = {
  /** 40 hexadecimal digits. */
  readonly fingerprint: string;
  readonly key: PublicJwk;
};
export type PublicJwk =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string };

export type Signature = {
  /** The signing key's fingerprint, or the last 16 digits of it where no more is stated. */
  readonly issuer: string;
  /** 1: over a text, its lines ended by CRLF. */
  readonly type: number;
  readonly algorithm: number;
  readonly hash: string;
  /** What is hashed after the text: the signature's own facts. */
  readonly trailer: Buffer;
  readonly numbers: readonly Buffer[];
};

type Packet = { readonly tag: number; readonly body: Buffer };

const tags = { signature: 2, publicKey: 6, publicSubkey: 14 } as const;
const algorithms = { rsa: 1, eddsa: 22, ed25519: 27 } as const;
const hashes: Readonly<Record<number, string>> = { 8: 'sha256', 9: 'sha384', 10: 'sha512' };
const ed25519Oid = Buffer.from('092b06010401da470f01', 'hex');

/** Every key and subkey of a keyring, in binary form, that one of these algorithms is for. */
export function readPublicKeys(keyring: Buffer): PublicKey[] {
  return packetsOf(keyring).flatMap(({ tag, body }) => {
    if (tag !== tags.publicKey && tag !== tags.publicSubkey) return [];
    const key = body[0] === 4 ? keyOf(body) : undefined;
    return key === undefined ? [] : [{ fingerprint: fingerprintOf(body), key }];
  });
}

/** The signatures of version 4 in an armored block, those with unknown algorithms left out. */
export function readSignatures(armored: string): Signature[] {
  return packetsOf(unarmored(armored)).flatMap(({ tag, body }) => {
    const signature = tag === tags.signature && body[0] === 4 ? signatureOf(body) : undefined;
    return signature === undefined ? [] : [signature];
  });
}

/** Is it this key's signature over these bytes? */
export function isSignedBy({ key }: PublicKey, signature: Signature, bytes: Buffer): boolean {
  const { algorithm, hash, trailer, numbers } = signature;
  const signed = Buffer.concat([bytes, trailer]);
  const publicKey: KeyObject = createPublicKey({ key: { ...key }, format: 'jwk' });
  if (key.kty === 'RSA') {
    const size = Buffer.from(key.n, 'base64url').length;
    return (
      algorithm === algorithms.rsa &&
      numbers.length === 1 &&
      verify(hash, signed, publicKey, padded(numbers[0]!, size))
    );
  }
  const digest = createHash(hash).update(signed).digest();
  const value = Buffer.concat(
    numbers.map(number => padded(number, algorithm === algorithms.eddsa ? 32 : 64)),
  );
  return algorithm !== algorithms.rsa && value.length === 64 && verify(null, digest, publicKey, value);
}

/** Packet headers of both forms (RFC 9580, 4.2), whole lengths only: keys and signatures have no others. */
function packetsOf(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = headerAt(bytes, at);
    if (header === undefined || header.end > bytes.length) break;
    packets.push({ tag: header.tag, body: bytes.subarray(header.start, header.end) });
    at = header.end;
  }
  return packets;
}

function headerAt(bytes: Buffer, at: number): { tag: number; start: number; end: number } | undefined {
  const first = bytes[at]!;
  if ((first & 0x80) === 0) return undefined;
  if ((first & 0x40) !== 0) {
    const length = lengthAt(bytes, at + 1);
    return length && { tag: first & 0x3f, start: length.next, end: length.next + length.value };
  }
  const width = 1 << (first & 3);
  if (width > 4 || at + 1 + width > bytes.length) return undefined;
  const start = at + 1 + width;
  return { tag: (first >> 2) & 0xf, start, end: start + bytes.readUIntBE(at + 1, width) };
}

/** A length in one, two or five bytes. */
function lengthAt(bytes: Buffer, at: number): { value: number; next: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 192) return { value: first, next: at + 1 };
  if (first < 224 && at + 2 <= bytes.length) {
    return { value: ((first - 192) << 8) + bytes[at + 1]! + 192, next: at + 2 };
  }
  if (first === 255 && at + 5 <= bytes.length) return { value: bytes.readUInt32BE(at + 1), next: at + 5 };
  return undefined;
}

function keyOf(body: Buffer): PublicJwk | undefined {
  const algorithm = body[5];
  const material = body.subarray(6);
  if (algorithm === algorithms.rsa) {
    const [n, e] = numbersOf(material);
    if (n === undefined || e === undefined) return undefined;
    return { kty: 'RSA', n: n.toString('base64url'), e: e.toString('base64url') };
  }
  if (algorithm === algorithms.eddsa && material.subarray(0, ed25519Oid.length).equals(ed25519Oid)) {
    const [point] = numbersOf(material.subarray(ed25519Oid.length));
    return point?.length === 33 && point[0] === 0x40 ? ed25519(point.subarray(1)) : undefined;
  }
  return algorithm === algorithms.ed25519 && material.length === 32 ? ed25519(material) : undefined;
}

function ed25519(point: Buffer): PublicJwk {
  return { kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') };
}

function fingerprintOf(body: Buffer): string {
  const length = Buffer.from([0x99, body.length >> 8, body.length & 0xff]);
  return createHash('sha1').update(length).update(body).digest('hex');
}

/** Multiprecision integers: the number of bits in two bytes, then the number. */
function numbersOf(bytes: Buffer): Buffer[] {
  const numbers: Buffer[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const end = at + 2 + Math.ceil(bytes.readUInt16BE(at) / 8);
    if (end > bytes.length) break;
    numbers.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return numbers;
}

function signatureOf(body: Buffer): Signature | undefined {
  if (body.length < 10) return undefined;
  const [, type, algorithm, hashId] = body;
  const hash = hashes[hashId!];
  const hashedEnd = 6 + body.readUInt16BE(4);
  if (hash === undefined || hashedEnd + 2 > body.length) return undefined;
  const unhashedEnd = hashedEnd + 2 + body.readUInt16BE(hashedEnd);
  const issuer = issuerOf(body.subarray(6, hashedEnd)) ?? issuerOf(body.subarray(hashedEnd + 2, unhashedEnd));
  if (issuer === undefined || unhashedEnd + 2 > body.length) return undefined;
  // Two bytes of the hash, a quick check that proves nothing, stand before the numbers.
  const values = body.subarray(unhashedEnd + 2);
  const end = Buffer.from([4, 0xff, 0, 0, 0, 0]);
  end.writeUInt32BE(hashedEnd, 2);
  return {
    issuer,
    type: type!,
    algorithm: algorithm!,
    hash,
    trailer: Buffer.concat([body.subarray(0, hashedEnd), end]),
    numbers: algorithm === algorithms.ed25519 ? [values] : numbersOf(values),
  };
}

/** Subpackets 33 (issuer's fingerprint) and 16 (the end of it). */
function issuerOf(subpackets: Buffer): string | undefined {
  let short: string | undefined;
  for (let at = 0; at < subpackets.length; ) {
    const length = lengthAt(subpackets, at);
    if (length === undefined || length.value === 0) break;
    const kind = subpackets[length.next]! & 0x7f;
    const content = subpackets.subarray(length.next + 1, length.next + length.value);
    if (kind === 33 && content[0] === 4 && content.length === 21) return content.subarray(1).toString('hex');
    if (kind === 16 && content.length === 8) short = content.toString('hex');
    at = length.next + length.value;
  }
  return short;
}

/** Armor without its headers and its checksum, which says no more than the signature does. */
function unarmored(text: string): Buffer {
  const body =
    /-----BEGIN PGP SIGNATURE-----\r?\n(?:\S[^\n]*\n)*[ \t]*\r?\n([\s\S]*?)(?:\r?\n=|\r?\n-----END)/.exec(
      text,
    );
  return Buffer.from(body?.[1] ?? '', 'base64');
}

function padded(number: Buffer, size: number): Buffer {
  return number.length >= size ? number : Buffer.concat([Buffer.alloc(size - number.length), number]);
}
