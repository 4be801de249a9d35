// cogpack base describe: what an image holds, read from its layers.
import type { Command } from 'commander';
import { formatBytes } from '../base/bytes.ts';
import { type DescribedBase, describeBase } from '../base-image/find.ts';
import { openStore } from '../store/store.ts';
import { storeOption } from './options.ts';
import { whileReading } from './progress.ts';
import { interruptSignal } from './terminal.ts';

type Flags = { readonly store: string; readonly platform?: string; readonly json?: boolean };

export function addDescribe(base: Command): void {
  base
    .command('describe')
    .description(
      'Print what an image holds: system, Python, packages, CUDA. Its layers are read; nothing is run.',
    )
    .argument('<image>', 'a project, a digest or ID of the store, oci:DIR, or a reference to a registry')
    .option('--platform <platform>', 'of an image for several platforms, the one to describe', 'linux/amd64')
    .addOption(storeOption())
    .option('--json', 'print JSON: {reference, digest, metadata}, as a catalogue has it')
    .addHelpText('after', '\nExample:\n  $ cogpack base describe localhost:5000/base:1')
    .action(async (text: string, flags: Flags) => {
      const described = await describeWithProgress(text, flags);
      process.stdout.write(
        flags.json
          ? `${JSON.stringify({ reference: text, ...described }, null, 2)}\n`
          : textOf(text, described),
      );
    });
}

/** Tells a terminal how far it is. Throws as `describeBase`. */
export function describeWithProgress(
  text: string,
  { store, platform }: Pick<Flags, 'store' | 'platform'>,
): Promise<DescribedBase> {
  const image = { text, store: openStore(store), platform, signal: interruptSignal() };
  return whileReading(text, onProgress => describeBase({ ...image, onProgress }));
}

function textOf(text: string, { digest, metadata }: DescribedBase): string {
  const { os, venv, cuda, torch, layers } = metadata;
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  const rows: [string, string | undefined][] = [
    ['image', text],
    ['digest', digest],
    ['platform', metadata.platform],
    ['size', `${formatBytes(size)} in ${layers.length} layer${layers.length === 1 ? '' : 's'}`],
    ['system', [os.id, os.version, os.codename && `(${os.codename})`].filter(Boolean).join(' ')],
    ['glibc', metadata.glibc],
    ['python', metadata.pythons.map(({ version, path }) => `${version} (${path})`).join(', ')],
    ['venv', venv && `${venv.path}, Python ${venv.python}`],
    ['cuda', cuda?.version],
    ['cudnn', metadata.cudnn],
    ['nccl', metadata.nccl],
    ['torch', torch && `${torch.version}${torch.cuda === undefined ? '' : `, for CUDA ${torch.cuda}`}`],
    ['user, folder', `${metadata.user}, ${metadata.workdir ?? '/'}`],
    ['command', [...(metadata.entrypoint ?? []), ...(metadata.cmd ?? [])].join(' ')],
  ];
  const head = rows.filter(([, value]) => value).map(([name, value]) => `${name.padEnd(13)}${value}\n`);
  const places = Map.groupBy(metadata.packages, ({ path }) => path);
  return [
    ...head,
    ...[...places].map(([path, packages]) =>
      list(
        `python packages in ${path}`,
        packages.map(({ name, version }) => `${name} ${version}`),
      ),
    ),
    list(
      'debian packages',
      metadata.debian.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`),
    ),
    list(
      'cuda libraries',
      (cuda?.libraries ?? []).map(({ soname, path }) => `${soname}  ${path}`),
    ),
    list(
      'environment',
      Object.entries(metadata.env).map(([name, value]) => `${name}=${value}`),
    ),
  ].join('');
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${title}\n${lines.map(line => `  ${line}\n`).join('')}`;
}
