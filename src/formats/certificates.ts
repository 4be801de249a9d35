// What ca-certificates leaves in /etc/ssl/certs of a fresh system (update-ca-certificates(8)), with all the
// authorities of the package trusted, as they are unless an administrator says otherwise: its list, a bundle of all,
// a link for each, and a link by the subject's hash for each (openssl-rehash(1)).
import { X509Certificate } from 'node:crypto';
import { comparePaths } from './paths.ts';
import { subjectHash } from './subject-hash.ts';

/** A file of /usr/share/ca-certificates, by its path below it, such as `mozilla/ACCVRAIZ1.crt`. */
export type Authority = { readonly path: string; readonly pem: Buffer };

export type CertificateFiles = {
  /** /etc/ca-certificates.conf. */
  readonly list: string;
  /** /etc/ssl/certs/ca-certificates.crt. */
  readonly bundle: Buffer;
  /** Names in /etc/ssl/certs and where they lead, ordered by name. */
  readonly links: readonly { readonly name: string; readonly target: string }[];
};

const folder = '/usr/share/ca-certificates';
const heading = `# The certificate authorities that are trusted, below ${folder};
# update-ca-certificates(8) makes /etc/ssl/certs of this list.
# A line that begins with ! names one that is not trusted.
`;

/** Authorities in any order. What is no single certificate has no link by its hash. */
export function certificateFiles(authorities: readonly Authority[]): CertificateFiles {
  const sorted = authorities.toSorted((a, b) => comparePaths(a.path, b.path));
  const named = new Map(sorted.map(authority => [linkName(authority.path), authority]));
  const hashed: { name: string; target: string }[] = [];
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  for (const target of [...named.keys()].sort(comparePaths)) {
    const certificate = onlyCertificate(named.get(target)!.pem);
    const hash = certificate && subjectHash(certificate.raw);
    if (certificate === undefined || hash === undefined || seen.has(certificate.fingerprint256)) continue;
    seen.add(certificate.fingerprint256);
    const count = counts.get(hash) ?? 0;
    counts.set(hash, count + 1);
    hashed.push({ name: `${hash}.${count}`, target });
  }
  const links = [...named].map(([name, { path }]) => ({ name, target: `${folder}/${path}` }));
  return {
    list: heading + sorted.map(({ path }) => `${path}\n`).join(''),
    bundle: Buffer.concat(sorted.flatMap(({ pem }) => [pem, Buffer.from(pem.at(-1) === 0x0a ? '' : '\n')])),
    links: [...links, ...hashed].sort((a, b) => comparePaths(a.name, b.name)),
  };
}

/** `mozilla/A (B), C.crt` → `A_=B=__C.pem`. */
function linkName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.crt$/, '');
  return `${name.replace(/[ ,]/g, '_').replace(/[()]/g, '=')}.pem`;
}

function onlyCertificate(pem: Buffer): X509Certificate | undefined {
  if (pem.toString('latin1').split('-----BEGIN ').length !== 2) return undefined;
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
