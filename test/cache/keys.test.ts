import { createPublicKey } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  onlyPrivateKey,
  privateKeyFile,
  readPrivateKey,
  readTrustedKeys,
  trustKey,
  writePrivateKey,
} from '../../src/cache/key-files.ts';
import {
  formatPrivateKey,
  formatPublicKey,
  generateKey,
  isSignedBy,
  parsePrivateKey,
  parsePublicKey,
  publicKeyOf,
  signBytes,
} from '../../src/cache/keys.ts';
import { output } from '../support/cli.ts';
import { createUser, removeDir, temporaryDir } from './users.ts';

let dir: string;
beforeEach(() => {
  dir = temporaryDir();
});
afterEach(() => removeDir(dir));

describe('keys', () => {
  test('a pair survives being written and read', () => {
    const made = generateKey('team');
    const read = parsePrivateKey(formatPrivateKey(made), 'a file');
    const line = formatPublicKey(publicKeyOf(made));
    expect(line).toMatch(/^team:[A-Za-z0-9+/]{43}=$/);
    const message = Buffer.from('message');
    expect(isSignedBy(parsePublicKey(line), message, signBytes(read, message))).toBe(true);
    expect(isSignedBy(parsePublicKey(line), Buffer.from('massage'), signBytes(read, message))).toBe(false);
  });

  test('RFC 8032 test 2: the public key and signature of a known secret', () => {
    const seed = '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb';
    const der = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex').toString('base64');
    const key = parsePrivateKey(
      `name: rfc\n-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`,
      'a file',
    );
    const raw = createPublicKey(key.key).export({ format: 'der', type: 'spki' }).subarray(-32);
    expect(raw.toString('hex')).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
    expect(signBytes(key, Buffer.from([0x72])).toString('hex')).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
  });

  test('openssl reads the private key, whose name it passes over', async () => {
    const file = join(dir, 'a.key');
    const made = generateKey('team');
    writePrivateKey(made, file);
    const pem = await output('openssl', ['pkey', '-in', file, '-pubout']);
    expect(pem).toBe(createPublicKey(made.key).export({ format: 'pem', type: 'spki' }));
  });

  test('no text but a public key is read as one', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z]{1,5}:[A-Za-z0-9+/=]{0,60}$/)), line => {
        try {
          expect(formatPublicKey(parsePublicKey(line))).toBe(line.trim());
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^key\/(format|name)$/) });
        }
      }),
    );
  });

  test('what is wrong with a private key is told without a word of it', () => {
    const text = formatPrivateKey(generateKey('team'));
    const broken = text.replace('BEGIN', 'BEGUN');
    const secret = text.split('\n')[2]!;
    expect(() => parsePrivateKey(broken, 'f.key')).toThrow('f.key is not a private key');
    try {
      parsePrivateKey(text.replace(secret, `${secret.slice(0, 20)}!${secret.slice(21)}`), 'f.key');
    } catch (error) {
      expect(String(error)).not.toContain(secret.slice(0, 10));
    }
  });
});

describe('key files', () => {
  test('a private key is readable by its owner alone, and is not replaced', () => {
    const file = privateKeyFile(dir, 'team');
    writePrivateKey(generateKey('team'), file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const before = readFileSync(file, 'utf8');
    expect(() => writePrivateKey(generateKey('team'), file)).toThrow('is there already');
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  test('a private key that others may read is not used', () => {
    const file = privateKeyFile(dir, 'team');
    writePrivateKey(generateKey('team'), file);
    chmodSync(file, 0o640);
    expect(() => readPrivateKey(file)).toThrow('may be read or written by others');
  });

  test('the only key is the one to sign with; of several one has to be chosen', () => {
    expect(() => onlyPrivateKey(dir)).toThrow('there is no key');
    writePrivateKey(generateKey('one'), privateKeyFile(dir, 'one'));
    expect(onlyPrivateKey(dir).name).toBe('one');
    writePrivateKey(generateKey('two'), privateKeyFile(dir, 'two'));
    expect(() => onlyPrivateKey(dir)).toThrow('there are several keys');
  });

  test('two keys of one name are not trusted both', () => {
    const first = publicKeyOf(generateKey('team'));
    expect(trustKey(dir, first)).toBe(true);
    expect(trustKey(dir, first)).toBe(false);
    expect(() => trustKey(dir, publicKeyOf(generateKey('team')))).toThrow(
      'another key called team is trusted',
    );
    expect([...readTrustedKeys(dir).keys()]).toEqual(['team']);
  });
});

test('cogpack key makes, trusts and lists keys, and prints nothing private', async () => {
  const user = createUser(dir, 'a');
  const made = await user.cogpack(['key', 'generate']);
  expect(made).toEqual({ code: 0, stdout: expect.stringMatching(/^key-[0-9a-f]{12}:.{44}\n$/), stderr: '' });
  const other = await user.cogpack([
    'key',
    'generate',
    '--name',
    'other',
    '--key',
    join(dir, 'elsewhere.key'),
  ]);
  expect(existsSync(join(dir, 'elsewhere.key'))).toBe(true);
  expect((await user.cogpack(['key', 'trust', other.stdout.trim()])).stdout).toBe('other is trusted\n');
  expect((await user.cogpack(['key', 'list'])).stdout).toBe(
    `own      ${made.stdout}trusted  ${other.stdout}`,
  );
  const wrong = await user.cogpack(['key', 'trust', 'nonsense']);
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain('error[key/format]');
});
