// A worker thread: builds one derivation at a time for src/graph/workers.ts. It gets plain data, opens the store
// by its folder, and answers with descriptors, progress, or an error as data.
import { parentPort, workerData } from 'node:worker_threads';
import { CogpackError, messageOf } from '../base/error.ts';
import type { BlobStore } from '../builders/builder.ts';
import { openStore } from '../store/store.ts';
import { buildWith } from './build.ts';
import type { WorkerAnswer, WorkerJob } from './workers.ts';

const { storeDir, aborted } = workerData as { storeDir: string; aborted: Int32Array };
const port = parentPort!;
const store = stopping(openStore(storeDir));
const never = new AbortController().signal;
const progressEvery = 4 << 20;

port.on('message', (job: WorkerJob) => {
  run(job).then(
    answer => port.postMessage(answer),
    error => port.postMessage(failure(error)),
  );
});

async function run({ derivation, inputs, name, root }: WorkerJob): Promise<WorkerAnswer> {
  let reported = 0;
  const outputs = await buildWith(derivation, inputs, {
    store,
    name,
    root,
    signal: never,
    progress(done, total) {
      if (done - reported < progressEvery && done !== total) return;
      reported = done;
      port.postMessage({ type: 'progress', done, total } satisfies WorkerAnswer);
    },
  });
  return { type: 'done', outputs };
}

// A builder seldom leaves the thread to the event loop, so the wish to stop comes through shared memory and is seen
// at the next write; the builder's own clean-up then runs.
function stopping(inner: BlobStore): BlobStore {
  return {
    blobPath: inner.blobPath,
    createBlob() {
      const writer = inner.createBlob();
      return {
        ...writer,
        write(bytes) {
          if (Atomics.load(aborted, 0) === 1) throw new DOMException('stopped', 'AbortError');
          writer.write(bytes);
        },
      };
    },
  };
}

function failure(error: unknown): WorkerAnswer {
  if (error instanceof CogpackError) {
    return {
      type: 'error',
      name: 'CogpackError',
      code: error.code,
      message: error.message,
      hint: error.hint,
    };
  }
  const name = error instanceof Error ? error.name : 'Error';
  const stack = error instanceof Error ? error.stack : undefined;
  return { type: 'error', name, code: undefined, message: messageOf(error), hint: undefined, stack };
}
