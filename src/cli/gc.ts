// cogpack gc: removes from the store what nothing needs.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatBytes } from '../base/bytes.ts';
import { type Collected, collect } from '../store/collect.ts';
import { openStore } from '../store/store.ts';
import { wholeNumber } from './numbers.ts';
import { storeOption } from './options.ts';
import { interruptSignal } from './terminal.ts';

type Flags = {
  readonly store: string;
  readonly keepDays: number;
  readonly maxSize?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
};

const day = 24 * 60 * 60 * 1000;

export function add(program: Command): void {
  program
    .command('gc')
    .description('Remove from the store what no recent build, registry or running build needs.')
    .addOption(storeOption())
    .addOption(
      new Option('--keep-days <n>', 'keep what was used in the last N days')
        .argParser(wholeNumber)
        .default(30),
    )
    .addOption(
      new Option('--max-size <size>', 'keep at most this much, such as 50GB; the last used first').argParser(
        parseSize,
      ),
    )
    .option('--dry-run', 'only tell what would be removed')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ cogpack gc --keep-days 7 --max-size 50GB')
    .action(async (flags: Flags) => {
      const result = await collect(openStore(flags.store), {
        keepMs: flags.keepDays * day,
        maxBytes: flags.maxSize,
        dryRun: flags.dryRun === true,
        signal: interruptSignal(),
      });
      process.stdout.write(
        flags.json ? `${JSON.stringify(result, null, 2)}\n` : text(result, flags.dryRun === true),
      );
    });
}

function text(result: Collected, dryRun: boolean): string {
  const letGo = result.letGo.map(
    ({ description, target }) => `${dryRun ? 'would let go' : 'let go'} ${target} of ${description}\n`,
  );
  const removed = `${dryRun ? 'would remove' : 'removed'} ${result.removedBlobs} blobs, ${formatBytes(result.removedBytes)}`;
  return `${letGo.join('')}${removed}; ${result.keptBlobs} blobs, ${formatBytes(result.keptBytes)} are kept\n`;
}

const units: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([KMGT]?)B?$/i.exec(text);
  if (match === null) throw new InvalidArgumentError('a size is expected, such as 500MB or 50GB');
  return Number(match[1]) * units[match[2]!.toUpperCase()]!;
}
