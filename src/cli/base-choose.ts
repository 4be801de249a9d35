// cogpack base choose: the base of a catalogue that suits a description, and why.
import { formatReference, parseReference } from '@cogpack/registry-client';
import type { Command } from 'commander';
import { formatBytes } from '../base/bytes.ts';
import { CogpackError } from '../base/error.ts';
import { type Base, readCatalogue } from '../catalogue/catalogue.ts';
import { needsOf } from '../catalogue/needs.ts';
import { type Fit, type Part, type Ranking, rankBases } from '../catalogue/rank.ts';
import { evaluateDescription } from '../description/evaluate.ts';
import { readLock } from '../lock/lock-file.ts';
import { type DescriptionFlags, evaluationOptions, lockFileOf, withDescription } from './options.ts';

type Flags = DescriptionFlags & {
  readonly catalogue: string;
  readonly explain?: boolean;
  readonly json?: boolean;
};

export function addChoose(base: Command): void {
  withDescription(
    base
      .command('choose')
      .description(
        'Print the base of a catalogue that suits a description, as a line for it. Asks no network.',
      ),
  )
    .requiredOption('--catalogue <file>', 'the catalogue, as cogpack base catalogue writes it')
    .option('--explain', 'print every base, with what it has, what is added, and what makes it unfit')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ cogpack base choose --catalogue bases.json --explain')
    .action(run);
}

async function run(path: string, flags: Flags): Promise<void> {
  const answers = readLock(lockFileOf(path));
  const { asked } = await evaluateDescription(evaluationOptions(path, flags, answers));
  const ranking = rankBases(needsOf(asked, answers), readCatalogue(flags.catalogue));
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(jsonOf(ranking), null, 2)}\n`);
    return;
  }
  if (flags.explain) process.stdout.write(explanation(ranking));
  const [best] = ranking.fits;
  if (best === undefined) {
    throw new CogpackError('base/unfit', `no base of ${flags.catalogue} suits ${path}`, {
      hint: flags.explain ? 'add others with: cogpack base catalogue' : '--explain tells why',
    });
  }
  process.stdout.write(`${lineOf(best.base)}  // ${summaryOf(best)}\n`);
}

function jsonOf({ fits, unfit }: Ranking) {
  const named = ({ reference, digest }: Base) => ({ reference, digest, base: pinned({ reference, digest }) });
  return {
    fits: fits.map(({ base, ...fit }) => ({ ...named(base), ...fit })),
    unfit: unfit.map(({ base, reasons }) => ({ ...named(base), reasons })),
  };
}

function lineOf(base: Base): string {
  return `base: '${pinned(base)}',`;
}

/** A registry's reference by digest; a layout is pinned by the lock. */
function pinned({ reference, digest }: Pick<Base, 'reference' | 'digest'>): string {
  return reference.startsWith('oci:') ? reference : formatReference({ ...parseReference(reference), digest });
}

function summaryOf({ has, adds, size, saved, carried }: Fit): string {
  const parts = `has ${has.length} of ${has.length + adds.length} parts`;
  return saved === undefined || carried === undefined
    ? `${parts}, ${formatBytes(size)}`
    : `${parts}: saves ${formatBytes(saved)}, carries ${formatBytes(carried)} for nothing`;
}

function explanation({ fits, unfit }: Ranking): string {
  return [
    ...fits.flatMap((fit, index) => [
      `${index + 1}. ${fit.base.reference}: ${summaryOf(fit)}`,
      ...listed('has', fit.has),
      ...listed('adds', fit.adds),
    ]),
    ...(unfit.length === 0 ? [] : ['unfit:']),
    ...unfit.flatMap(({ base, reasons }) => reasons.map(reason => `   ${base.reference}: ${reason}`)),
    '',
    '',
  ].join('\n');
}

const mostNamed = 8;

function listed(title: string, parts: readonly Part[]): string[] {
  if (parts.length === 0) return [];
  const largest = parts.toSorted((a, b) => (b.size ?? 0) - (a.size ?? 0)).slice(0, mostNamed);
  const names = largest.map(({ name, version }) => [name, version].filter(Boolean).join(' '));
  const more = parts.length > mostNamed ? ` and ${parts.length - mostNamed} more` : '';
  return [`   ${title} ${names.join(', ')}${more}`];
}
