// Where keys lie: private ones in <config>/keys/<name>.key, readable by their owner alone, public ones of others that
// are trusted in <config>/trusted-keys, one line each. <config> is $XDG_CONFIG_HOME/cogpack (XDG base directories).
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CogpackError, isSystemError } from '../base/error.ts';
import { syncDirectory, temporaryName, writeFileAtomic, writeFully } from '../base/files.ts';
import {
  formatPrivateKey,
  formatPublicKey,
  type PrivateKey,
  type PublicKey,
  parsePrivateKey,
  parsePublicKey,
} from './keys.ts';

export type ConfigDir = string;

export function configDir(env: NodeJS.ProcessEnv): ConfigDir {
  return join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'cogpack');
}

export function privateKeyFile(config: ConfigDir, name: string): string {
  return join(config, 'keys', `${name}.key`);
}

/** Writes a private key that only its owner may read. Throws `key/exists`: no key is ever replaced. */
export function writePrivateKey(key: PrivateKey, file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = join(dirname(file), `.${temporaryName('key')}`);
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeFully(fd, Buffer.from(formatPrivateKey(key)));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    linkSync(temporary, file);
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
    throw new CogpackError('key/exists', `${file} is there already`, {
      hint: 'choose another name with --name, or another file with --key',
    });
  } finally {
    rmSync(temporary, { force: true });
  }
  syncDirectory(dirname(file));
}

/** Throws `key/missing`, `key/format`, and `key/open` for a file that others may read. */
export function readPrivateKey(file: string): PrivateKey {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    throw new CogpackError('key/missing', `there is no key ${file}`, {
      hint: 'make one: cogpack key generate',
    });
  }
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new CogpackError('key/open', `${file} may be read or written by others than its owner`, {
      hint: `run: chmod 600 ${file}`,
    });
  }
  return parsePrivateKey(text, file);
}

/** The key to sign with when none is named: the only one there is. Throws `key/missing`, `key/several`. */
export function onlyPrivateKey(config: ConfigDir): PrivateKey {
  const files = privateKeyFiles(config);
  if (files.length === 1) return readPrivateKey(files[0]!);
  if (files.length === 0) {
    throw new CogpackError('key/missing', `there is no key in ${join(config, 'keys')}`, {
      hint: 'make one: cogpack key generate',
    });
  }
  throw new CogpackError('key/several', `there are several keys: ${files.join(', ')}`, {
    hint: 'choose one with --key FILE',
  });
}

export function privateKeyFiles(config: ConfigDir): string[] {
  const folder = join(config, 'keys');
  try {
    return readdirSync(folder)
      .filter(name => name.endsWith('.key'))
      .sort()
      .map(name => join(folder, name));
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}

/** The trusted keys, by name. Throws `key/format` with the line. */
export function readTrustedKeys(config: ConfigDir): ReadonlyMap<string, PublicKey> {
  const file = trustedFile(config);
  const keys = new Map<string, PublicKey>();
  for (const [index, line] of linesOf(file).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const key = parsePublicKey(line, `${file}:${index + 1}`);
    keys.set(key.name, key);
  }
  return keys;
}

/**
 * Trusts a key from now on; false when it was trusted already. Throws `key/conflict` when another key of its name is
 * trusted.
 */
export function trustKey(config: ConfigDir, key: PublicKey): boolean {
  const line = formatPublicKey(key);
  const known = readTrustedKeys(config).get(key.name);
  if (known !== undefined) {
    if (formatPublicKey(known) === line) return false;
    throw new CogpackError(
      'key/conflict',
      `another key called ${key.name} is trusted: ${formatPublicKey(known)}`,
      {
        hint: `remove its line from ${trustedFile(config)}, or give one of the keys another name`,
      },
    );
  }
  const lines = linesOf(trustedFile(config)).filter(each => each !== '');
  writeFileAtomic(trustedFile(config), [...lines, line, ''].join('\n'));
  return true;
}

function trustedFile(config: ConfigDir): string {
  return join(config, 'trusted-keys');
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}
