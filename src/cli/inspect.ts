// cogpack inspect: what an image is and what it holds.

import type { Command } from 'commander';
import { formatBytes } from '../base/bytes.ts';
import { findModel } from '../model/find.ts';
import type { Model } from '../model/model.ts';
import { openStore } from '../store/store.ts';
import { storeOption } from './options.ts';
import { interruptSignal } from './terminal.ts';

export function add(program: Command): void {
  program
    .command('inspect')
    .description('Tell what an image is: its packages, schema, layers and derivations.')
    .argument('[model]', 'a project, a digest or ID of the store, oci:DIR, or a reference to a registry', '.')
    .addOption(storeOption())
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ cogpack inspect localhost:5000/iris:1')
    .action(async (name: string, flags: { store: string; json?: boolean }) => {
      const model = await findModel(name, openStore(flags.store), interruptSignal());
      process.stdout.write(flags.json ? `${JSON.stringify(model, null, 2)}\n` : text(model));
    });
}

function text(model: Model): string {
  const rows: [string, string][] = [
    ['name', model.name],
    ['digest', model.digest],
    ['platform', model.platforms.join(', ')],
    ['size', `${formatBytes(model.size)} in ${model.layers.length} layers`],
    ['command', model.command.join(' ')],
    ['user, folder', `${model.user}, ${model.workdir}`],
    ['ports', model.ports.join(', ')],
    ['python', model.python ?? ''],
    ['cog', model.cog ?? ''],
    ['gpu', model.gpu ? 'needed' : 'not needed'],
    ['derivation', model.derivations.join(', ')],
  ];
  const head = rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name.padEnd(13)}${value}\n`);
  const lists = [
    list('why these builds', (model.labels['cogpack.gpu.reasons'] ?? '').split('\n').filter(Boolean)),
    list(
      'python packages',
      model.packages.map(({ name, version }) => `${name} ${version}`),
    ),
    list(
      'debian packages',
      model.debian.map(({ name, version }) => `${name} ${version}`),
    ),
    list(
      'layers',
      model.layers.map(layer => `${layer.digest}  ${formatBytes(layer.size).padStart(8)}  ${layer.for}`),
    ),
  ];
  return head.join('') + lists.join('');
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${title}\n${lines.map(line => `  ${line}\n`).join('')}`;
}
