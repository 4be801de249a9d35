// A thread that pulls blobs into files: started for one large pull, which it shares with the client's own thread, and ended
// with it.
import { Worker } from 'node:worker_threads';
import type { Authorizer } from '../auth/authorizer.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Repository } from '../hosts.ts';
import { errorData, errorOf, type FromThread, type ThreadOptions, type ToThread } from './messages.ts';

export type PullThread = {
  /** How many blobs it is pulling. */
  readonly running: number;
  /** As `receiveToFile`. */
  pull(
    repository: Repository,
    blob: Pick<Descriptor, 'digest' | 'size'>,
    path: string,
    flush: boolean,
    onBytes: (count: number) => void,
    signal: AbortSignal | undefined,
  ): Promise<void>;
  close(): Promise<void>;
};

type Job = { readonly done: PromiseWithResolvers<void>; readonly onBytes: (count: number) => void };

export function startPullThread(options: ThreadOptions, authorizer: Authorizer): PullThread {
  const jobs = new Map<number, Job>();
  let lastJob = 0;
  const worker = new Worker(
    new URL(import.meta.url.replace(/start-pull-thread(?=\.[jt]s$)/, 'pull-thread')),
    {
      workerData: options,
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    },
  );
  const tell = (message: ToThread) => worker.postMessage(message);
  worker.on('message', (message: FromThread) => {
    if (message.type === 'call') return answer(message);
    const job = jobs.get(message.job);
    if (message.type === 'bytes') job?.onBytes(message.count);
    else if (message.error === undefined) job?.done.resolve();
    else job?.done.reject(errorOf(message.error));
  });
  worker.on('error', error => {
    for (const job of jobs.values()) job.done.reject(error);
  });

  const answer = ({ call, name, args }: Extract<FromThread, { type: 'call' }>) => {
    const work =
      name === 'authorization'
        ? authorizer.authorization(...(args as Parameters<Authorizer['authorization']>))
        : authorizer.challenged(...(args as Parameters<Authorizer['challenged']>));
    work.then(
      value => tell({ type: 'return', call, value }),
      error => tell({ type: 'return', call, error: errorData(error) }),
    );
  };

  return {
    get running() {
      return jobs.size;
    },
    async pull({ scheme, host, repository }, { digest, size }, path, flush, onBytes, signal) {
      signal?.throwIfAborted();
      lastJob += 1;
      const job = lastJob;
      const done = Promise.withResolvers<void>();
      const abort = () => tell({ type: 'abort', job });
      jobs.set(job, { done, onBytes });
      signal?.addEventListener('abort', abort, { once: true });
      try {
        tell({
          type: 'pull',
          job,
          repository: { scheme, host, repository },
          blob: { digest, size },
          path,
          flush,
        });
        await done.promise;
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      } finally {
        signal?.removeEventListener('abort', abort);
        jobs.delete(job);
      }
    },
    async close() {
      await worker.terminate();
    },
  };
}
