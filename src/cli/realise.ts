// cogpack realise: evaluates, builds what is missing from the store, then pushes or writes out the image.
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import type { Target } from '../description/evaluate.ts';
import { projectOf } from '../description/project.ts';
import { openStore, type Store } from '../store/store.ts';
import { type BuildRequest, bringImage, buildAndDeliver } from './build.ts';
import { type NetworkFlags, networkOptions } from './caches.ts';
import { type DescriptionFlags, evaluateLocked, jobsOption, withDescription } from './options.ts';
import { createProgress, type Progress } from './progress.ts';
import type { PushSource } from './push.ts';
import { builtNow, imageOf, outputsOf, refuseOfflinePush, remember } from './targets.ts';
import { interruptSignal } from './terminal.ts';

type Output = { readonly kind: 'oci' | 'docker-archive'; readonly path: string };
type Flags = DescriptionFlags &
  NetworkFlags & {
    readonly target?: string;
    readonly push?: string;
    readonly output?: Output;
    readonly check?: boolean;
    readonly checkName: readonly string[];
    readonly jobs: number;
    readonly json?: boolean;
  };

export function add(program: Command): void {
  const command = withDescription(
    program.command('realise').description('Build the targets of a description; print their digests.'),
  );
  for (const option of networkOptions()) command.addOption(option);
  command
    .addOption(new Option('--target <name>', 'only this target'))
    .addOption(new Option('--push <ref>', 'push the image, for example localhost:5000/iris:1'))
    .addOption(
      new Option('--output <kind:path>', 'write the image to oci:DIR or docker-archive:FILE').argParser(
        parseOutput,
      ),
    )
    .addOption(new Option('--check', 'build again what the store holds, and tell what differs'))
    .addOption(
      new Option('--check-name <name>', 'check only what is called so')
        .argParser((name: string, all: readonly string[]) => [...all, name])
        .default([], 'all'),
    )
    .addOption(jobsOption())
    .addOption(new Option('--json', 'print JSON'))
    .addHelpText('after', '\nExample:\n  $ cogpack realise --push localhost:5000/iris:1')
    .action(run);
}

const chooseImage = 'choose an image with --target';

/** The one image that a description has (or `--target` names), realised, and whole in the store. */
export async function realiseImage(
  path: string,
  flags: DescriptionFlags & NetworkFlags & { readonly target?: string; readonly jobs: number },
  store: Store,
  signal: AbortSignal,
  progress: Progress,
): Promise<Descriptor> {
  const evaluated = await evaluateLocked(path, flags);
  const targets = chosen(evaluated.targets, flags.target, true);
  const request = { evaluated, targets, store, project: projectOf(path), jobs: flags.jobs, network: flags };
  return buildAndDeliver({ ...request, signal, progress }, async (result, caches) => {
    remember(path, flags, targets, store);
    const image = imageOf(outputsOf(targets, evaluated.graph, result)[0]!, chooseImage);
    await bringImage(image, store, caches);
    return image;
  });
}

async function run(path: string, flags: Flags): Promise<void> {
  refuseOfflinePush(flags, 'write it with --output oci:DIR, and push it later without --offline');
  const evaluated = await evaluateLocked(path, flags);
  const one = flags.push !== undefined || flags.output !== undefined;
  const targets = chosen(evaluated.targets, flags.target, one);
  const store = openStore(flags.store);
  const signal = interruptSignal();
  const progress = createProgress(process.stderr);
  const request = { evaluated, targets, store, project: projectOf(path), jobs: flags.jobs, network: flags };
  try {
    if (flags.check || flags.checkName.length > 0) {
      await runCheck({ ...request, signal, progress }, flags);
      return;
    }
    const done = await buildAndDeliver({ ...request, signal, progress }, async (result, caches, tries) => {
      remember(path, flags, targets, store);
      const outputs = outputsOf(targets, evaluated.graph, result);
      if (flags.output !== undefined || (flags.push !== undefined && tries > 1)) {
        await bringImage(imageOf(outputs[0]!, chooseImage), store, caches);
      }
      const pushed =
        flags.push === undefined
          ? undefined
          : await push(flags.push, imageOf(outputs[0]!, chooseImage), { store, caches, signal, progress });
      if (flags.output !== undefined) await write(flags.output, imageOf(outputs[0]!, chooseImage), store);
      return { result, outputs, pushed };
    });
    progress.end();
    const { outputs, pushed } = done;
    const built = builtNow(done.result, evaluated.graph);
    process.stdout.write(
      flags.json
        ? `${JSON.stringify({ targets: outputs, built, ...(pushed && { pushed }) }, null, 2)}\n`
        : outputs.map(({ name, descriptor }) => `${name}  ${descriptor.digest}\n`).join(''),
    );
  } finally {
    progress.end();
  }
}

async function runCheck(request: BuildRequest, flags: Flags): Promise<void> {
  if (flags.push !== undefined || flags.output !== undefined) {
    throw new CogpackError('rebuild/alone', 'a check neither pushes nor writes an image', {
      hint: 'leave out --push and --output, or --check',
    });
  }
  const { check, checkText } = await import('./realise-check.ts');
  const summary = await check(request, flags.checkName);
  request.progress.end();
  process.stdout.write(flags.json ? `${JSON.stringify(summary, null, 2)}\n` : checkText(summary));
  if (summary.findings.length > 0) process.exitCode = 1;
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

async function push(reference: string, image: Descriptor, from: PushSource) {
  const { pushFromStore } = await import('./push.ts');
  return pushFromStore(reference, image, from);
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
