// Checks what the store holds by building it again: each derivation in a scratch store, from the inputs that the store
// has, and every byte compared. What was fetched is hashed instead. Each is checked after its inputs, so that the first
// thing told is the one to look at.
import { linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '../base/canonical.ts';
import { type Descriptor, type Digest, digestOfHex } from '../base/digest.ts';
import { CogpackError, isSystemError, messageOf } from '../base/error.ts';
import { temporaryName } from '../base/files.ts';
import { createSlots, inSlot } from '../base/slots.ts';
import type { Download } from '../builders/builder.ts';
import { readsInputs } from '../builders/registry.ts';
import { type Derivation, dependenciesOf } from '../graph/derivation.ts';
import { derivationOf, type Graph } from '../graph/graph.ts';
import { createRunner } from '../graph/workers.ts';
import { manifestMediaType, parseManifest } from '../store/manifest.ts';
import { findRealisation, type Outputs } from '../store/realisations.ts';
import { openStore, type Store } from '../store/store.ts';
import { hashOf } from '../store/verify.ts';
import { describeDifference, jsonDifference } from './difference.ts';

export type CheckOptions = {
  readonly graph: Graph;
  /** All of them realised, as are their inputs; inputs before what needs them. */
  readonly derivations: readonly Digest[];
  readonly store: Store;
  /** Makes blobs be in the store, whole; gives those that cannot be had. */
  readonly bring: (blobs: readonly Descriptor[]) => Promise<readonly Descriptor[]>;
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly onEvent?: (event: { readonly type: 'start' | 'finish'; readonly digest: Digest }) => void;
};

export type Finding = {
  readonly derivation: Digest;
  readonly name: string;
  /** Undefined when it could not be built at all. */
  readonly output: string | undefined;
  /** What is wrong, as the end of a sentence, with the first place of it. */
  readonly problem: string;
};

/** Throws only when it is stopped or cannot go on; what differs is in the result, in the order of `derivations`. */
export async function checkRealisations(options: CheckOptions): Promise<Finding[]> {
  const { graph, derivations, store, signal } = options;
  // Where `store verify` looks for what killed processes have left.
  const dir = join(store.dir, 'cogpack', 'tmp', temporaryName('check'));
  const scratch = openStore(dir);
  const runner = createRunner(scratch, refuseDownload);
  const slots = createSlots(options.jobs);
  const started = new Map<Digest, Promise<Finding[]>>();

  const checkOne = async (digest: Digest): Promise<Finding[]> => {
    const derivation = derivationOf(graph, digest);
    await Promise.all(dependenciesOf(derivation).map(each => started.get(each)));
    return inSlot(slots, async () => {
      signal.throwIfAborted();
      options.onEvent?.({ type: 'start', digest });
      const name = graph.origins.get(digest)?.label ?? derivation.name;
      const problems = await findProblems(derivation, digest);
      options.onEvent?.({ type: 'finish', digest });
      return problems.map(({ output, problem }) => ({ derivation: digest, name, output, problem }));
    });
  };

  const findProblems = async (derivation: Derivation, digest: Digest): Promise<Problem[]> => {
    const outputs = realisedOutputs(store, digest, derivation);
    const lost = await options.bring([...Object.values(outputs), ...configsOf(store, outputs)]);
    if (lost.length > 0)
      return [{ output: undefined, problem: `has no bytes: ${lost[0]!.digest} is nowhere` }];
    if (derivation.builder.startsWith('fetch@')) return hashOutputs(store, outputs, signal);
    try {
      const inputs = inputsOf(graph, store, derivation);
      const read = readsInputs(derivation.builder) ? Object.values(inputs).flat() : [];
      const [wanting] = await options.bring(read);
      if (wanting !== undefined)
        return [{ output: undefined, problem: `lacks an input: ${wanting.digest} is nowhere` }];
      for (const input of read) await share(store, scratch, input);
      const rebuilt = await runner.run({
        digest,
        derivation,
        inputs,
        origin: graph.origins.get(digest) ?? {},
        signal,
        progress: () => {},
      });
      return await compareOutputs(store, scratch, outputs, rebuilt, signal);
    } catch (error) {
      signal.throwIfAborted();
      return [{ output: undefined, problem: `cannot be built again: ${messageOf(error)}` }];
    }
  };

  try {
    for (const digest of derivations) {
      const promise = checkOne(digest);
      promise.catch(() => {}); // it is awaited below
      started.set(digest, promise);
    }
    return (await Promise.all(started.values())).flat();
  } finally {
    await Promise.allSettled(started.values());
    await runner.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

type Problem = Pick<Finding, 'output' | 'problem'>;

const refuseDownload: Download = async () => {
  throw new CogpackError('rebuild/download', 'a check downloads nothing');
};

function realisedOutputs(store: Store, digest: Digest, { name }: Derivation): Outputs {
  const outputs = findRealisation(store, digest);
  if (outputs !== undefined) return outputs;
  throw new CogpackError('store/missing-blob', `the store ${store.dir} no longer holds ${name}`, {
    hint: 'run the command again: what is missing is made anew',
  });
}

function inputsOf(graph: Graph, store: Store, { inputs }: Derivation): Record<string, Descriptor[]> {
  return Object.fromEntries(
    Object.entries(inputs).map(([role, list]) => [
      role,
      list.map(
        ({ derivation, output }) =>
          realisedOutputs(store, derivation, derivationOf(graph, derivation))[output]!,
      ),
    ]),
  );
}

/** The configs of images: an image's builder makes them too. */
function configsOf(store: Store, outputs: Outputs): Descriptor[] {
  return Object.values(outputs)
    .filter(output => output.mediaType === manifestMediaType)
    .map(output => parseManifest(store.readBlob(output.digest)).config);
}

async function hashOutputs(store: Store, outputs: Outputs, signal: AbortSignal): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [output, descriptor] of Object.entries(outputs)) {
    const found = digestOfHex(await hashOf(store.blobPath(descriptor), signal, () => {}));
    if (found !== descriptor.digest)
      problems.push({ output, problem: `was ${descriptor.digest}; its bytes are ${found}` });
  }
  return problems;
}

async function compareOutputs(
  store: Store,
  scratch: Store,
  outputs: Outputs,
  rebuilt: Outputs,
  signal: AbortSignal,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [output, before] of Object.entries(outputs)) {
    const after = rebuilt[output]!;
    const problem =
      (await compareBlobs(store, scratch, before, after, signal)) ??
      (canonicalJson(before) === canonicalJson(after)
        ? undefined
        : `differs in its descriptor: ${jsonDifference(before, after)}`);
    if (problem !== undefined) problems.push({ output, problem });
    else replaceByLink(store, scratch, after);
  }
  return problems;
}

