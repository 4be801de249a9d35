// cogpack realise: evaluates, builds what is missing from the store, then pushes or writes out the image.
import { realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError, isSystemError } from '../base/error.ts';
import { type Evaluated, projectOf, type Target } from '../description/evaluate.ts';
import { closure, type Graph } from '../graph/graph.ts';
import { type RealiseResult, realise } from '../graph/realise.ts';
import { takeLease } from '../store/leases.ts';
import { manifestMediaType } from '../store/manifest.ts';
import { findRealisation } from '../store/realisations.ts';
import { recordRoot } from '../store/roots.ts';
import { openStore, type Store } from '../store/store.ts';
import { positiveInteger } from './numbers.ts';
import { type DescriptionFlags, evaluateLocked, withDescription } from './options.ts';
import { createProgress, type Progress } from './progress.ts';
import { interruptSignal } from './terminal.ts';

type Output = { readonly kind: 'oci' | 'docker-archive'; readonly path: string };
type Flags = DescriptionFlags & {
  readonly target?: string;
  readonly push?: string;
  readonly output?: Output;
  readonly jobs: number;
  readonly json?: boolean;
};

export function add(program: Command): void {
  withDescription(
    program.command('realise').description('Build the targets of a description; print their digests.'),
  )
    .addOption(new Option('--target <name>', 'only this target'))
    .addOption(new Option('--push <ref>', 'push the image, for example localhost:5000/iris:1'))
    .addOption(
      new Option('--output <kind:path>', 'write the image to oci:DIR or docker-archive:FILE').argParser(
        parseOutput,
      ),
    )
    .addOption(
      new Option('--jobs <n>', 'builders at one time')
        .argParser(positiveInteger)
        .default(availableParallelism(), 'one for each core'),
    )
    .addOption(new Option('--json', 'print JSON'))
    .addHelpText('after', '\nExample:\n  $ cogpack realise --push localhost:5000/iris:1')
    .action(run);
}

/** The one image that a description has (or `--target` names), realised. */
export async function realiseImage(
  path: string,
  flags: DescriptionFlags & { readonly target?: string; readonly jobs: number },
  store: Store,
  signal: AbortSignal,
  progress: Progress,
): Promise<Descriptor> {
  const evaluated = await evaluateLocked(path, flags);
  const [target] = chosen(evaluated.targets, flags.target, true);
  const result = await build(evaluated, [target!], store, projectOf(path), flags.jobs, signal, progress);
  remember(path, flags, [target!], store);
  return imageOf([{ name: target!.name, descriptor: result.outputs.get(target!.digest)![target!.output]! }]);
}

async function run(path: string, flags: Flags): Promise<void> {
  const evaluated = await evaluateLocked(path, flags);
  const one = flags.push !== undefined || flags.output !== undefined;
  const targets = chosen(evaluated.targets, flags.target, one);
  const store = openStore(flags.store);
  const signal = interruptSignal();
  const progress = createProgress(process.stderr);
  try {
    const result = await build(evaluated, targets, store, projectOf(path), flags.jobs, signal, progress);
    remember(path, flags, targets, store);
    const outputs = targets.map(({ name, digest, output }) => ({
      name,
      derivation: digest,
      descriptor: result.outputs.get(digest)![output]!,
    }));
    const pushed =
      flags.push === undefined
        ? undefined
        : await push(flags.push, imageOf(outputs), store, signal, progress);
    if (flags.output !== undefined) await write(flags.output, imageOf(outputs), store);
    progress.end();
    const built = result.built.map(digest => ({
      name: evaluated.graph.derivations.get(digest)!.name,
      derivation: digest,
    }));
    process.stdout.write(
      flags.json
        ? `${JSON.stringify({ targets: outputs, built, ...(pushed && { pushed }) }, null, 2)}\n`
        : outputs.map(({ name, descriptor }) => `${name}  ${descriptor.digest}\n`).join(''),
    );
  } finally {
    progress.end();
  }
}

// What was realised is kept by collections, and found again by its description.
function remember(path: string, flags: DescriptionFlags, targets: readonly Target[], store: Store): void {
  const description = realpathSync(flags.described?.file ?? path);
  for (const { name, digest } of targets)
    recordRoot(store, { description, target: name, derivation: digest });
}

function chosen(targets: readonly Target[], wanted: string | undefined, one: boolean): readonly Target[] {
  const found = wanted === undefined ? targets : targets.filter(target => target.name === wanted);
  const names = targets.map(target => target.name).join(', ');
  if (found.length === 0) {
    throw new CogpackError('realise/target', `there is no target ${wanted}; there are ${names}`);
  }
  if (found.length > 1 && one) {
    throw new CogpackError('realise/target', `the description has several targets: ${names}`, {
      hint: 'choose one with --target',
    });
  }
  return found;
}

async function build(
  { graph }: Evaluated,
  targets: readonly Target[],
  store: Store,
  project: string,
  jobs: number,
  signal: AbortSignal,
  progress: Progress,
): Promise<RealiseResult> {
  const { createLazyRunner } = await import('./runner.ts');
  const runner = createLazyRunner(store, project);
  try {
    return await withLease(graph, targets, store, signal, () =>
      realise({
        graph,
        targets: targets.map(target => target.digest),
        store,
        jobs,
        signal,
        run: runner.run,
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
      }),
    );
  } finally {
    await runner.close();
  }
}

const mostTries = 3;

// A collection that began before this build may still remove a blob that the build has just found: then it is made anew.
async function withLease(
  graph: Graph,
  targets: readonly Target[],
  store: Store,
  signal: AbortSignal,
  run: () => Promise<RealiseResult>,
): Promise<RealiseResult> {
  const digests = targets.map(target => target.digest);
  const lease = await takeLease(
    store,
    closure(graph, digests),
    signal,
    () => process.stderr.isTTY && process.stderr.write('waiting for cogpack gc\n'),
  );
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        const result = await run();
        if (digests.every(digest => findRealisation(store, digest) !== undefined) || tries === mostTries)
          return result;
      } catch (error) {
        const lost =
          (error instanceof CogpackError && error.code === 'store/missing-blob') ||
          isSystemError(error, 'ENOENT');
        if (!lost || tries === mostTries) throw error;
      }
    }
  } finally {
    lease.release();
  }
}

function imageOf(outputs: readonly { readonly name: string; readonly descriptor: Descriptor }[]): Descriptor {
  const { name, descriptor } = outputs[0]!;
  if (descriptor.mediaType === manifestMediaType) return descriptor;
  throw new CogpackError('realise/not-an-image', `${name} is ${descriptor.mediaType}, not an image`, {
    hint: 'choose an image with --target',
  });
}

async function push(
  reference: string,
  image: Descriptor,
  store: Store,
  signal: AbortSignal,
  progress: Progress,
) {
  const { pushFromStore } = await import('./push.ts');
  return pushFromStore(reference, image, store, signal, progress);
}

async function write(output: Output, image: Descriptor, store: Store): Promise<void> {
  if (output.kind === 'oci') {
    const { writeOciLayout } = await import('../output/oci-layout.ts');
    await writeOciLayout({ store, manifest: image, dir: output.path, name: 'latest' });
  } else {
    const { writeDockerArchive } = await import('../output/docker-archive.ts');
    await writeDockerArchive({ store, manifest: image, file: output.path, name: 'cogpack:latest' });
  }
}

function parseOutput(text: string): Output {
  const match = /^(oci|docker-archive):(.+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('oci:DIR or docker-archive:FILE is expected');
  return { kind: match[1] as Output['kind'], path: match[2]! };
}
