// cogpack base catalogue: describes images into a catalogue file.
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { CogpackError } from '../base/error.ts';
import { type Base, readCatalogue, withBases, writeCatalogue } from '../catalogue/catalogue.ts';
import { locateModel } from '../model/locate.ts';
import { openStore } from '../store/store.ts';
import { describeWithProgress } from './base-describe.ts';
import { storeOption } from './options.ts';

type Flags = { readonly store: string; readonly platform: string; readonly json?: boolean };

export function addCatalogue(base: Command): void {
  base
    .command('catalogue')
    .description('Describe images into a catalogue, which is made if it is not there.')
    .argument('<file>', 'the catalogue')
    .argument('<images...>', 'references to a registry, or oci:DIR')
    .option('--platform <platform>', 'of images for several platforms, the one to describe', 'linux/amd64')
    .addOption(storeOption())
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ cogpack base catalogue bases.json localhost:5000/base:1 localhost:5000/base:2',
    )
    .action(run);
}

async function run(file: string, images: readonly string[], flags: Flags): Promise<void> {
  const before = basesIn(file);
  const store = openStore(flags.store);
  for (const reference of images) {
    if (locateModel(reference, store).kind !== 'store') continue;
    throw new CogpackError('base/reference', `${reference} is in the store of this machine alone`, {
      hint: 'push it, and name it by its reference',
    });
  }
  const added: Base[] = [];
  for (const reference of images)
    added.push({ reference, ...(await describeWithProgress(reference, flags)) });
  const saved = saveBases(file, before, added);
  process.stdout.write(flags.json ? `${JSON.stringify(saved, null, 2)}\n` : savedText(saved));
}

/** None where there is no file yet. Throws `base/catalogue`. */
export function basesIn(file: string): readonly Base[] {
  return existsSync(file) ? readCatalogue(file) : [];
}

/** How many bases a catalogue has, and how many of them were described now. */
export type Saved = { readonly file: string; readonly bases: number; readonly described: number };

export function saveBases(file: string, before: readonly Base[], added: readonly Base[]): Saved {
  const all = withBases(before, added);
  writeCatalogue(file, all);
  return { file, bases: all.length, described: added.filter(base => !before.includes(base)).length };
}

export function savedText({ file, bases, described }: Saved): string {
  return `${file}: ${bases} base${bases === 1 ? '' : 's'}, ${described} described now\n`;
}
