// The substituter: asks caches for what would otherwise be built. A realisation is accepted under a trusted key's
// signature alone; its blobs stay in the cache until something needs them. A cache that fails is told of once and then
// left alone: what it would have given is built.
import { type Client, createClient, isRegistryError } from '@cogpack/registry-client';
import type { Descriptor, Digest } from '../base/digest.ts';
import { messageOf } from '../base/error.ts';
import { createSlots, inSlot } from '../base/slots.ts';
import type { Derivation } from '../graph/derivation.ts';
import { type Manifest, manifestMediaType, parseManifest } from '../store/manifest.ts';
import type { Outputs } from '../store/realisations.ts';
import { cachesOf, forgetCache, forgetRemote, recordRemote } from '../store/remote.ts';
import { hasWhole, type Store } from '../store/store.ts';
import { realisationIn, tagOf } from './artifact.ts';
import type { PublicKey } from './keys.ts';
import { type CacheRepository, cacheRepository, downloadBlob } from './repository.ts';
import { verifyRealisation } from './statement.ts';

export type Substituter = {
  /** The outputs that a cache states for a derivation; the store then knows where their blobs are. */
  find(digest: Digest, derivation: Derivation): Promise<Outputs | undefined>;
  /** Makes blobs be in the store, whole. Gives those that are not there and cannot be had. */
  bring(blobs: readonly Descriptor[]): Promise<readonly Descriptor[]>;
  close(): void;
};

export type SubstituterOptions = {
  readonly store: Store;
  /** Asked in this order. */
  readonly caches: readonly string[];
  readonly trusted: ReadonlyMap<string, PublicKey>;
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
  /** Bytes of a blob that is being brought. */
  readonly onProgress?: (blob: Descriptor, done: number) => void;
  readonly onBrought?: (blob: Descriptor) => void;
};

const mostRequests = 16;
const mostDownloads = 4;
// A build can go on without a cache: it is not waited for as long as a registry that is pushed to.
const retry = { attempts: 3, delayMs: 200 };
const idleMs = 20_000;

/** Throws `cache/reference`, RegistryError for a malformed reference. */
export function openSubstituter(options: SubstituterOptions): Substituter {
  const { store, trusted, signal, onProgress } = options;
  const caches = options.caches.map(cacheRepository);
  const requests = createSlots(mostRequests);
  const downloads = createSlots(mostDownloads);
  const down = new Set<string>();
  const lost = new Set<string>();
  const told = new Set<string>();
  const coming = new Map<Digest, Promise<boolean>>();
  let opened: Client | undefined;
  const client = () => {
    opened ??= createClient({ retry, idleMs });
    return opened;
  };

  const warn = (kind: string, text: string) => {
    if (told.has(kind)) return;
    told.add(kind);
    options.warn(text);
  };

  /** After a failed request: throws when it was not the cache's fault, and says whether the cache is of no use at all. */
  const failed = ({ name }: CacheRepository, what: string, error: unknown): boolean => {
    if (signal.aborted || !isRegistryError(error)) throw error;
    if (isRegistryError(error, 'not-found', 'digest', 'size', 'protocol', 'rejected')) {
      warn(`${name} ${error.code}`, `cache ${name}: ${what}: ${error.message}`);
      return false;
    }
    warn(`${name} down`, `going on without the cache ${name}: ${messageOf(error)}`);
    down.add(name);
    forgetCache(store, name);
    return true;
  };

  const ask = async (cache: CacheRepository, digest: Digest, derivation: Derivation) => {
    if (down.has(cache.name)) return undefined;
    let bytes: Buffer | undefined;
    try {
      const manifest = await client().getManifest(cache.reference, tagOf(digest), signal);
      bytes = realisationIn(manifest.bytes);
    } catch (error) {
      if (!isRegistryError(error, 'not-found')) failed(cache, derivation.name, error);
      return undefined;
    }
    const verified = verifyRealisation(bytes ?? Buffer.alloc(0), digest, derivation, trusted);
    if ('outputs' in verified) return accept(cache, derivation, verified.outputs);
    refuse(cache, derivation, verified.kind, verified.refused);
    return undefined;
  };

  const refuse = ({ name }: CacheRepository, derivation: Derivation, kind: string, why: string) =>
    warn(`${name} ${kind}`, `cache ${name}: the realisation of ${derivation.name} is refused: ${why}`);

  const accept = async (
    cache: CacheRepository,
    derivation: Derivation,
    outputs: Outputs,
  ): Promise<Outputs | undefined> => {
    const blobs: Descriptor[] = [];
    for (const output of Object.values(outputs)) {
      if (output.mediaType !== manifestMediaType) {
        blobs.push(output);
        continue;
      }
      // What an image is stands in its manifest and config, which are small.
      if (!(await isHere(cache, output))) return undefined;
      const manifest = readManifest(store, output);
      if (manifest === undefined) {
        refuse(cache, derivation, 'manifest', `${output.digest} is not an image manifest`);
        return undefined;
      }
      if (!(await isHere(cache, manifest.config))) return undefined;
      blobs.push(...manifest.layers);
    }
    const missing = blobs.filter(blob => !hasWhole(store, blob));
    if (missing.some(blob => lost.has(`${cache.name} ${blob.digest}`))) return undefined;
    for (const blob of missing) recordRemote(store, blob, cache.name);
    return outputs;
  };

  const isHere = async (cache: CacheRepository, blob: Descriptor): Promise<boolean> =>
    hasWhole(store, blob) || (await download(cache, blob));

  /** True when the blob is then in the store. */
  const download = async (cache: CacheRepository, blob: Descriptor): Promise<boolean> => {
    if (down.has(cache.name)) return false;
    let done = 0;
    try {
      await inSlot(downloads, () =>
        downloadBlob(client(), cache, blob, store, signal, count => {
          done += count;
          onProgress?.(blob, done);
        }),
      );
      return true;
    } catch (error) {
      lost.add(`${cache.name} ${blob.digest}`);
      if (!failed(cache, blob.digest, error)) forgetRemote(store, blob.digest, cache.name);
      return false;
    }
  };

  const bringOne = async (blob: Descriptor): Promise<boolean> => {
    for (const name of cachesOf(store, blob)) {
      if (!(await download(cacheRepository(name), blob))) continue;
      options.onBrought?.(blob);
      return true;
    }
    return false;
  };

  return {
    async find(digest, derivation) {
      for (const cache of caches) {
        const outputs = await inSlot(requests, () => ask(cache, digest, derivation));
        if (outputs !== undefined) return outputs;
      }
      return undefined;
    },
    async bring(blobs) {
      const missing = blobs.filter(blob => !hasWhole(store, blob));
      const brought = await Promise.all(
        missing.map(blob => {
          let promise = coming.get(blob.digest);
          if (promise === undefined) {
            promise = bringOne(blob).finally(() => coming.delete(blob.digest));
            coming.set(blob.digest, promise);
          }
          return promise;
        }),
      );
      return missing.filter((_, index) => !brought[index]);
    },
    close: () => opened?.close(),
  };
}

function readManifest(store: Store, { digest }: Descriptor): Manifest | undefined {
  try {
    return parseManifest(store.readBlob(digest));
  } catch {
    return undefined;
  }
}
