// A worker thread of the client: pulls blobs into files over its own connections. What it may send for credentials it
// asks of the client.
import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { Authorizer } from '../auth/authorizer.ts';
import { certificatesFor } from '../certificates.ts';
import { receiveToFile } from '../file-sink.ts';
import { createHttp } from '../http.ts';
import { proxiesOf } from '../wire/proxies.ts';
import { createWire } from '../wire/wire.ts';
import { errorData, errorOf, type FromThread, type ThreadOptions, type ToThread } from './messages.ts';

enableCompileCache();
// A message wakes the client's own thread, which has better to do.
const toldBytes = 4 << 20;
const port = parentPort!;
const { given, env, idleMs, retry } = workerData as ThreadOptions;
const calls = new Map<number, PromiseWithResolvers<unknown>>();
const jobs = new Map<number, AbortController>();
let lastCall = 0;

const tell = (message: FromThread) => port.postMessage(message);

function ask(name: 'authorization' | 'challenged', args: readonly unknown[]): Promise<unknown> {
  lastCall += 1;
  const answer = Promise.withResolvers<unknown>();
  calls.set(lastCall, answer);
  tell({ type: 'call', call: lastCall, name, args });
  return answer.promise;
}

const authorizer: Authorizer = {
  authorization: (...args) => ask('authorization', args) as Promise<string | undefined>,
  challenged: (...args) => ask('challenged', args) as Promise<boolean>,
};
const wire = createWire({ tlsFor: certificatesFor(given, env), proxies: proxiesOf(env), idleMs });
const http = createHttp(wire, () => authorizer, retry);

async function pull({
  job,
  repository,
  blob,
  path,
  flush,
}: Extract<ToThread, { type: 'pull' }>): Promise<void> {
  const stop = new AbortController();
  jobs.set(job, stop);
  let untold = 0;
  const count = (bytes: number) => {
    untold += bytes;
    if (untold < toldBytes) return;
    tell({ type: 'bytes', job, count: untold });
    untold = 0;
  };
  try {
    await receiveToFile(http, repository, blob, path, flush, count, stop.signal);
    tell({ type: 'bytes', job, count: untold });
    tell({ type: 'done', job });
  } catch (error) {
    tell({ type: 'done', job, error: errorData(error) });
  } finally {
    jobs.delete(job);
  }
}

port.on('message', (message: ToThread) => {
  if (message.type === 'pull') {
    void pull(message);
  } else if (message.type === 'abort') {
    jobs.get(message.job)?.abort();
  } else {
    const call = calls.get(message.call);
    calls.delete(message.call);
    if (message.error === undefined) call?.resolve(message.value);
    else call?.reject(errorOf(message.error));
  }
});
