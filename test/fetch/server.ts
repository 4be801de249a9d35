// A server on loopback for what a well-behaved one does not do: it breaks off, refuses, changes its mind.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttp, type Pause } from '../../src/fetch/http.ts';
import { type FetchConfig, type Network, readConfig } from '../../src/fetch/index.ts';
import { createPages } from '../../src/fetch/locate.ts';

export type Served = {
  readonly url: string;
  /** The requests so far. */
  readonly requests: readonly { readonly path: string; readonly headers: IncomingMessage['headers'] }[];
  readonly close: () => Promise<void>;
};

export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<Served> {
  const requests: { path: string; headers: IncomingMessage['headers'] }[] = [];
  const server = createServer((request, response) => {
    requests.push({ path: request.url!, headers: request.headers });
    answer(request, response, requests.length);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** The network of an environment that holds nothing else, without pauses; `pauses` are those it would have made. */
export function networkOf(
  env: NodeJS.ProcessEnv,
  projectDir = '/nonexistent',
  options: Parameters<typeof readConfig>[2] = {},
): Network & { readonly pauses: readonly number[]; readonly config: FetchConfig } {
  const pauses: number[] = [];
  const pause: Pause = async milliseconds => void pauses.push(milliseconds);
  const config = readConfig({ HOME: '/nonexistent', ...env }, projectDir, options);
  const http = createHttp(config.env, config.netrc, pause);
  return { config, http, pages: createPages(http, new AbortController().signal), pauses };
}
