// /etc/ssl/certs held against update-ca-certificates and openssl, run on the authorities of this machine in a folder
// of its own.
import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Authority, certificateFiles } from '../../src/formats/certificates.ts';
import { subjectHash } from '../../src/formats/subject-hash.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-certificates-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const installed = '/usr/share/ca-certificates';
const hasTools =
  existsSync(`${installed}/mozilla`) &&
  spawnSync('openssl', ['version']).status === 0 &&
  existsSync('/usr/sbin/update-ca-certificates');

function authorities(): Authority[] {
  return readdirSync(`${installed}/mozilla`)
    .filter(name => name.endsWith('.crt'))
    .map(name => ({ path: `mozilla/${name}`, pem: readFileSync(`${installed}/mozilla/${name}`) }));
}

test.skipIf(!hasTools)('the folder is as update-ca-certificates makes it', () => {
  const { list, bundle, links } = certificateFiles(authorities().reverse());
  const [certs, hooks, local] = ['certs', 'hooks', 'local'].map(name => join(dir, name));
  for (const folder of [certs, hooks, local]) mkdirSync(folder!);
  writeFileSync(join(dir, 'ca-certificates.conf'), list);
  execFileSync('update-ca-certificates', [
    ...['--certsconf', join(dir, 'ca-certificates.conf'), '--certsdir', installed],
    ...['--localcertsdir', local!, '--etccertsdir', certs!, '--hooksdir', hooks!],
  ]);
  const theirs = readdirSync(certs!).sort();
  expect(links.length).toBeGreaterThan(200);
  expect(readFileSync(join(certs!, 'ca-certificates.crt')).equals(bundle)).toBe(true);
  expect(links.map(({ name, target }) => `${name} -> ${target}`).sort()).toEqual(
    theirs
      .filter(name => lstatSync(join(certs!, name)).isSymbolicLink())
      .map(name => `${name} -> ${readlinkSync(join(certs!, name))}`)
      .sort(),
  );
});

const subjects: readonly (readonly [string, string, string[]])[] = [
  ['text with white space and capitals', '/C=DE/O=  Two   Words /CN=EXAMPLE Ab', []],
  ['letters beyond ASCII', '/CN=Főtanúsítvány ÄÖÜ', ['-utf8']],
  ['several values in one set', '/CN=b+OU=a+O=Z/C=FR', ['-multivalue-rdn']],
  ['more than 127 bytes', `/O=${'long name '.repeat(6)}/OU=${'x'.repeat(60)}/CN=${'y'.repeat(60)}`, []],
  ['a mail address', '/emailAddress=Someone@Example.org/CN=x', []],
];

test.skipIf(!hasTools).for(subjects)(
  'the hash of a subject with %s is that of openssl',
  ([, subject, more]) => {
    for (const kind of ['utf8only', 'nombstr', 'pkix']) {
      const config = join(dir, 'openssl.cnf');
      writeFileSync(config, `[req]\nstring_mask=${kind}\ndistinguished_name=dn\n[dn]\n`);
      const request = [
        'req',
        '-x509',
        '-config',
        config,
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
      ];
      const rest = ['-nodes', '-keyout', join(dir, 'key'), '-days', '1', '-subj', subject, ...more];
      const made = spawnSync('openssl', [...request, ...rest], { encoding: 'utf8' });
      if (kind === 'nombstr' && made.status !== 0) continue; // it cannot hold every letter
      const pem = made.stdout;
      const hash = execFileSync('openssl', ['x509', '-noout', '-subject_hash'], {
        input: pem,
        encoding: 'utf8',
      });
      expect(subjectHash(new X509Certificate(pem).raw)).toBe(hash.trim());
    }
  },
);

test('a bundle, and what is no certificate, is in the bundle and has no hash', () => {
  const text = { path: 'b/no certificate, (really).crt', pem: Buffer.from('nothing') };
  const { bundle, links, list } = certificateFiles([text]);
  expect(bundle.toString()).toBe('nothing\n');
  expect(links).toEqual([
    {
      name: 'no_certificate__=really=.pem',
      target: '/usr/share/ca-certificates/b/no certificate, (really).crt',
    },
  ]);
  expect(list).toMatch(/\nb\/no certificate, \(really\)\.crt\n$/);
  expect(subjectHash(Buffer.from('nothing'))).toBeUndefined();
});
