// cogpack base catalogue: describes images into a catalogue file.
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { CogpackError } from '../base/error.ts';
import { type Base, readCatalogue, withBases, writeCatalogue } from '../catalogue/catalogue.ts';
import { locateModel } from '../model/locate.ts';
import { openStore } from '../store/store.ts';
import { describeWithProgress } from './base-describe.ts';
import { storeOption } from './options.ts';

type Flags = { readonly store: string; readonly platform: string };

export function addCatalogue(base: Command): void {
  base
    .command('catalogue')
    .description('Describe images into a catalogue, which is made if it is not there.')
    .argument('<file>', 'the catalogue')
    .argument('<images...>', 'references to a registry, or oci:DIR')
    .option('--platform <platform>', 'of images for several platforms, the one to describe', 'linux/amd64')
    .addOption(storeOption())
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
  process.stdout.write(saveBases(file, before, added));
}

/** None where there is no file yet. Throws `base/catalogue`. */
export function basesIn(file: string): readonly Base[] {
  return existsSync(file) ? readCatalogue(file) : [];
}

/** Writes the catalogue; gives a line that tells how many there are. */
export function saveBases(file: string, before: readonly Base[], described: readonly Base[]): string {
  const all = withBases(before, described);
  writeCatalogue(file, all);
  const added = described.filter(base => !before.includes(base)).length;
  return `${file}: ${all.length} base${all.length === 1 ? '' : 's'}, ${added} described now\n`;
}
