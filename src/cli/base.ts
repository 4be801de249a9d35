// cogpack base: what base images hold, and which one suits a description.
import type { Command } from 'commander';
import { addCatalogue } from './base-catalogue.ts';
import { addChoose } from './base-choose.ts';
import { addDescribe } from './base-describe.ts';

export function add(program: Command): void {
  const base = program
    .command('base')
    .description(
      'Describe base images, keep a catalogue of them, and choose the one that suits a description.',
    )
    .addHelpText('after', '\nExample:\n  $ cogpack base describe localhost:5000/base:1');
  addDescribe(base);
  addCatalogue(base);
  addChoose(base);
}