/** What differs first, in an image's config if it is there. */
async function compareBlobs(
  store: Store,
  scratch: Store,
  before: Descriptor,
  after: Descriptor,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (before.mediaType === manifestMediaType && after.mediaType === manifestMediaType) {
    const [old, renewed] = [
      parseManifest(store.readBlob(before.digest)).config,
      parseManifest(scratch.readBlob(after.digest)).config,
    ];
    const problem = await compareBlobs(store, scratch, old, renewed, signal);
    if (problem !== undefined) return `its config ${problem}`;
  }
  if (before.digest === after.digest && isShared(store, scratch, after)) {
    const [problem] = await hashOutputs(store, { blob: before }, signal);
    return problem?.problem;
  }
  const place = await describeDifference(store.blobPath(before), scratch.blobPath(after), after.mediaType);
  return place === undefined ? undefined : `differs in ${place}`;
}

/** True when both stores have one file of a blob, as of an input. */
function isShared(store: Store, scratch: Store, blob: Descriptor): boolean {
  const inode = (each: Store) => statSync(each.blobPath(blob), { throwIfNoEntry: false })?.ino;
  return inode(store) === inode(scratch);
}

/** What was built again and is the same takes no room of its own. */
function replaceByLink(store: Store, scratch: Store, blob: Descriptor): void {
  if (isShared(store, scratch, blob)) return;
  const temporary = join(scratch.dir, temporaryName('link'));
  try {
    linkSync(store.blobPath(blob), temporary);
    renameSync(temporary, scratch.blobPath(blob));
  } catch (error) {
    if (!cannotLink(error)) throw error;
  }
}

function cannotLink(error: unknown): boolean {
  return isSystemError(error, 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV');
}

/** Lets the scratch store have a blob too. What it has built itself stays. */
async function share(store: Store, scratch: Store, blob: Descriptor): Promise<void> {
  try {
    linkSync(store.blobPath(blob), scratch.blobPath(blob));
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return;
    if (!cannotLink(error)) throw error;
    await copyFile(store.blobPath(blob), scratch.blobPath(blob));
  }
}
