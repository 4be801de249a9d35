// Certificates for tests, made by openssl: authorities, and what they sign.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Certificate = {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
  /** Paths of files that hold them. */
  readonly certPath: string;
  readonly keyPath: string;
};

/** A certificate for a name (localhost and 127.0.0.1 too), signed by `issuer`, or by itself when there is none. */
export function makeCertificate(dir: string, name: string, issuer?: Certificate): Certificate {
  const [certPath, keyPath] = [join(dir, `${name}.pem`), join(dir, `${name}.key.pem`)];
  const args = [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},DNS:localhost,IP:127.0.0.1`],
    ...(issuer === undefined ? [] : ['-CA', issuer.certPath, '-CAkey', issuer.keyPath]),
    ...['-keyout', keyPath, '-out', certPath],
  ];
  execFileSync('openssl', args, { stdio: 'ignore' });
  return {
    cert: readFileSync(certPath, 'utf8'),
    key: readFileSync(keyPath, 'utf8'),
    certPath,
    keyPath,
  };
}
