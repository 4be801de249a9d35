// cogpack store verify: re-hashes every blob of the store.

import type { Command } from 'commander';
import { formatBytes } from '../base/bytes.ts';
import { openStore } from '../store/store.ts';
import { verifyStore } from '../store/verify.ts';
import { storeOption } from './options.ts';
import { createProgress } from './progress.ts';
import { interruptSignal } from './terminal.ts';

export function add(program: Command): void {
  const store = program.command('store').description('Look after the store.');
  store
    .command('verify')
    .description('Re-hash every blob and check every realisation; exit code 1 when something is wrong.')
    .addOption(storeOption())
    .option(
      '--repair',
      'remove what is wrong and what ended processes left; it is made anew when it is needed',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ cogpack store verify --store ./store')
    .action(async (flags: { store: string; repair?: boolean; json?: boolean }) => {
      const progress = createProgress(process.stderr);
      const result = await verifyStore(openStore(flags.store), {
        signal: interruptSignal(),
        repair: flags.repair === true,
        onProgress: (done, total) => progress.update('verify', 'verify', done, total),
      });
      progress.end();
      const problems = result.problems.map(({ path, problem }) => `${path}: ${problem}`);
      process.stdout.write(
        flags.json
          ? `${JSON.stringify(result, null, 2)}\n`
          : `${[...problems, `${result.blobs} blobs, ${formatBytes(result.bytes)}, ${problems.length} problems`].join('\n')}\n`,
      );
      if (problems.length > 0) process.exitCode = 1;
    });
}
