// cogpack plan: which pieces share a layer, and why; and the history of builds from which that is learnt.
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { formatBytes } from '../base/bytes.ts';
import { CogpackError, isSystemError, messageOf } from '../base/error.ts';
import type { Target } from '../description/evaluate.ts';
import type { TargetLayer } from '../description/plan.ts';
import { type Duplicates, findDuplicates } from '../plan/duplicates.ts';
import { type History, parseHistory } from '../plan/history.ts';
import { findRealisation } from '../store/realisations.ts';
import { openStore, type Store } from '../store/store.ts';
import { type DescriptionFlags, evaluateLocked, withDescription } from './options.ts';
import { addHistory } from './plan-history.ts';
import { layersOfOthers, scansOf } from './scanned.ts';

type Flags = DescriptionFlags & { readonly history: readonly string[]; readonly json?: boolean };

type Layer = Omit<TargetLayer, 'pieces'> & {
  readonly pieces: TargetLayer['pieces'];
  /** About, from what is fetched. */
  readonly size: number;
  /** What the store has of it. */
  readonly realised?: { readonly digest: string; readonly size: number };
};

type Report = {
  readonly name: string;
  readonly layers: readonly Layer[];
  /** Where the image is in the store. */
  readonly duplicates?: Duplicates;
};

export function add(program: Command): void {
  const command = withDescription(
    program
      .command('plan')
      .description('Print the layers of the targets, what each holds and why; and what files they repeat.'),
  );
  command
    .addOption(
      new Option(
        '--history <file>',
        'plan by these builds, in place of those that the description names; again for more',
      )
        .argParser((file: string, all: readonly string[]) => [...all, file])
        .default([], "the description's"),
    )
    .addOption(new Option('--json', 'print JSON'))
    .addHelpText('after', '\nExample:\n  $ cogpack plan examples/quickstart/cogpack.jsonnet')
    .action(run);
  addHistory(command);
}

async function run(path: string, flags: Flags): Promise<void> {
  const histories = flags.history.length === 0 ? undefined : flags.history.map(readHistory);
  const { targets } = await evaluateLocked(path, flags, { histories, withPlans: true });
  const store = openStore(flags.store);
  const reports = targets.flatMap(target =>
    target.plan === undefined ? [] : [reportOf(target, target.plan, store)],
  );
  if (reports.length === 0) {
    throw new CogpackError('plan/none', `${path} describes no model: there is nothing to plan`, {
      hint: 'cogpack eval prints what it describes',
    });
  }
  process.stdout.write(
    flags.json ? `${JSON.stringify({ targets: reports }, null, 2)}\n` : reports.map(textOf).join('\n'),
  );
}

function readHistory(file: string): History {
  try {
    return parseHistory(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'EISDIR', 'EACCES')) throw error;
    throw new CogpackError('plan/history', `${file} cannot be read: ${messageOf(error)}`, {
      hint: 'cogpack plan history REF… writes a history',
      cause: error,
    });
  }
}

function reportOf({ name, digest }: Target, plan: readonly TargetLayer[], store: Store): Report {
  const layers = plan.map((layer): Layer => {
    const realised = findRealisation(store, layer.derivation)?.layer;
    return {
      ...layer,
      size: layer.pieces.reduce((sum, piece) => sum + piece.size, 0),
      ...(realised !== undefined && { realised: { digest: realised.digest, size: realised.size } }),
    };
  });
  if (findRealisation(store, digest) === undefined) return { name, layers };
  const scanOf = scansOf(store);
  const scans = (digests: readonly string[]) => digests.flatMap(each => scanOf(each) ?? []);
  const own = scans(layers.flatMap(layer => layer.realised?.digest ?? []));
  const others = scans(layersOfOthers(store, digest));
  return { name, layers, duplicates: findDuplicates(own, others, layers.length - own.length) };
}

function textOf({ name, layers, duplicates }: Report): string {
  const total = layers.reduce((sum, layer) => sum + (layer.realised?.size ?? layer.size), 0);
  const lines = layers.flatMap((layer, index) => {
    const size = formatBytes(layer.realised?.size ?? layer.size);
    return [
      `${String(index + 1).padStart(3)}  ${size.padStart(7)}  ${blocksOf(layer)}: ${heldBy(layer)}`,
      `              ${layer.reason}`,
    ];
  });
  return [
    `${name}: ${layers.length} layers, ${formatBytes(total)}`,
    ...lines,
    ...(duplicates ? repeated(duplicates, layers.length) : []),
    '',
  ].join('\n');
}

const mostNames = 8;

function heldBy({ pieces }: Layer): string {
  const names = pieces.map(piece => `${piece.name} ${piece.version}`.trimEnd());
  if (names.length <= mostNames) return names.join(', ');
  return `${names.slice(0, mostNames - 1).join(', ')} and ${names.length - mostNames + 1} more`;
}

function blocksOf({ pieces }: Layer): string {
  return [...new Set(pieces.map(piece => piece.block))].join(', ');
}

function repeated(
  { bytes, unscanned, inImage, largest, sharedLayers, elsewhere }: Duplicates,
  count: number,
): string[] {
  const left = unscanned === 0 ? '' : ` (${unscanned} of ${count} layers not scanned)`;
  return [
    '',
    `files: ${formatBytes(bytes)} unpacked${left}; the same size and CRC-32 count as the same content`,
    `  ${formatBytes(inImage).padStart(7)}  are copies within the image`,
    ...largest.map(
      each =>
        `  ${formatBytes(each.bytes).padStart(7)}    ${each.paths[0]} and ${each.paths.length - 1} more`,
    ),
    `  ${formatBytes(sharedLayers).padStart(7)}  are in layers that other images of the store share`,
    `  ${formatBytes(elsewhere).padStart(7)}  are in other images of the store too, in other layers`,
  ];
}
