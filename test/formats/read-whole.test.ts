import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readWhole } from '../../src/formats/read-whole.ts';

async function* source(parts: readonly number[], fault?: Error) {
  for (const part of parts) {
    await Promise.resolve();
    yield part;
  }
  if (fault !== undefined) throw fault;
}

/** Takes `count` parts, and asks for one more without waiting for it when `greedy`. */
const taking = (count: number, greedy: boolean) => async (parts: AsyncIterable<number>) => {
  const iterator = parts[Symbol.asyncIterator]();
  const taken: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const part = await iterator.next();
    if (part.done) break;
    taken.push(part.value);
  }
  if (greedy) iterator.next().catch(() => {});
  return taken;
};

test('all parts are seen in order, however many the reader takes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat()), fc.nat(12), fc.boolean(), async (parts, count, greedy) => {
      const seen: number[] = [];
      const taken = await readWhole(source(parts), part => void seen.push(part), taking(count, greedy));
      expect(taken).toEqual(parts.slice(0, count));
      expect(seen).toEqual(parts);
    }),
  );
});

test('a fault is heard, however early the reader has ended', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat()), fc.nat(12), fc.boolean(), async (parts, count, greedy) => {
      const fault = new Error('damaged');
      const read = readWhole(source(parts, fault), () => {}, taking(count, greedy));
      await expect(read).rejects.toBe(fault);
    }),
  );
});

test("the source's fault is thrown, not what the reader makes of it; without one, the reader's own", async () => {
  const fault = new Error('damaged');
  const complaining = async (parts: AsyncIterable<number>) => {
    try {
      for await (const part of parts) if (part === 9) throw new Error('a nine');
    } catch (error) {
      throw new Error('the reader failed', { cause: error });
    }
  };
  await expect(readWhole(source([1], fault), () => {}, complaining)).rejects.toBe(fault);
  await expect(readWhole(source([1, 9, 2]), () => {}, complaining)).rejects.toThrow('the reader failed');
});

test('the source is closed when the reader fails', async () => {
  let closed = false;
  const closing = async function* () {
    try {
      yield 1;
      yield 2;
    } finally {
      closed = true;
    }
  };
  const failing = async (parts: AsyncIterable<number>) => {
    await parts[Symbol.asyncIterator]().next();
    throw new Error('no');
  };
  await expect(readWhole(closing(), () => {}, failing)).rejects.toThrow('no');
  expect(closed).toBe(true);
});
