// Where builders run: light ones here, heavy ones on worker threads, which are started when first needed and kept for
// the next job. `close` ends them.
import { Worker } from 'node:worker_threads';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import type { Download } from '../builders/builder.ts';
import { builderEntry } from '../builders/registry.ts';
import type { Outputs } from '../store/realisations.ts';
import type { Store } from '../store/store.ts';
import { buildWith } from './build.ts';
import type { Derivation } from './derivation.ts';
import type { RunBuilder } from './realise.ts';

export type WorkerJob = {
  readonly derivation: Derivation;
  readonly inputs: Readonly<Record<string, readonly Descriptor[]>>;
  readonly name: string;
  readonly root: string | undefined;
};

export type WorkerAnswer =
  | { readonly type: 'done'; readonly outputs: Outputs }
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | {
      readonly type: 'error';
      readonly name: string;
      readonly code: string | undefined;
      readonly message: string;
      readonly hint: string | undefined;
      readonly stack?: string | undefined;
    };

export type BuilderRunner = { readonly run: RunBuilder; readonly close: () => Promise<void> };

/** `download` is the network, which only fetches are given. */
export function createRunner(store: Store, download: Download): BuilderRunner {
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  const aborted = new Int32Array(new SharedArrayBuffer(4));

  const start = (): Worker => {
    const worker = new Worker(new URL(import.meta.url.replace(/workers(?=\.[jt]s$)/, 'worker')), {
      workerData: { storeDir: store.dir, aborted },
    });
    worker.setMaxListeners(0);
    all.add(worker);
    return worker;
  };

  const runOnWorker: RunBuilder = async ({ derivation, inputs, origin, signal, progress }) => {
    const worker = idle.pop() ?? start();
    const stop = () => Atomics.store(aborted, 0, 1);
    signal.addEventListener('abort', stop, { once: true });
    try {
      const outputs = await ask(
        worker,
        { derivation, inputs, name: origin.label ?? derivation.name, root: origin.root },
        progress,
      );
      idle.push(worker);
      return outputs;
    } catch (error) {
      all.delete(worker);
      await worker.terminate();
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  };

  const runHere: RunBuilder = ({ derivation, inputs, origin, signal, progress }) =>
    buildWith(derivation, inputs, {
      store,
      name: origin.label ?? derivation.name,
      root: origin.root,
      location: origin.location,
      download,
      signal,
      progress,
    });

  return {
    run: job => (builderEntry(job.derivation.builder).thread === 'worker' ? runOnWorker(job) : runHere(job)),
    close: async () => {
      await Promise.all([...all].map(worker => worker.terminate()));
    },
  };
}

function ask(
  worker: Worker,
  job: WorkerJob,
  progress: (done: number, total: number) => void,
): Promise<Outputs> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      action();
    };
    const onMessage = (answer: WorkerAnswer) => {
      if (answer.type === 'progress') progress(answer.done, answer.total);
      else if (answer.type === 'done') settle(() => resolve(answer.outputs));
      else settle(() => reject(asError(answer)));
    };
    const onError = (error: unknown) => settle(() => reject(error));
    const onExit = (code: number) =>
      settle(() => reject(new Error(`${job.derivation.name}: the worker thread ended with ${code}`)));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(job);
  });
}

function asError(answer: Extract<WorkerAnswer, { type: 'error' }>): Error {
  if (answer.code !== undefined) return new CogpackError(answer.code, answer.message, { hint: answer.hint });
  const error =
    answer.name === 'AbortError' ? new DOMException(answer.message, 'AbortError') : new Error(answer.message);
  if (answer.stack !== undefined) Object.defineProperty(error, 'stack', { value: answer.stack });
  return error;
}
