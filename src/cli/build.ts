// Builds targets for a command and lets it deliver them, under a lease that keeps collections away. What turns out to
// be gone on the way, from the store or from a cache, is made anew.
import type { Descriptor, Digest } from '../base/digest.ts';
import { CogpackError, isSystemError } from '../base/error.ts';
import type { Evaluated } from '../description/evaluate.ts';
import { closure } from '../graph/graph.ts';
import { type RealiseResult, realise } from '../graph/realise.ts';
import { takeLease } from '../store/leases.ts';
import { blobsOfManifest } from '../store/manifest.ts';
import { findRealisation } from '../store/realisations.ts';
import type { Store } from '../store/store.ts';
import { type Caches, createLazyCaches, type NetworkFlags } from './caches.ts';
import type { Progress } from './progress.ts';

export type BuildRequest = {
  readonly evaluated: Evaluated;
  /** Derivations of the graph. */
  readonly targets: readonly { readonly digest: Digest }[];
  readonly store: Store;
  /** The folder whose configuration of package indexes counts. */
  readonly project: string;
  readonly jobs: number;
  readonly network: NetworkFlags;
  readonly signal: AbortSignal;
  readonly progress: Progress;
};

/** `tries` is 1 at first; a blob that is then found missing is thrown as `store/missing-blob`. */
export type Deliver<T> = (result: RealiseResult, caches: Caches, tries: number) => Promise<T>;

const mostTries = 5;

/** Builds, then delivers. Throws what builders throw, and what `deliver` does. */
export async function buildAndDeliver<T>(request: BuildRequest, deliver: Deliver<T>): Promise<T> {
  const { evaluated, store, signal, progress, network } = request;
  const digests = request.targets.map(target => target.digest);
  const caches = createLazyCaches(store, network, signal, progress);
  const lease = await takeLease(
    store,
    closure(evaluated.graph, digests),
    signal,
    () => process.stderr.isTTY && process.stderr.write('waiting for cogpack gc\n'),
  );
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        const result = await build(request, caches);
        // A collection that began before this build may still have removed a blob that the build had found.
        if (tries < mostTries && digests.some(digest => findRealisation(store, digest) === undefined))
          continue;
        return await deliver(result, caches, tries);
      } catch (error) {
        if (!isLost(error) || tries === mostTries) throw error;
      }
    }
  } finally {
    lease.release();
    await caches.close();
  }
}

/** Makes all of an image be in the store. Throws `store/missing-blob`. */
export async function bringImage(image: Descriptor, store: Store, caches: Caches): Promise<void> {
  const [lost] = await caches.bring(blobsOfManifest(store.readBlob(image.digest)));
  if (lost !== undefined) throw missingBlob(lost);
}

export function missingBlob({ digest, mediaType }: Descriptor): CogpackError {
  return new CogpackError(
    'store/missing-blob',
    `neither the store nor a cache holds ${digest} (${mediaType})`,
    {
      hint: 'run the command again: what is missing is made anew',
    },
  );
}

async function build(request: BuildRequest, caches: Caches): Promise<RealiseResult> {
  const { evaluated, targets, store, project, jobs, network, signal, progress } = request;
  const { graph } = evaluated;
  const { createLazyRunner } = await import('./runner.ts');
  const runner = createLazyRunner(store, project, network.offline);
  try {
    return await realise({
      graph,
      targets: targets.map(target => target.digest),
      store,
      jobs,
      signal,
      run: runner.run,
      substituter: caches,
      onEvent(event) {
        const name = graph.origins.get(event.digest)?.label ?? graph.derivations.get(event.digest)!.name;
        if (event.type === 'finish') progress.finish(event.digest);
        else
          progress.update(
            event.digest,
            name,
            ...(event.type === 'progress' ? [event.done, event.total] : []),
          );
      },
    });
  } catch (error) {
    throw isSystemError(error, 'ENOENT') ? goneWhileBuilding(error) : error;
  } finally {
    await runner.close();
  }
}

function isLost(error: unknown): boolean {
  return error instanceof CogpackError && error.code === 'store/missing-blob';
}

// A builder did not find a file that it was given.
function goneWhileBuilding(cause: Error): CogpackError {
  return new CogpackError('store/missing-blob', `a file went while it was used: ${cause.message}`, {
    hint: 'run the command again: what is missing is made anew',
    cause,
  });
}
