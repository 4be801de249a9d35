// The network half of cogpack: where fixed bytes may be found, and the way to them.
import { CogpackError } from '../base/error.ts';
import type { Download } from '../builders/builder.ts';
import { type FetchConfig, readConfig } from './config.ts';
import { fetchVerified, type Network } from './download.ts';
import { createHttp } from './http.ts';
import { createPages } from './locate.ts';
import { locationSchema } from './location.ts';

export { type FetchConfig, readConfig } from './config.ts';
export { type DownloadOptions, fetchVerified, type Network, type Sink } from './download.ts';
export { type Location, locationSchema } from './location.ts';

/** A network of its own: connections and pages are kept while it is in use. */
export function createNetwork(config: FetchConfig): Network {
  const http = createHttp(config.env, config.netrc);
  return { config, http, pages: createPages(http, new AbortController().signal) };
}

/** What `fetch` builders are given: the network as `env` describes it, read when first used. */
export function createDownload(env: NodeJS.ProcessEnv, projectDir: string = process.cwd()): Download {
  let network: Network | undefined;
  return async (location, expected, write, signal, progress) => {
    const parsed = locationSchema.safeParse(location);
    if (!parsed.success) {
      throw new CogpackError(
        'fetch/location',
        `${expected.name}: ${JSON.stringify(location)} is no location of a file`,
        {
          hint: 'expected {kind: python, project, filename}, {kind: debian, archive, filename}, {kind: url, url}, {kind: file, path} or {kind: image, reference}',
        },
      );
    }
    network ??= createNetwork(readConfig(env, projectDir));
    await fetchVerified(parsed.data, expected, network, { write }, { signal, progress });
  };
}
