// The substituter of a command, made when the first question is asked: what is all in the store asks nothing of the
// network, and loads nothing that could.
import { Option } from 'commander';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { readsInputs } from '../builders/registry.ts';
import type { Substituter as CacheSubstituter } from '../cache/substituter.ts';
import type { Substituter } from '../graph/realise.ts';
import { cachesOf } from '../store/remote.ts';
import { hasWhole, type Store } from '../store/store.ts';
import type { Progress } from './progress.ts';

export type NetworkFlags = {
  /** References of repositories. */
  readonly cache: readonly string[];
  readonly offline?: boolean;
};

export type Caches = Substituter & {
  /** Makes blobs be in the store, whole. Gives those that are not there and cannot be had. Throws `offline/blob`. */
  bring(blobs: readonly Descriptor[]): Promise<readonly Descriptor[]>;
  close(): Promise<void>;
};

/** `--cache` and `--offline`. */
export function networkOptions(): Option[] {
  const named = (process.env.COGPACK_CACHE ?? '').split(/[\s,]+/).filter(name => name !== '');
  let given: readonly string[] = [];
  return [
    new Option('--cache <ref>', 'a repository to ask before building, such as localhost:5000/cache')
      .argParser(name => {
        given = [...given, name];
        return given;
      })
      .default(named, '$COGPACK_CACHE'),
    new Option('--offline', 'ask nothing of the network: what would need it is an error'),
  ];
}

export function createLazyCaches(
  store: Store,
  { cache, offline }: NetworkFlags,
  signal: AbortSignal,
  progress: Progress,
): Caches {
  let opened: Promise<CacheSubstituter> | undefined;
  let usesCaches = cache.length > 0 && !offline;
  const warn = (text: string) => {
    progress.end();
    process.stderr.write(`warning: ${text}\n`);
  };

  const open = async () => {
    const [{ openSubstituter }, { configDir, readTrustedKeys }] = await Promise.all([
      import('../cache/substituter.ts'),
      import('../cache/key-files.ts'),
    ]);
    const trusted = readTrustedKeys(configDir(process.env));
    if (trusted.size === 0 && usesCaches) {
      usesCaches = false;
      warn('no key is trusted, so nothing is taken from a cache; see cogpack key trust');
    }
    return openSubstituter({
      store,
      caches: usesCaches ? cache : [],
      trusted,
      signal,
      warn,
      onProgress: (blob, done) => progress.update(blob.digest, blob.digest.slice(0, 19), done, blob.size),
      onBrought: blob => progress.finish(blob.digest),
    });
  };
  const substituter = () => {
    opened ??= open();
    return opened;
  };

  const bring = async (blobs: readonly Descriptor[]): Promise<readonly Descriptor[]> => {
    const missing = blobs.filter(blob => !hasWhole(store, blob));
    if (missing.length === 0) return [];
    if (offline) refuseOffline(store, missing);
    return (await substituter()).bring(missing);
  };

  return {
    bring,
    async find(digest, derivation) {
      return usesCaches ? (await substituter()).find(digest, derivation) : undefined;
    },
    async bringInputs({ builder }, inputs) {
      return readsInputs(builder) ? bring(inputs) : [];
    },
    async close() {
      (await opened)?.close();
    },
  };
}

function refuseOffline(store: Store, missing: readonly Descriptor[]): void {
  const known = missing.find(blob => cachesOf(store, blob).length > 0);
  if (known === undefined) return;
  const caches = cachesOf(store, known).join(', ');
  throw new CogpackError(
    'offline/blob',
    `offline: ${known.digest} (${known.mediaType}) would have to be fetched from the cache ${caches}`,
    { hint: 'run it once without --offline' },
  );
}
