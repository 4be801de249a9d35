// cogpack registry serve: an OCI registry over a store, until ^C.
import { readFileSync } from 'node:fs';
import { startServer } from '@cogpack/registry-client/server';
import { type Command, InvalidArgumentError } from 'commander';
import { CogpackError } from '../base/error.ts';
import { openStore } from '../store/store.ts';
import { storeOption } from './options.ts';

type Flags = {
  readonly store: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly readOnly?: boolean;
  readonly htpasswd?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
};

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
    .option('--read-only', 'refuse what would change anything')
    .option('--htpasswd <file>', 'let in only these users (bcrypt entries)')
    .option('--tls-cert <file>', 'serve HTTPS with this certificate (PEM)')
    .option('--tls-key <file>', 'and this private key (PEM)')
    .addHelpText('after', '\nExample:\n  $ cogpack registry serve --store ./registry --listen 127.0.0.1:5000')
    .action(async (flags: Flags) => {
      const server = await startServer({
        dir: openStore(flags.store).dir,
        ...flags.listen,
        readOnly: flags.readOnly,
        htpasswd: flags.htpasswd,
        tls: tlsOf(flags),
      });
      process.stdout.write(`${server.url}\n`);
      await new Promise<void>(resolve => {
        process.once('SIGINT', resolve);
        process.once('SIGTERM', resolve);
      });
      await server.close();
    });
}

function tlsOf({ tlsCert, tlsKey }: Flags): { cert: string; key: string } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert !== undefined && tlsKey !== undefined) {
    return { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') };
  }
  throw new CogpackError('registry/tls', 'HTTPS needs both --tls-cert and --tls-key');
}

function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:(\[[^\]]+\]|[^:]+):)?(\d+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('host:port is expected, for example 127.0.0.1:5000');
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port: Number(match[2]) };
}
