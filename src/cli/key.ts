// cogpack key: the keys that realisations in a shared cache are signed with, and those that are trusted.
import type { Command } from 'commander';
import {
  configDir,
  privateKeyFile,
  privateKeyFiles,
  readPrivateKey,
  readTrustedKeys,
  trustKey,
  writePrivateKey,
} from '../cache/key-files.ts';
import { formatPublicKey, generateKey, parsePublicKey, publicKeyOf } from '../cache/keys.ts';

export function add(program: Command): void {
  const key = program.command('key').description('Keys that sign what is shared through a cache.');
  const config = configDir(process.env);
  key
    .command('generate')
    .description('Make a key; print its public half, the line that others trust.')
    .option('--name <name>', 'what it is called; unless given, after its public half')
    .option('--key <file>', `where the private key goes, instead of the folder of keys`)
    .addHelpText('after', '\nExample:\n  $ cogpack key generate --name team-ci')
    .action((flags: { name?: string; key?: string }) => {
      const made = generateKey(flags.name);
      writePrivateKey(made, flags.key ?? privateKeyFile(config, made.name));
      process.stdout.write(`${formatPublicKey(publicKeyOf(made))}\n`);
    });
  key
    .command('trust')
    .description('Accept what this key has signed.')
    .argument('<line>', 'a public key, name:base64')
    .addHelpText(
      'after',
      '\nExample:\n  $ cogpack key trust team-ci:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
    )
    .action((line: string) => {
      const trusted = parsePublicKey(line);
      trustKey(config, trusted);
      process.stdout.write(`${trusted.name} is trusted\n`);
    });
  key
    .command('list')
    .description('The public halves of own keys, and the keys that are trusted.')
    .option('--json', 'print JSON')
    .action((flags: { json?: boolean }) => {
      const own = privateKeyFiles(config).map(file => formatPublicKey(publicKeyOf(readPrivateKey(file))));
      const trusted = [...readTrustedKeys(config).values()].map(formatPublicKey);
      process.stdout.write(
        flags.json
          ? `${JSON.stringify({ own, trusted }, null, 2)}\n`
          : [...own.map(line => `own      ${line}\n`), ...trusted.map(line => `trusted  ${line}\n`)].join(''),
      );
    });
}
