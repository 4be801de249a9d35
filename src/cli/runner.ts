// The runner of builders, made when the first is needed: a realise that builds nothing loads neither builders, nor
// the network, nor worker threads.
import type { Json } from '../base/canonical.ts';
import { CogpackError } from '../base/error.ts';
import type { Download } from '../builders/builder.ts';
import type { RunBuilder } from '../graph/realise.ts';
import type { BuilderRunner } from '../graph/workers.ts';
import type { Store } from '../store/store.ts';

export type LazyRunner = { readonly run: RunBuilder; readonly close: () => Promise<void> };

/** `project` is the folder whose configuration of package indexes counts. */
export function createLazyRunner(store: Store, project: string, offline = false): LazyRunner {
  let runner: Promise<BuilderRunner> | undefined;
  const make = async () => {
    const [{ createRunner }, { createDownload }] = await Promise.all([
      import('../graph/workers.ts'),
      import('../fetch/index.ts'),
    ]);
    const download = createDownload(process.env, project);
    return createRunner(store, offline ? withoutNetwork(download) : download);
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

function withoutNetwork(download: Download): Download {
  return async (location, expected, ...rest) => {
    if ((location as { readonly kind?: Json } | null)?.kind === 'file')
      return download(location, expected, ...rest);
    throw new CogpackError(
      'offline/fetch',
      `offline: ${expected.name} (${expected.sha256}, ${expected.size} bytes) would have to be downloaded`,
      { hint: 'run it once without --offline' },
    );
  };
}
