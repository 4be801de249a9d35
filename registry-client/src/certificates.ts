// The certificates of TLS, host by host: what the client was given, and what lies in the folders of docker and podman
// (containers-certs.d(5)): of <folder>/<host[:port]>, *.crt are authorities that are trusted beside the usual ones, and
// NAME.cert with NAME.key is the client's own. The first folder that is there counts.
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { messageOf, RegistryError } from './error.ts';
import type { TlsFor } from './wire/open.ts';

/** PEM texts. */
export type GivenCertificates = {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
};

/** Throws `tls`, and so does what it gives, for files that cannot be used. */
export function certificatesFor(given: GivenCertificates, env: NodeJS.ProcessEnv): TlsFor {
  checkPair(given, 'the client');
  const folders = new Map<string, GivenCertificates>();
  const inFolders = (host: string): GivenCertificates => {
    let found = folders.get(host);
    if (found === undefined) {
      found = readFolder(foldersOf(env), host);
      folders.set(host, found);
    }
    return found;
  };
  return (url, identify) => {
    if (url.protocol !== 'https:') return {};
    const { getCACertificates } = process.getBuiltinModule('node:tls');
    const found = inFolders(url.host);
    const authorities = [given.ca, found.ca].filter(each => each !== undefined);
    const own = given.cert === undefined ? found : given;
    return {
      ...(authorities.length > 0 && { ca: [...getCACertificates('default'), ...authorities] }),
      ...(identify && own.cert !== undefined && { cert: own.cert, key: own.key }),
    };
  };
}

function foldersOf(env: NodeJS.ProcessEnv): string[] {
  const config = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  return [join(config, 'containers', 'certs.d'), '/etc/containers/certs.d', '/etc/docker/certs.d'];
}

function readFolder(folders: readonly string[], host: string): GivenCertificates {
  for (const folder of folders) {
    const dir = join(folder, host);
    const names = namesIn(dir);
    if (names === undefined) continue;
    const read = (name: string) => readText(join(dir, name));
    const authorities = names.filter(name => name.endsWith('.crt')).map(read);
    const own = names.find(name => name.endsWith('.cert')) ?? names.find(name => name.endsWith('.key'));
    const stem = own?.replace(/\.(cert|key)$/, '');
    const pair = stem === undefined ? {} : { cert: read(`${stem}.cert`), key: read(`${stem}.key`) };
    checkPair(pair, dir);
    return { ...(authorities.length > 0 && { ca: authorities.join('\n') }), ...pair };
  }
  return {};
}

function namesIn(dir: string): string[] | undefined {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code)))
      return undefined;
    throw unusable(dir, error);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unusable(file, error);
  }
}

/** A certificate and a key that do not belong together would be told of by the server alone, in its own words. */
function checkPair({ cert, key }: GivenCertificates, place: string): void {
  if (cert === undefined && key === undefined) return;
  const { createPrivateKey, X509Certificate } = process.getBuiltinModule('node:crypto');
  try {
    if (cert === undefined || key === undefined) throw new Error('it needs both a certificate and its key');
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
      throw new Error('the key is not that of the certificate');
    }
  } catch (error) {
    throw unusable(place, error);
  }
}

function unusable(place: string, cause: unknown): RegistryError {
  return new RegistryError('tls', `cannot use the certificates of ${place}: ${messageOf(cause)}`, {
    cause,
    hint: "certificates and keys are PEM files: authorities *.crt, the client's own NAME.cert with NAME.key",
  });
}
