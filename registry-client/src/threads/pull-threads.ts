// Threads that pull blobs into files: started for one large pull and ended with it.
import { Worker } from 'node:worker_threads';
import type { Authorizer } from '../auth/authorizer.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Repository } from '../hosts.ts';
import { errorData, errorOf, type FromThread, type ThreadOptions, type ToThread } from './messages.ts';

export type PullThreads = {
  /** As `receiveToFile`, on the thread that has least to do. */
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

type Thread = { readonly worker: Worker; running: number };
type Job = { readonly done: PromiseWithResolvers<void>; readonly onBytes: (count: number) => void };

export function startPullThreads(count: number, options: ThreadOptions, authorizer: Authorizer): PullThreads {
  const jobs = new Map<number, Job>();
  let lastJob = 0;

  const answer = (worker: Worker, { call, name, args }: Extract<FromThread, { type: 'call' }>) => {
    const work =
      name === 'authorization'
        ? authorizer.authorization(...(args as Parameters<Authorizer['authorization']>))
        : authorizer.challenged(...(args as Parameters<Authorizer['challenged']>));
    const send = (message: ToThread) => worker.postMessage(message);
    work.then(
      value => send({ type: 'return', call, value }),
      error => send({ type: 'return', call, error: errorData(error) }),
    );
  };
  const start = (): Thread => {
    const worker = new Worker(new URL(import.meta.url.replace(/pull-threads(?=\.[jt]s$)/, 'pull-thread')), {
      workerData: options,
    });
    worker.on('message', (message: FromThread) => {
      if (message.type === 'call') return answer(worker, message);
      const job = jobs.get(message.job);
      if (message.type === 'bytes') job?.onBytes(message.count);
      else if (message.error === undefined) job?.done.resolve();
      else job?.done.reject(errorOf(message.error));
    });
    worker.on('error', error => {
      for (const job of jobs.values()) job.done.reject(error);
    });
    return { worker, running: 0 };
  };
  const threads = Array.from({ length: count }, start);

  return {
    async pull(repository, blob, path, flush, onBytes, signal) {
      signal?.throwIfAborted();
      lastJob += 1;
      const job = lastJob;
      const thread = threads.reduce((least, each) => (each.running < least.running ? each : least));
      const done = Promise.withResolvers<void>();
      const send = (message: ToThread) => thread.worker.postMessage(message);
      const abort = () => send({ type: 'abort', job });
      jobs.set(job, { done, onBytes });
      thread.running += 1;
      signal?.addEventListener('abort', abort, { once: true });
      try {
        const { scheme, host, repository: name } = repository;
        send({
          type: 'pull',
          job,
          repository: { scheme, host, repository: name },
          blob: { digest: blob.digest, size: blob.size },
          path,
          flush,
        });
        await done.promise;
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      } finally {
        signal?.removeEventListener('abort', abort);
        thread.running -= 1;
        jobs.delete(job);
      }
    },
    async close() {
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    },
  };
}
