// The scheduler: makes the outputs of the targets be in the store. It goes from the targets inwards and stops at
// what is there already; what is missing is built as soon as its inputs are, at most `jobs` at a time.
import { canonicalJson } from '../base/canonical.ts';
import { type Descriptor, type Digest, sha256 } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { createSlots, inSlot } from '../base/slots.ts';
import { findRealisation, type Outputs, recordRealisation } from '../store/realisations.ts';
import type { Store } from '../store/store.ts';
import { type Derivation, dependenciesOf, derivationBytes } from './derivation.ts';
import { closure, derivationOf, type Graph, type Origin } from './graph.ts';

export const derivationMediaType = 'application/vnd.cogpack.derivation.v1+json';

/** Builds one derivation whose inputs are in the store. */
export type RunBuilder = (job: {
  readonly digest: Digest;
  readonly derivation: Derivation;
  readonly inputs: Readonly<Record<string, readonly Descriptor[]>>;
  readonly origin: Origin;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
}) => Promise<Outputs>;

export type RealiseEvent =
  | { readonly type: 'start'; readonly digest: Digest; readonly derivation: Derivation }
  | { readonly type: 'progress'; readonly digest: Digest; readonly done: number; readonly total: number }
  | { readonly type: 'finish'; readonly digest: Digest; readonly derivation: Derivation };

// A download waits for the network, not for a core.
const mostDownloads = 8;

/** Where things may be had without building them. */
export type Substituter = {
  /** Outputs that may be accepted for a derivation; their blobs may be elsewhere. */
  find(digest: Digest, derivation: Derivation): Promise<Outputs | undefined>;
  /**
   * Makes those inputs be in the store whose bytes this derivation's builder reads. Gives those that cannot be had; the
   * store then no longer counts on them.
   */
  bringInputs(derivation: Derivation, inputs: readonly Descriptor[]): Promise<readonly Descriptor[]>;
};

export type RealiseOptions = {
  readonly graph: Graph;
  readonly targets: readonly Digest[];
  readonly store: Store;
  /** Builders that run at one time, downloads aside. */
  readonly jobs: number;
  readonly run: RunBuilder;
  readonly substituter?: Substituter | undefined;
  readonly signal: AbortSignal;
  readonly onEvent?: (event: RealiseEvent) => void;
};

export type RealiseResult = {
  readonly outputs: ReadonlyMap<Digest, Outputs>;
  /** What a builder was run for, in the order of finishing. */
  readonly built: readonly Digest[];
};

/** Throws what a builder threw, with the derivation's name in front; nothing is recorded for what failed. */
export async function realise(options: RealiseOptions): Promise<RealiseResult> {
  const { graph, store, substituter, targets } = options;
  closure(graph, targets);
  const wanted = new Map<Digest, Promise<Outputs>>();
  const outputs = new Map<Digest, Outputs>();
  const built: Digest[] = [];
  const workers = createSlots(options.jobs);
  const downloads = createSlots(mostDownloads);
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);

  const need = (digest: Digest): Promise<Outputs> => {
    let promise = wanted.get(digest);
    if (promise === undefined) {
      promise = provide(digest);
      promise.catch(() => failed.abort());
      wanted.set(digest, promise);
    }
    return promise;
  };

  const provide = async (digest: Digest): Promise<Outputs> => {
    const found = findRealisation(store, digest);
    if (found !== undefined) {
      outputs.set(digest, found);
      return found;
    }
    await undefined; // leaves the stack: a chain of derivations may be longer than it is deep
    const derivation = derivationOf(graph, digest);
    store.writeBlob(derivationMediaType, derivationBytes(derivation));
    const result = (await substituter?.find(digest, derivation)) ?? (await make(digest, derivation));
    recordRealisation(store, digest, result);
    outputs.set(digest, result);
    return result;
  };

  const make = async (digest: Digest, derivation: Derivation): Promise<Outputs> => {
    for (;;) {
      const needed = dependenciesOf(derivation).map(each => [each, need(each)] as const);
      await Promise.all(needed.map(([, promise]) => promise));
      const inputs = resolveInputs(derivation, outputs);
      const resolved = resolvedDigest(derivation, inputs);
      const known = findRealisation(store, resolved);
      const lost =
        known === undefined ? await substituter?.bringInputs(derivation, Object.values(inputs).flat()) : [];
      if (lost === undefined || lost.length === 0) {
        const result = known ?? (await build(digest, derivation, inputs));
        recordRealisation(store, resolved, result);
        return result;
      }
      // What has lost a blob is needed anew, unless that is under way already.
      const digests = new Set(lost.map(blob => blob.digest));
      for (const [each, promise] of needed) {
        const hasLost = Object.values(outputs.get(each)!).some(output => digests.has(output.digest));
        if (hasLost && wanted.get(each) === promise) wanted.delete(each);
      }
    }
  };

  const build = (digest: Digest, derivation: Derivation, inputs: Record<string, Descriptor[]>) =>
    inSlot(derivation.builder.startsWith('fetch@') ? downloads : workers, async () => {
      signal.throwIfAborted();
      options.onEvent?.({ type: 'start', digest, derivation });
      const result = await options.run({
        digest,
        derivation,
        inputs,
        origin: graph.origins.get(digest) ?? {},
        signal,
        progress: (done, total) => options.onEvent?.({ type: 'progress', digest, done, total }),
      });
      checkResult(derivation, result);
      built.push(digest);
      options.onEvent?.({ type: 'finish', digest, derivation });
      return result;
    });

  const settled = await Promise.allSettled(targets.map(need));
  await Promise.allSettled(wanted.values());
  const reasons = settled.flatMap(result => (result.status === 'rejected' ? [result.reason] : []));
  if (options.signal.aborted) options.signal.throwIfAborted();
  if (reasons.length > 0) throw await firstCause(wanted, reasons);
  return { outputs, built };
}

// When one job fails the others are aborted: the error to show is the one that is not an abort.
async function firstCause(
  wanted: ReadonlyMap<Digest, Promise<Outputs>>,
  reasons: unknown[],
): Promise<unknown> {
  const all = await Promise.allSettled(wanted.values());
  const causes = all.flatMap(result => (result.status === 'rejected' ? [result.reason as unknown] : []));
  return causes.find(cause => !(cause instanceof Error && cause.name === 'AbortError')) ?? reasons[0];
}

function resolveInputs(
  derivation: Derivation,
  outputs: ReadonlyMap<Digest, Outputs>,
): Record<string, Descriptor[]> {
  return Object.fromEntries(
    Object.entries(derivation.inputs).map(([role, list]) => [
      role,
      list.map(input => outputs.get(input.derivation)![input.output]!),
    ]),
  );
}

// The annotations are part of what a builder may read (diffID), so they are part of the resolved key.
function resolvedDigest(derivation: Derivation, inputs: Record<string, Descriptor[]>): Digest {
  return sha256(canonicalJson({ ...derivation, inputs }));
}

function checkResult(derivation: Derivation, result: Outputs): void {
  const missing = derivation.outputs.filter(output => result[output] === undefined);
  if (missing.length === 0) return;
  throw new CogpackError(
    'graph/output',
    `${derivation.name}: ${derivation.builder} made no output ${missing.join(', ')}`,
  );
}
