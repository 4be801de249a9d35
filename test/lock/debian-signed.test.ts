import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { archiveKeys } from '../../src/lock/debian/keys.ts';
import { readPublicKeys, readSignatures } from '../../src/lock/debian/openpgp.ts';
import { verifiedText } from '../../src/lock/debian/signed.ts';
import { makeSigner } from './openpgp-fixture.ts';

const text = 'Codename: bookworm\n- item  \n-----BEGIN nothing\n\nlast: line\n';
const trimmed = 'Codename: bookworm\n- item\n-----BEGIN nothing\n\nlast: line';
const other = makeSigner('ed25519');

describe.each(['rsa', 'ed25519'] as const)('a text signed with %s', kind => {
  const signer = makeSigner(kind);
  const keys = readPublicKeys(signer.keyring);
  const message = signer.clearSign(text);

  test('is given out as it was signed', () => {
    expect(keys.map(({ fingerprint }) => fingerprint)).toEqual([signer.fingerprint]);
    expect(verifiedText(message, keys)).toEqual({ text: trimmed });
    expect(verifiedText(message.replaceAll('\n', '\r\n'), keys)).toEqual({ text: trimmed });
  });

  test('is refused when one character of it is another', () => {
    const start = message.indexOf('Codename');
    fc.assert(
      fc.property(fc.integer({ min: start, max: message.indexOf('last') + 9 }), at => {
        const changed = message[at] === 'x' ? 'y' : 'x';
        const found = verifiedText(message.slice(0, at) + changed + message.slice(at + 1), keys);
        expect(found).toHaveProperty('fault');
      }),
      { numRuns: 40 },
    );
  });

  test('is refused with another text around the signature, or with none', () => {
    const [, signature = ''] = message.split(/(?=-----BEGIN PGP SIGNATURE)/);
    const [head = ''] = other.clearSign('Codename: evil\n').split(/(?=-----BEGIN PGP SIGNATURE)/);
    expect(verifiedText(head + signature, keys)).toEqual({
      fault: `it is not what the key ${signer.fingerprint.toUpperCase()} has signed`,
    });
    expect(verifiedText(head, keys)).toHaveProperty('fault');
    expect(verifiedText(`Codename: evil\n${message}`, keys)).toHaveProperty('fault');
    expect(verifiedText(`${message}Codename: evil\n`, keys)).toEqual({ text: trimmed });
  });

  test('is refused when only unknown keys have signed it', () => {
    expect(verifiedText(message, readPublicKeys(other.keyring))).toEqual({
      fault: `it is signed by unknown keys: ${signer.fingerprint.toUpperCase()}`,
    });
  });
});

test('any bytes are read as some keys and some signatures, without an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      readPublicKeys(Buffer.from(bytes));
      const armor = `-----BEGIN PGP SIGNATURE-----\n\n${Buffer.from(bytes).toString('base64')}\n-----END`;
      for (const signature of readSignatures(armor)) expect(signature.issuer).toMatch(/^[0-9a-f]+$/);
    }),
  );
});

test("Debian's keys are pinned, and a keyring that is named takes their place", () => {
  expect(archiveKeys({}).length).toBeGreaterThan(5);
  const folder = mkdtempSync(join(tmpdir(), 'cogpack-keys-'));
  try {
    const file = join(folder, 'keyring.gpg');
    writeFileSync(file, other.keyring);
    expect(archiveKeys({ COGPACK_DEBIAN_KEYRING: file })).toMatchObject([{ fingerprint: other.fingerprint }]);
    writeFileSync(file, 'no key');
    expect(() => archiveKeys({ COGPACK_DEBIAN_KEYRING: file })).toThrowError(
      expect.objectContaining({ code: 'debian/keyring' }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const hasGpg = spawnSync('gpg', ['--version']).status === 0;
test.runIf(hasGpg).each(['rsa3072', 'ed25519'])('what gpg signs with %s is taken for signed', algorithm => {
  const home = mkdtempSync(join(tmpdir(), 'cogpack-gpg-'));
  const gpg = (args: readonly string[], input = '') =>
    execFileSync(
      'gpg',
      ['--homedir', home, '--batch', '--passphrase', '', '--pinentry-mode', 'loopback', ...args],
      {
        input,
        stdio: 'pipe',
      },
    );
  try {
    gpg(['--quick-generate-key', 'archive@example.org', algorithm, 'sign', 'never']);
    const keys = readPublicKeys(gpg(['--export']));
    const message = gpg(['--clear-sign', '--digest-algo', 'SHA512'], text).toString('utf8');
    expect(verifiedText(message, keys)).toEqual({ text: trimmed });
    expect(verifiedText(message.replace('bookworm', 'trixie'), keys)).toHaveProperty('fault');
  } finally {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(home, { recursive: true, force: true });
  }
});
