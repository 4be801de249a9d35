// cogpack base: what base images hold, which one suits a description, and how a set of them is made.
import type { Command } from 'commander';
import { addBuild } from './base-build.ts';
import { addCatalogue } from './base-catalogue.ts';
import { addChoose } from './base-choose.ts';
import { addDescribe } from './base-describe.ts';

export function add(program: Command): void {
  const base = program
    .command('base')
    .description(
      'Describe base images, keep a catalogue of them, choose the one that suits a description, and build them.',
    )
    .addHelpText('after', '\nExample:\n  $ cogpack base describe localhost:5000/base:1');
  addDescribe(base);
  addCatalogue(base);
  addChoose(base);
  addBuild(base);
}
