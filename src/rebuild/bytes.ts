// The first place where two streams of bytes differ.

export type Difference = {
  /** Bytes that are the same before it. */
  readonly offset: number;
  /** The byte there, or undefined where that stream has ended. */
  readonly before: number | undefined;
  readonly after: number | undefined;
};

/** Undefined when the streams are the same. Holds one part of each; ends both. */
export async function firstDifference(
  before: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  after: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Difference | undefined> {
  const left = createReader(before);
  const right = createReader(after);
  try {
    for (let offset = 0; ; ) {
      await Promise.all([left.fill(), right.fill()]);
      const count = Math.min(left.rest.length, right.rest.length);
      const a = left.rest.subarray(0, count);
      const b = right.rest.subarray(0, count);
      if (Buffer.compare(a, b) !== 0) {
        const at = a.findIndex((byte, index) => byte !== b[index]);
        return { offset: offset + at, before: a[at], after: b[at] };
      }
      if (count === 0) {
        if (left.rest.length === right.rest.length) return undefined;
        return { offset, before: left.rest[0], after: right.rest[0] };
      }
      offset += count;
      left.rest = left.rest.subarray(count);
      right.rest = right.rest.subarray(count);
    }
  } finally {
    await Promise.all([left.end(), right.end()]);
  }
}

type Reader = { rest: Uint8Array; fill(): Promise<void>; end(): Promise<void> };

function createReader(stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Reader {
  const parts = Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]();
  const reader: Reader = {
    rest: new Uint8Array(),
    async fill() {
      while (reader.rest.length === 0) {
        const next = await parts.next();
        if (next.done) return;
        reader.rest = next.value;
      }
    },
    async end() {
      await parts.return?.();
    },
  };
  return reader;
}
