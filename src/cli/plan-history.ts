// cogpack plan history: what built images are made of, in the order in which they are named, as a history of builds.
import { existsSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseReference } from '@cogpack/registry-client';
import type { Command } from 'commander';
import { CogpackError } from '../base/error.ts';
import { writeFileAtomic } from '../base/files.ts';
import { projectOf } from '../description/project.ts';
import { findModel } from '../model/find.ts';
import type { Model } from '../model/model.ts';
import { formatHistory, type PastBuild, parseHistory } from '../plan/history.ts';
import { openStore } from '../store/store.ts';
import { storeOption } from './options.ts';
import { interruptSignal } from './terminal.ts';

type Flags = { readonly store: string; readonly add?: string };

export function addHistory(plan: Command): void {
  plan
    .command('history')
    .description('Print a history of builds: what images hold, the oldest first.')
    .argument('<models...>', 'projects, digests or IDs of the store, oci:DIR, or references to a registry')
    .option('--add <file>', 'add to this file, which is made if it is not there')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ cogpack plan history --add cogpack-history.json localhost:5000/iris:1 localhost:5000/iris:2',
    )
    .action(run);
}

async function run(names: readonly string[], flags: Flags): Promise<void> {
  const store = openStore(flags.store);
  const signal = interruptSignal();
  const builds: PastBuild[] = [];
  for (const name of names) builds.push(buildOf(await findModel(name, store, signal)));
  if (flags.add === undefined) {
    process.stdout.write(formatHistory(builds));
    return;
  }
  const before = existsSync(flags.add) ? parseHistory(readFileSync(flags.add, 'utf8'), flags.add) : [];
  writeFileAtomic(flags.add, formatHistory([...before, ...builds]));
  process.stdout.write(
    `${flags.add}: ${before.length + builds.length} builds, ${builds.length} of them new\n`,
  );
}

function buildOf({ name, labels, pieces }: Model): PastBuild {
  if (pieces.length > 0) return { model: modelName(name, labels), pieces };
  throw new CogpackError(
    'plan/pieces',
    `${name} does not say what it is made of: it has no label cogpack.pieces`,
    {
      hint: 'realise it again with this version of cogpack',
    },
  );
}

/** Builds of one model have one name: its title, else its repository, or the folder that it lies in. */
function modelName(name: string, labels: Readonly<Record<string, string>>): string {
  const title = labels['org.opencontainers.image.title'];
  if (title !== undefined) return title;
  if (/^(?:sha256:)?[0-9a-f]{6,64}$/.test(name)) return 'image';
  if (name.startsWith('oci:')) return basename(resolve(name.slice(4).replace(/:[\w][\w.-]*$/, '')));
  if (existsSync(name)) return basename(projectOf(name));
  return parseReference(name).repository;
}
