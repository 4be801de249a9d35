// The hash of a certificate's subject, by which OpenSSL finds a certificate authority in a folder (openssl-rehash(1);
// X509_NAME_hash): SHA-1 over the subject's canonical form. In it each text is UTF-8, in lower case (ASCII only), with
// white space trimmed and collapsed; other values stay as they are (X.509: RFC 5280 4.1; DER: X.690 8 and 10).
import { createHash } from 'node:crypto';

type Der = { readonly tag: number; readonly content: Buffer; readonly whole: Buffer };

const tags = { integer: 0x02, oid: 0x06, utf8: 0x0c, sequence: 0x30, set: 0x31, version: 0xa0 } as const;
/** Text types and how many bytes a character has: Printable, T61, IA5, Visible; BMP; Universal. */
const characterSize: Readonly<Record<number, 1 | 2 | 4>> = { 19: 1, 20: 1, 22: 1, 26: 1, 30: 2, 28: 4 };

/** Eight hexadecimal digits; undefined when the bytes are no X.509 certificate. */
export function subjectHash(certificate: Uint8Array): string | undefined {
  const [whole] = parse(Buffer.from(certificate));
  const [body] = whole?.tag === tags.sequence ? parse(whole.content) : [];
  const fields = body?.tag === tags.sequence ? parse(body.content) : [];
  // version, when stated; serial number, algorithm, issuer, validity, subject
  const subject = fields[fields[0]?.tag === tags.version ? 5 : 4];
  if (subject?.tag !== tags.sequence) return undefined;
  const canonical = Buffer.concat(parse(subject.content).map(canonicalSet));
  return createHash('sha1').update(canonical).digest().readUInt32LE(0).toString(16).padStart(8, '0');
}

function canonicalSet(set: Der): Buffer {
  const attributes = parse(set.content).map(({ content }) => {
    const [oid, value] = parse(content);
    return encode(
      tags.sequence,
      Buffer.concat([
        oid?.whole ?? Buffer.alloc(0),
        value === undefined ? Buffer.alloc(0) : canonicalValue(value),
      ]),
    );
  });
  return encode(tags.set, Buffer.concat(attributes.sort(Buffer.compare)));
}

function canonicalValue(value: Der): Buffer {
  const text = textOf(value);
  if (text === undefined) return value.whole;
  const collapsed = text.replace(/^[ \t-\r]+|[ \t-\r]+$/g, '').replace(/[ \t-\r]+/g, ' ');
  return encode(tags.utf8, Buffer.from(collapsed.replace(/[A-Z]+/g, upper => upper.toLowerCase())));
}

function textOf({ tag, content }: Der): string | undefined {
  if (tag === tags.utf8) return content.toString('utf8');
  const size = characterSize[tag];
  if (size === undefined || content.length % size !== 0) return undefined;
  let text = '';
  for (let at = 0; at < content.length; at += size) {
    const code = content.readUIntBE(at, size);
    if (code > 0x10ffff) return undefined;
    text += String.fromCodePoint(code);
  }
  return text;
}

/** The values that follow one another; none when a length does not fit. */
function parse(bytes: Buffer): Der[] {
  const values: Der[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at]!;
    let length = bytes[at + 1] ?? 0;
    let start = at + 2;
    if (length > 0x80) {
      const count = length - 0x80;
      if (count > 4 || start + count > bytes.length) return [];
      length = bytes.readUIntBE(start, count);
      start += count;
    }
    const end = start + length;
    if (end > bytes.length) return [];
    values.push({ tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return values;
}

function encode(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 + bytes.length]), bytes, content]);
}
