// The runner of builders, made when the first is needed: a realise that builds nothing loads neither builders, nor
// the network, nor worker threads.
import type { RunBuilder } from '../graph/realise.ts';
import type { BuilderRunner } from '../graph/workers.ts';
import type { Store } from '../store/store.ts';

export type LazyRunner = { readonly run: RunBuilder; readonly close: () => Promise<void> };

/** `project` is the folder whose configuration of package indexes counts. */
export function createLazyRunner(store: Store, project: string): LazyRunner {
  let runner: Promise<BuilderRunner> | undefined;
  const make = async () => {
    const [{ createRunner }, { createDownload }] = await Promise.all([
      import('../graph/workers.ts'),
      import('../fetch/index.ts'),
    ]);
    return createRunner(store, createDownload(process.env, project));
  };
  return {
    async run(job) {
      runner ??= make();
      return (await runner).run(job);
    },
    async close() {
      await (await runner)?.close();
    },
  };
}
