// The measured process of bench/layers.ts: wheels that are in a store become layers there.
// Arguments: the store's folder, the number of worker threads (1: this thread alone), then `digest size filename`
// for each wheel. Prints the bytes unpacked and the bytes of the layers.
import type { Descriptor, Digest } from '../src/base/digest.ts';
import { type BuildContext, diffIdAnnotation } from '../src/builders/builder.ts';
import { wheel } from '../src/builders/wheel.ts';
import { createRunner } from '../src/graph/workers.ts';
import { openStore } from '../src/store/store.ts';

const [storeDir = '', threads = '1', ...rest] = process.argv.slice(2);
const store = openStore(storeDir);
const wheels = Array.from({ length: rest.length / 3 }, (_, index) => ({
  input: {
    mediaType: 'application/octet-stream',
    digest: rest[3 * index] as Digest,
    size: Number(rest[3 * index + 1]),
  },
  filename: rest[3 * index + 2]!,
}));
const signal = new AbortController().signal;
let unpacked = 0;

const layers = threads === '1' ? await oneByOne() : await onThreads(Number(threads));
const size = layers.reduce((sum, layer) => sum + layer.size, 0);
if (layers.some(layer => layer.annotations?.[diffIdAnnotation] === undefined))
  throw new Error('a layer has no diffID');
console.log(JSON.stringify({ unpacked, size }));

async function oneByOne(): Promise<Descriptor[]> {
  const made: Descriptor[] = [];
  for (const { input, filename } of wheels) {
    let total = 0;
    const context: BuildContext = {
      name: filename,
      platform: 'any',
      store,
      root: undefined,
      signal,
      progress: (_done, all) => {
        total = all;
      },
    };
    const outputs = await wheel.build(argsOf(filename), { wheel: [input] }, context);
    unpacked += total;
    made.push(outputs.layer!);
  }
  return made;
}

async function onThreads(count: number): Promise<Descriptor[]> {
  const runner = createRunner(store, () => Promise.reject(new Error('no network here')));
  const made: Descriptor[] = [];
  // The largest first, so that the threads end at about the same time.
  const waiting = wheels.toSorted((a, b) => b.input.size - a.input.size);
  await Promise.all(
    Array.from({ length: count }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const { input, filename } = next;
        let total = 0;
        const derivation = {
          v: 1 as const,
          name: filename,
          builder: 'wheel@1',
          platform: 'any',
          args: argsOf(filename),
          inputs: {},
          outputs: ['layer'],
        };
        const progress = (_done: number, all: number) => {
          total = all;
        };
        const job = {
          digest: input.digest,
          derivation,
          inputs: { wheel: [input] },
          origin: {},
          signal,
          progress,
        };
        made.push((await runner.run(job)).layer!);
        unpacked += total;
      }
    }),
  );
  await runner.close();
  return made;
}

function argsOf(filename: string) {
  return { filename, prefix: '/opt/venv', python: '3.11' };
}
