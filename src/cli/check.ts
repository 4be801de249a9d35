// cogpack check: the proof that an image's programs and libraries can be loaded, for people or as JSON.
import type { Command } from 'commander';
import { describeConflict, describeFinding } from '../check/describe.ts';
import type { CheckReport } from '../check/index.ts';
import { openStore } from '../store/store.ts';
import { storeOption } from './options.ts';
import { whileReading } from './progress.ts';
import { type Proof, proveImage } from './proof.ts';
import { interruptSignal } from './terminal.ts';

type Flags = { readonly store: string; readonly platform?: string; readonly json?: boolean };

export function add(program: Command): void {
  program
    .command('check')
    .description(
      'Tell whether an image has every library that its programs need. Of an image of the store the report is printed that was made before it; of any other, layers are read. Nothing is run.',
    )
    .argument('[image]', 'a project, a digest or ID of the store, oci:DIR, or a reference to a registry', '.')
    .option('--platform <platform>', 'of an image for several platforms, the one to check', 'linux/amd64')
    .addOption(storeOption())
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  $ cogpack check\n  $ cogpack check registry.example/model:1 --json')
    .action(async (text: string, flags: Flags) => {
      const proof = await proveWithProgress(text, flags);
      const isSound = proof.report.findings.length + proof.conflicts.length === 0;
      const { report, ...rest } = proof;
      process.stdout.write(
        flags.json ? `${JSON.stringify({ ...rest, ...report }, null, 2)}\n` : textOf(text, proof),
      );
      if (!isSound) process.exitCode = 1;
    });
}

function proveWithProgress(text: string, { store, platform }: Flags): Promise<Proof> {
  const image = { text, store: openStore(store), platform, signal: interruptSignal() };
  return whileReading(text, onProgress => proveImage({ ...image, onProgress }));
}

function textOf(
  text: string,
  { digest, platform, derivation, architectures, conflicts, report }: Proof,
): string {
  const faults = [...report.findings.map(describeFinding), ...conflicts.map(describeConflict)];
  const rows: [string, string][] = [
    ['image', text],
    ['digest', digest],
    ['platform', platform],
    ['proof', derivation ?? 'of its layers, read now'],
    ['checked', `${report.checked} programs and libraries`],
    ['asked for', architectures.join(', ')],
    ['result', faults.length === 0 ? 'sound' : faults.length === 1 ? 'one fault' : `${faults.length} faults`],
  ];
  return [
    ...rows.filter(([, value]) => value !== '').map(([name, value]) => `${name.padEnd(11)}${value}\n`),
    list('faults', faults),
    list("libraries of the host's driver", report.driver),
    list('taken to be loaded first by a package', assumedLines(report)),
    list("faults of the base's own files, which are let pass", (report.base ?? []).map(describeFinding)),
    list('plugins that cannot be loaded', report.plugins.map(describeFinding)),
    list('interpreters that scripts of packages lack', scriptLines(report)),
    list('code for GPUs', report.gpu.map(gpuLine)),
  ].join('');
}

function gpuLine({ package: from, cubin, ptx }: CheckReport['gpu'][number]): string {
  const names = [...cubin.map(number => `sm_${number}`), ...ptx.map(number => `compute_${number}`)];
  return `${from}: ${names.join(', ')}`;
}

/** A line for each interpreter, with the packages and how many programs of each. */
function scriptLines({ scripts }: CheckReport): string[] {
  const found = scripts.flatMap(each => (each.kind === 'missing-interpreter' ? [each] : []));
  return [...Map.groupBy(found, each => each.interpreter)].map(([interpreter, programs]) => {
    const packages = [...Map.groupBy(programs, each => each.package)]
      .map(([name, { length }]) => `${name}${length === 1 ? '' : ` × ${length}`}`)
      .sort();
    const provider = programs[0]!.provider;
    return `${interpreter}${provider === undefined ? '' : ` of ${provider}`}: ${packages.join(', ')}`;
  });
}

/** A line for each package, as many of its files need the same. */
function assumedLines({ assumed }: CheckReport): string[] {
  return [...Map.groupBy(assumed, each => each.package)].map(([name, needs]) => {
    const sonames = [...new Set(needs.map(({ soname }) => soname))].sort();
    const files = new Set(needs.map(({ file }) => file)).size;
    return `${name}: ${sonames.join(', ')} for ${files === 1 ? 'one file' : `${files} files`}`;
  });
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${title}\n${lines.map(line => `  ${line}\n`).join('')}`;
}
