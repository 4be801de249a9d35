// What this machine knows of the network: Python indexes, Debian mirrors, credentials, certificates. All of it is
// read when first asked for, and none of it is ever part of a lock or a hash.
import { resolve } from 'node:path';
import { CogpackError } from '../base/error.ts';
import { aptMirrors, readAptSources } from './apt-sources.ts';
import { type Netrc, readNetrc } from './credentials.ts';
import { builtInIndex, configuredIndexes, type PythonIndexes } from './python-indexes.ts';

export type FetchConfig = {
  /** The folder that `file` locations start from, absolute. */
  readonly project: string;
  /** Extra indexes, then the default one. Throws `fetch/no-index`. */
  readonly pythonIndexes: () => { readonly extra: readonly string[]; readonly default: string };
  /** Root URLs of an archive, the best first. Throws `fetch/no-mirror`. */
  readonly debianMirrors: (archive: string) => readonly string[];
  readonly netrc: () => Netrc;
  /** PEM files whose certificate authorities count beside Node's own. */
  readonly certificateFiles: readonly string[];
};

export type ConfigOptions = {
  /** In place of apt's sources: the root of the archive `debian`. */
  readonly debianMirror?: string | undefined;
  /** In place of /etc/apt. */
  readonly aptDir?: string | undefined;
};

/** The network configuration for a project. Reads nothing yet. */
export function readConfig(
  env: NodeJS.ProcessEnv,
  project: string,
  { debianMirror, aptDir }: ConfigOptions = {},
): FetchConfig {
  const mirror = debianMirror ?? env.COGPACK_DEBIAN_MIRROR;
  const folder = resolve(project);
  return {
    project: folder,
    pythonIndexes: once(() => requireDefault(configuredIndexes(env, folder), env)),
    debianMirrors: memo(archive => {
      const mirrors = mirror ? [mirrorOf(mirror, archive)] : aptMirrors(readAptSources(aptDir), archive);
      if (mirrors.length > 0) return mirrors;
      throw new CogpackError(
        'fetch/no-mirror',
        `apt's sources name no mirror of Debian's archive "${archive}"`,
        {
          hint: 'give one with --debian-mirror URL or COGPACK_DEBIAN_MIRROR',
        },
      );
    }),
    netrc: once(() => readNetrc(env)),
    certificateFiles: [env.SSL_CERT_FILE, env.REQUESTS_CA_BUNDLE, env.PIP_CERT].filter(
      (file): file is string => Boolean(file) && file !== env.NODE_EXTRA_CA_CERTS,
    ),
  };
}

function requireDefault({ extra, default: configured }: PythonIndexes, env: NodeJS.ProcessEnv) {
  const index = configured ?? builtInIndex(env);
  if (index !== undefined) return { extra, default: index };
  throw new CogpackError(
    'fetch/no-index',
    'no Python index is configured, and there is no pip to ask for its own',
    {
      hint: 'set UV_DEFAULT_INDEX, or index-url in uv.toml or pip.conf, or install pip',
    },
  );
}

// Mirrors carry the archives side by side under their own names.
function mirrorOf(mirror: string, archive: string): string {
  const root = mirror.replace(/\/+$/, '');
  return archive === 'debian' ? root : root.replace(/\/debian$/, `/${archive}`);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function memo<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return key => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}
