// cogpack cache push: shares what the store holds of a description's targets, signed, through a registry.

import type { OpenBlob } from '@cogpack/registry-client';
import type { Command } from 'commander';
import { formatBytes } from '../base/bytes.ts';
import { CogpackError } from '../base/error.ts';
import { configDir, onlyPrivateKey, readPrivateKey } from '../cache/key-files.ts';
import { closure } from '../graph/graph.ts';
import { takeLease } from '../store/leases.ts';
import { findRealisation } from '../store/realisations.ts';
import { openStore } from '../store/store.ts';
import { createLazyCaches } from './caches.ts';
import { type DescriptionFlags, evaluateLocked, withDescription } from './options.ts';
import { createProgress } from './progress.ts';
import { sourceOf } from './push.ts';
import { interruptSignal } from './terminal.ts';

type Flags = DescriptionFlags & {
  readonly cache: string;
  readonly key?: string;
  readonly json?: boolean;
};

export function add(program: Command): void {
  const cache = program.command('cache').description('What is shared through a registry.');
  withDescription(
    cache
      .command('push')
      .description("Push the realisations of a description's targets, and of all they are made of."),
  )
    .requiredOption('--cache <ref>', 'the repository, for example localhost:5000/cache')
    .option('--key <file>', 'the private key to sign with, where there are several')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ cogpack cache push --cache localhost:5000/cache')
    .action(run);
}

async function run(path: string, flags: Flags): Promise<void> {
  const [{ createClient }, { pushRealisations }, { cacheRepository }] = await Promise.all([
    import('@cogpack/registry-client'),
    import('../cache/push.ts'),
    import('../cache/repository.ts'),
  ]);
  const repository = cacheRepository(flags.cache);
  const key = flags.key === undefined ? onlyPrivateKey(configDir(process.env)) : readPrivateKey(flags.key);
  const { graph, targets } = await evaluateLocked(path, flags);
  const store = openStore(flags.store);
  for (const { name, digest } of targets) {
    if (findRealisation(store, digest) !== undefined) continue;
    throw new CogpackError('cache/not-realised', `the store ${store.dir} does not hold ${name}`, {
      hint: `run: cogpack realise ${path}`,
    });
  }
  const derivations = closure(
    graph,
    targets.map(target => target.digest),
  );
  const signal = interruptSignal();
  const progress = createProgress(process.stderr);
  const lease = await takeLease(store, derivations, signal);
  const caches = createLazyCaches(store, { cache: [] }, signal, progress);
  const client = createClient();
  try {
    const open: OpenBlob = sourceOf(store, caches);
    const onProgress = (done: number, total: number) =>
      progress.update('push', `push ${done} of ${total} realisations`);
    const { pushed, existing, blobs, bytes } = await pushRealisations({
      client,
      cache: repository,
      graph,
      derivations,
      store,
      key,
      open,
      signal,
      onProgress,
    });
    progress.end();
    process.stdout.write(
      flags.json
        ? `${JSON.stringify({ cache: repository.name, pushed, existing, blobs, bytes }, null, 2)}\n`
        : `${repository.name}: ${pushed.length} realisations pushed, ${existing.length} were there; ${blobs} blobs, ${formatBytes(bytes)}\n`,
    );
  } finally {
    progress.end();
    client.close();
    await caches.close();
    lease.release();
  }
}
