// cogpack base build: realises the images of a matrix, pushes each under its name, and keeps a catalogue of them.
import { formatReference, parseReference } from '@cogpack/registry-client';
import type { Command } from 'commander';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import type { LayerEntries } from '../base-image/describe.ts';
import { describeBase } from '../base-image/find.ts';
import type { Base } from '../catalogue/catalogue.ts';
import { projectOf } from '../description/project.ts';
import { openStore } from '../store/store.ts';
import { basesIn, saveBases, savedText } from './base-catalogue.ts';
import { bringImage, buildAndDeliver } from './build.ts';
import { type NetworkFlags, networkOptions } from './caches.ts';
import { type DescriptionFlags, evaluateLocked, jobsOption, withDescription } from './options.ts';
import { createProgress } from './progress.ts';
import { type PushSource, pushFromStore } from './push.ts';
import { builtNow, imageOf, outputsOf, refuseOfflinePush, remember } from './targets.ts';
import { interruptSignal } from './terminal.ts';

type Flags = DescriptionFlags &
  NetworkFlags & {
    readonly push?: string;
    readonly catalogue?: string;
    readonly jobs: number;
    readonly json?: boolean;
  };

export function addBuild(base: Command): void {
  const command = withDescription(
    base
      .command('build')
      .description(
        'Build the base images of a matrix (a description with cog.matrix); push and catalogue them.',
      ),
    'the description of the bases',
  );
  for (const option of networkOptions()) command.addOption(option);
  command
    .option('--push <repository>', 'push each image as REPOSITORY:NAME')
    .option('--catalogue <file>', 'describe what is pushed into this catalogue')
    .addOption(jobsOption())
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ cogpack lock && cogpack base build --push localhost:5000/bases --catalogue bases.json',
    )
    .action(run);
}

async function run(path: string, flags: Flags): Promise<void> {
  if (flags.catalogue !== undefined && flags.push === undefined) {
    throw new CogpackError('base/reference', 'a catalogue names bases as others find them', {
      hint: 'push them too: --push REPOSITORY',
    });
  }
  refuseOfflinePush(flags, 'build them, and push them later without --offline');
  const before = flags.catalogue === undefined ? [] : basesIn(flags.catalogue);
  const evaluated = await evaluateLocked(path, flags);
  const { graph, targets } = evaluated;
  const references = new Map(
    targets.map(({ name }) => [name, flags.push === undefined ? undefined : referenceIn(flags.push, name)]),
  );
  const store = openStore(flags.store);
  const signal = interruptSignal();
  const progress = createProgress(process.stderr);
  const request = { evaluated, targets, store, project: projectOf(path), jobs: flags.jobs, network: flags };
  try {
    const done = await buildAndDeliver({ ...request, signal, progress }, async (result, caches, tries) => {
      remember(path, flags, targets, store);
      const images = outputsOf(targets, graph, result).map(output => ({
        ...output,
        descriptor: imageOf(output, 'take it out: a description of bases has images only'),
        reference: references.get(output.name),
      }));
      const source = { store, caches, signal, progress };
      for (const { descriptor, reference } of images) {
        if (reference === undefined) continue;
        if (tries > 1) await bringImage(descriptor, store, caches);
        await pushFromStore(reference, descriptor, source);
      }
      const bases = flags.catalogue === undefined ? [] : await basesOf(images, before, source);
      return { result, images, bases };
    });
    progress.end();
    const catalogue =
      flags.catalogue === undefined ? undefined : saveBases(flags.catalogue, before, done.bases);
    const built = builtNow(done.result, graph);
    process.stdout.write(
      flags.json
        ? `${JSON.stringify({ targets: done.images, built, catalogue }, null, 2)}\n`
        : `${done.images.map(lineOf).join('')}${catalogue ? savedText(catalogue) : ''}`,
    );
  } finally {
    progress.end();
  }
}

type Image = {
  readonly name: string;
  readonly descriptor: Descriptor;
  /** Where it was pushed to. */
  readonly reference: string | undefined;
};

function lineOf({ name, descriptor: { digest }, reference }: Image): string {
  return `${name}  ${reference === undefined ? digest : `${reference}@${digest}`}\n`;
}

/** Throws RegistryError where a repository and a name make no reference. */
function referenceIn(repository: string, name: string): string {
  const { tag, digest, ...place } = parseReference(repository);
  if (tag === undefined && digest === undefined)
    return formatReference(parseReference(formatReference({ ...place, tag: name, digest })));
  throw new CogpackError(
    'base/reference',
    `${repository} is an image, and bases are pushed to a repository`,
    {
      hint: `leave out its ${digest === undefined ? 'tag' : 'digest'}: the names of the bases are their tags`,
    },
  );
}

/** What was pushed, described from the store; as it was before where the digest is the same. */
async function basesOf(
  images: readonly Image[],
  before: readonly Base[],
  { store, caches, signal, progress }: PushSource,
): Promise<Base[]> {
  const layers: LayerEntries = new Map();
  const bases: Base[] = [];
  for (const { descriptor, reference } of images) {
    if (reference === undefined) continue;
    const known = before.find(base => base.reference === reference && base.digest === descriptor.digest);
    if (known === undefined) {
      progress.update(reference, `describe ${reference}`);
      await bringImage(descriptor, store, caches);
      const described = await describeBase({ text: descriptor.digest, store, signal, layers });
      bases.push({ reference, ...described });
      progress.finish(reference);
    } else bases.push(known);
  }
  return bases;
}
