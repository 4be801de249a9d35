// A second run of deep programs, on a thread whose stack is large. The main thread's stack is about 1 MB, which the
// system fixed when the process started; a program that is right and deep needs more, and is then evaluated anew.
import { CogpackError, type ErrorDetails, isSystemError } from '../base/error.ts';

// Memory is taken from the system only as far as the stack grows.
const stackSizeMb = 1000;

/** The code of an error that says: the JavaScript stack was too small, and the program may be right. */
const hostStack = 'jsonnet/host-stack';

type Outcome =
  | { readonly result: unknown }
  | {
      readonly failure: Pick<CogpackError, 'code' | 'message'> &
        Pick<ErrorDetails, 'span' | 'hint' | 'trace'>;
    }
  | { readonly defect: string };

/**
 * What `action` gives; where the JavaScript stack is too small for it, what `again` gives, which is runWithBigStack
 * with the same work.
 */
export async function withBigStack<Result>(
  action: () => Result,
  again: () => Promise<Result>,
): Promise<Result> {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof CogpackError) || error.code !== hostStack) throw error;
    return again();
  }
}

/**
 * Calls the function `name` of the module at `url` with `argument` on a thread with a large stack. The argument and the
 * result are plain data (structured clone). An error of the thread is thrown here as it was there.
 */
export async function runWithBigStack<Argument, Result>(
  url: URL,
  name: string,
  argument: Argument,
): Promise<Result> {
  const { Worker } = await import('node:worker_threads');
  const worker = new Worker(threadCode, {
    eval: true,
    workerData: { url: url.href, name, argument },
    resourceLimits: { stackSizeMb },
  });
  const outcome = await new Promise<Outcome>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', error => reject(isOutOfMemory(error) ? tooLarge() : error));
    worker.once('exit', () => reject(new Error('the thread ended without a result')));
  });
  if ('result' in outcome) return outcome.result as Result;
  if ('defect' in outcome) throw new Error(outcome.defect);
  const { code, message, ...details } = outcome.failure;
  throw new CogpackError(code, message, details);
}

// Text, so that it is the same in a checkout and in a bundle.
const threadCode = `
const { parentPort, workerData } = require('node:worker_threads');
const { url, name, argument } = workerData;
import(url)
  .then(async module => ({ result: await module[name](argument) }))
  .catch(error => {
    if (error?.name !== 'CogpackError') return { defect: String(error?.stack ?? error) };
    const { code, message, span, hint, trace } = error;
    return { failure: { code, message, span, hint, trace } };
  })
  .then(outcome => parentPort.postMessage(outcome));
`;

function isOutOfMemory(error: unknown): boolean {
  return isSystemError(error, 'ERR_WORKER_OUT_OF_MEMORY');
}

function tooLarge(): CogpackError {
  return new CogpackError('jsonnet/size', 'the program needs more memory than there is', {
    hint: 'look for a value that contains itself; --max-stack and --max-steps bound what a program may take',
  });
}
