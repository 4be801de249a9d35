// Puts realisations of the store into a cache: for each the blobs that the cache lacks, then the artifact that names
// them, so that whoever finds an artifact finds its blobs. What is there already costs one request.
import type { Client, OpenBlob } from '@cogpack/registry-client';
import { type Descriptor, type Digest, sha256 } from '../base/digest.ts';
import { createSlots, inSlot } from '../base/slots.ts';
import { derivationOf, type Graph } from '../graph/graph.ts';
import { blobsOfManifest, manifestMediaType } from '../store/manifest.ts';
import { findRealisation, type Outputs } from '../store/realisations.ts';
import type { Store } from '../store/store.ts';
import { makeArtifact, tagOf } from './artifact.ts';
import type { PrivateKey } from './keys.ts';
import type { CacheRepository } from './repository.ts';
import { signRealisation } from './statement.ts';

export type CachePush = {
  readonly client: Client;
  readonly cache: CacheRepository;
  readonly graph: Graph;
  /** What to push of; that which is not realised in the store is left out. */
  readonly derivations: readonly Digest[];
  readonly store: Store;
  readonly key: PrivateKey;
  /** Gives the bytes of the store's blobs, and of those that only another cache holds. */
  readonly open: OpenBlob;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
};

export type CachePushed = {
  readonly pushed: readonly Digest[];
  readonly existing: readonly Digest[];
  /** Blobs that were uploaded. */
  readonly blobs: number;
  readonly bytes: number;
};

const mostArtifacts = 8;
const mostUploads = 4;

/** Throws RegistryError. What was pushed before a failure stays, and is sound. */
export async function pushRealisations(options: CachePush): Promise<CachePushed> {
  const { client, cache, graph, store, key, signal } = options;
  const realised = options.derivations.flatMap(digest => {
    const outputs = findRealisation(store, digest);
    return outputs === undefined ? [] : [{ digest, outputs }];
  });
  const artifacts = createSlots(mostArtifacts);
  const uploads = createSlots(mostUploads);
  const under = new Map<string, Promise<void>>();
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const pushed: Digest[] = [];
  const existing: Digest[] = [];
  let blobs = 0;
  let bytes = 0;

  const upload = (blob: Descriptor, open: OpenBlob): Promise<void> => {
    let promise = under.get(blob.digest);
    if (promise === undefined) {
      promise = inSlot(uploads, async () => {
        const how = await client.pushBlob(cache.reference, blob, open, { signal: stop });
        if (how !== 'uploaded') return;
        blobs += 1;
        bytes += blob.size;
      });
      under.set(blob.digest, promise);
    }
    return promise;
  };

  const pushOne = async (digest: Digest, outputs: Outputs): Promise<void> => {
    stop.throwIfAborted();
    const parts = partsOf(store, outputs);
    const artifact = makeArtifact(signRealisation(digest, derivationOf(graph, digest), outputs, key), parts);
    const there = await client.headManifest(cache.reference, tagOf(digest), stop);
    if (there?.digest === sha256(artifact.manifest)) {
      existing.push(digest);
    } else {
      await Promise.all([
        ...parts.map(part => upload(part, options.open)),
        ...artifact.own.map(own => upload(own.descriptor, () => bytesOf(own.bytes))),
      ]);
      const manifest = Buffer.from(artifact.manifest);
      await client.putManifest(cache.reference, tagOf(digest), manifest, artifact.mediaType, stop);
      pushed.push(digest);
    }
    options.onProgress(pushed.length + existing.length, realised.length);
  };

  const settled = await Promise.allSettled(
    realised.map(({ digest, outputs }) =>
      inSlot(artifacts, () => pushOne(digest, outputs)).catch(error => {
        failed.abort(error);
        throw error;
      }),
    ),
  );
  signal.throwIfAborted();
  if (settled.some(result => result.status === 'rejected')) throw failed.signal.reason;
  return { pushed, existing, blobs, bytes };
}

/** All blobs that outputs consist of, each once. */
function partsOf(store: Store, outputs: Outputs): Descriptor[] {
  const parts = Object.values(outputs).flatMap(output =>
    output.mediaType === manifestMediaType
      ? [...blobsOfManifest(store.readBlob(output.digest)), output]
      : [output],
  );
  return [...new Map(parts.map(part => [part.digest, part])).values()];
}

async function* bytesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
