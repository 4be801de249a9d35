import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Digest, sha256 } from '../../src/base/digest.ts';
import { CogpackError } from '../../src/base/error.ts';
import type { Derivation } from '../../src/graph/derivation.ts';
import { closure, createGraph, type GraphBuilder } from '../../src/graph/graph.ts';
import { type RunBuilder, realise } from '../../src/graph/realise.ts';
import { openStore, type Store } from '../../src/store/store.ts';

let dir: string;
let store: Store;
let graph: GraphBuilder;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-test-'));
  store = openStore(join(dir, 'store'));
  graph = createGraph();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function derivation(name: string, inputs: Digest[] = [], args: Derivation['args'] = {}): Digest {
  return graph.add({
    v: 1,
    name,
    builder: 'tree@1',
    platform: 'any',
    args,
    inputs: { needs: inputs.map(digest => ({ derivation: digest, output: 'layer' })) },
    outputs: ['layer'],
  });
}

/** A builder whose output is the text in `args.text`, or its inputs' digests. */
function textBuilder(log: string[]): RunBuilder {
  return async ({ derivation: { name, args }, inputs }) => {
    log.push(name);
    const text = args.text ?? (inputs.needs ?? []).map(input => input.digest).join();
    return { layer: store.writeBlob('text/plain', String(text)) };
  };
}

function run(
  targets: Digest[],
  builder: RunBuilder,
  { jobs = 2, signal = new AbortController().signal } = {},
) {
  return realise({ graph, targets, store, jobs, run: builder, signal });
}

describe('realise', () => {
  test('builds inputs before what needs them, each once, and nothing the second time', async () => {
    const shared = derivation('shared', [], { text: 's' });
    const left = derivation('left', [shared]);
    const right = derivation('right', [shared], { side: 'right' });
    const top = derivation('top', [left, right]);
    const log: string[] = [];
    await run([top], textBuilder(log));
    expect(log[0]).toBe('shared');
    expect(log.slice(1, 3).sort()).toEqual(['left', 'right']);
    expect(log).toHaveLength(4);
    const again: string[] = [];
    const result = await run([top], textBuilder(again));
    expect(again).toEqual([]);
    expect(result.built).toEqual([]);
  });

  test('stores the derivation as a blob whose sha256 is its digest', async () => {
    const target = derivation('one', [], { text: 'x' });
    await run([target], textBuilder([]));
    expect(sha256(readFileSync(store.blobPath({ digest: target })))).toBe(target);
  });

  test('does not build what follows an input that was rebuilt to the same bytes', async () => {
    const first = derivation('base', [], { text: 'same', comment: 'one' });
    await run([derivation('top', [first])], textBuilder([]));
    const second = derivation('base', [], { text: 'same', comment: 'two' });
    const log: string[] = [];
    await run([derivation('top', [second])], textBuilder(log));
    expect(log).toEqual(['base']);
  });

  test('builds again what is no longer whole in the store', async () => {
    const target = derivation('one', [], { text: 'x' });
    const result = await run([target], textBuilder([]));
    rmSync(store.blobPath(result.outputs.get(target)!.layer!));
    const log: string[] = [];
    await run([target], textBuilder(log));
    expect(log).toEqual(['one']);
  });

  test('runs at most `jobs` builders at one time', async () => {
    const targets = Array.from({ length: 12 }, (_, index) =>
      derivation(`d${index}`, [], { text: `${index}` }),
    );
    let running = 0;
    let most = 0;
    const builder: RunBuilder = async job => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(resolve => setTimeout(resolve, 2));
      running -= 1;
      return textBuilder([])(job);
    };
    await run(targets, builder, { jobs: 3 });
    expect(most).toBe(3);
  });

  test('gives the error of the builder that failed and records nothing for it', async () => {
    const bad = derivation('bad');
    const top = derivation('top', [bad]);
    const failing: RunBuilder = async () => {
      throw new CogpackError('wheel/path', 'bad: wrong');
    };
    await expect(run([top], failing)).rejects.toThrow('bad: wrong');
    const log: string[] = [];
    await run([top], textBuilder(log));
    expect(log).toEqual(['bad', 'top']);
  });

  test('ends with an AbortError when it is told to stop, and goes on the next time', async () => {
    const controller = new AbortController();
    const first = derivation('first', [], { text: '1' });
    const top = derivation('top', [first]);
    const stopping: RunBuilder = async job => {
      controller.abort();
      return textBuilder([])(job);
    };
    await expect(run([top], stopping, { signal: controller.signal })).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    );
    const log: string[] = [];
    await run([top], textBuilder(log));
    expect(log).toEqual(['top']);
  });

  test('walks a chain of 20,000 derivations', async () => {
    let last = derivation('d', [], { text: '0' });
    for (let index = 1; index < 20_000; index += 1) last = derivation('d', [last], { index });
    expect(closure(graph, [last])).toHaveLength(20_000);
  });
});

describe('closure', () => {
  test('names the path to a derivation that is missing', () => {
    const lost = sha256('nowhere');
    const top = derivation('top', [derivation('middle', [lost])]);
    expect(() => closure(graph, [top])).toThrow(`top → middle → ${lost}: no such derivation`);
  });

  test('names the path to an input that asks for an output which is not there', () => {
    const inner = derivation('inner');
    const top = graph.add({
      v: 1,
      name: 'top',
      builder: 'tree@1',
      platform: 'any',
      args: {},
      inputs: { needs: [{ derivation: inner, output: 'image' }] },
      outputs: ['layer'],
    });
    expect(() => closure(graph, [top])).toThrow(
      'top: input needs asks for output "image" of inner, which has "layer"',
    );
  });

  test('prints a cycle', () => {
    const a = sha256('a');
    const b = sha256('b');
    const node = (name: string, need: Digest): Derivation => ({
      v: 1,
      name,
      builder: 'tree@1',
      platform: 'any',
      args: {},
      inputs: { needs: [{ derivation: need, output: 'layer' }] },
      outputs: ['layer'],
    });
    const cyclic = {
      derivations: new Map([
        [a, node('a', b)],
        [b, node('b', a)],
      ]),
      origins: new Map(),
    };
    expect(() => closure(cyclic, [a])).toThrow('derivations need each other: a → b → a');
  });
});
