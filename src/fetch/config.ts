// What this machine says of where packages come from. None of it reaches a lock, an answer or a hash.
import { CogpackError } from '../base/error.ts';
import { type Netrc, readNetrc } from './credentials.ts';
import { type DebianArchives, readDebianArchives } from './debian-config.ts';
import { type PythonIndexes, readPythonIndexes } from './python-config.ts';

export type FetchConfig = {
  readonly env: NodeJS.ProcessEnv;
  /** What a location's file paths are relative to. */
  readonly projectDir: string;
  readonly netrc: Netrc;
  /** Read when first asked for: many runs need no index. Throws `fetch/config`, `fetch/no-index`. */
  readonly pythonIndexes: () => PythonIndexes;
  readonly debianArchives: () => DebianArchives;
};

/** The configuration of an environment and a project folder. */
export function readConfig(
  env: NodeJS.ProcessEnv,
  projectDir: string,
  { debianMirror }: { readonly debianMirror?: string | undefined } = {},
): FetchConfig {
  return {
    env,
    projectDir,
    netrc: readNetrc(env),
    pythonIndexes: once(() => readPythonIndexes(env, projectDir)),
    debianArchives: once(() => readDebianArchives(debianMirror || env.COGPACK_DEBIAN_MIRROR)),
  };
}

/** The roots of a Debian archive, at least one. Throws `fetch/no-mirror`. */
export function archiveRoots(config: FetchConfig, archive: string): readonly string[] {
  const archives = config.debianArchives();
  const roots = archives.get(archive) ?? [];
  if (roots.length > 0) return roots;
  const known = archives.size === 0 ? 'none is known' : `known: ${[...archives.keys()].join(', ')}`;
  throw new CogpackError(
    'fetch/no-mirror',
    `where the archive ${archive} may be found is not known on this machine (${known})`,
    { hint: 'name a mirror: --debian-mirror URL, or COGPACK_DEBIAN_MIRROR' },
  );
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
