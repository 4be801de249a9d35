// cogpack registry serve: an OCI registry over a store, until ^C.
import { startServer } from '@cogpack/registry-client/server';
import { type Command, InvalidArgumentError } from 'commander';
import { openStore } from '../store/store.ts';
import { storeOption } from './options.ts';

export function add(program: Command): void {
  program
    .command('registry')
    .description('A registry on this machine.')
    .command('serve')
    .description('Serve the store as an OCI registry, until ^C.')
    .addOption(storeOption())
    .option('--listen <address>', 'host:port; port 0 is a free one', parseAddress, {
      host: '127.0.0.1',
      port: 0,
    })
    .addHelpText('after', '\nExample:\n  $ cogpack registry serve --store ./registry --listen 127.0.0.1:5000')
    .action(async (flags: { store: string; listen: { host: string; port: number } }) => {
      const server = await startServer({ dir: openStore(flags.store).dir, ...flags.listen });
      process.stdout.write(`${server.url}\n`);
      await new Promise<void>(resolve => {
        process.once('SIGINT', resolve);
        process.once('SIGTERM', resolve);
      });
      await server.close();
    });
}

function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:(\[[^\]]+\]|[^:]+):)?(\d+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('host:port is expected, for example 127.0.0.1:5000');
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port: Number(match[2]) };
}
