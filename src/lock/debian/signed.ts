// Clear-signed texts, as InRelease files are (RFC 9580, 7): the text is given out only when a known key has signed it.
import { isSignedBy, type PublicKey, readSignatures } from './openpgp.ts';

export type Verified =
  | { readonly text: string }
  /** Why it is not to be trusted, for a message that names the file. */
  | { readonly fault: string };

/** The text inside as it was signed, and nothing of what stands around it. Every signature by a known key must hold. */
export function verifiedText(message: string, keys: readonly PublicKey[]): Verified {
  const found = partsOf(message);
  if (found === undefined) return { fault: 'it is not a clear-signed text' };
  const bytes = canonical(found.text);
  const signatures = readSignatures(found.signatures).filter(({ type }) => type === textSignature);
  const known = signatures.flatMap(signature => {
    const key = keys.find(({ fingerprint }) => fingerprint.endsWith(signature.issuer));
    return key === undefined ? [] : [{ signature, key }];
  });
  if (known.length === 0) {
    const issuers = signatures.map(({ issuer }) => issuer.toUpperCase()).join(', ');
    return {
      fault:
        issuers === '' ? 'it has no signature that can be read' : `it is signed by unknown keys: ${issuers}`,
    };
  }
  const bad = known.find(({ signature, key }) => !isSignedBy(key, signature, bytes));
  return bad === undefined
    ? { text: bytes.toString('utf8').replaceAll('\r\n', '\n') }
    : { fault: `it is not what the key ${bad.key.fingerprint.toUpperCase()} has signed` };
}

const textSignature = 1;
const start = /^-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:[A-Za-z]+: [^\n]*\n)*\r?\n/;
const middle = /\r?\n(?=-----BEGIN PGP SIGNATURE-----)/;

/** The text without its dash escapes, and the armor after it. */
function partsOf(message: string): { readonly text: string; readonly signatures: string } | undefined {
  const head = start.exec(message);
  const rest = head === null ? '' : message.slice(head[0].length);
  const end = middle.exec(rest);
  if (end === null) return undefined;
  return { text: rest.slice(0, end.index).replace(/^- /gm, ''), signatures: rest.slice(end.index) };
}

/** As it was signed: without white space at the ends of lines, which end in CRLF. */
function canonical(text: string): Buffer {
  return Buffer.from(
    text
      .split('\n')
      .map(line => line.replace(/[ \t\r]+$/, ''))
      .join('\r\n'),
  );
}
