// A binary heap of pairs of layers, the cheapest first; of those that cost the same, that of the lower numbers. The pairs lie
// in flat arrays: an image of 300 pieces has 50,000 of them.

export type Pair = {
  /** Numbers of layers. */
  readonly a: number;
  readonly b: number;
  /** What joining them costs: at least, unless it is exact. */
  readonly value: number;
  readonly isExact: boolean;
};

export type PairHeap = {
  push(value: number, a: number, b: number, isExact: boolean): void;
  /** The cheapest, taken out. */
  pop(): Pair | undefined;
};

export function createPairHeap(capacity: number): PairHeap {
  let values = new Float64Array(Math.max(capacity, 16));
  let pairs = new Int32Array(values.length * 3);
  let size = 0;

  const grow = () => {
    const [moreValues, morePairs] = [new Float64Array(size * 2), new Int32Array(size * 6)];
    moreValues.set(values);
    morePairs.set(pairs);
    values = moreValues;
    pairs = morePairs;
  };
  const isLess = (value: number, a: number, b: number, at: number): boolean => {
    const other = values[at]!;
    if (value !== other) return value < other;
    const first = pairs[3 * at]!;
    return a !== first ? a < first : b < pairs[3 * at + 1]!;
  };
  const move = (from: number, to: number) => {
    values[to] = values[from]!;
    pairs[3 * to] = pairs[3 * from]!;
    pairs[3 * to + 1] = pairs[3 * from + 1]!;
    pairs[3 * to + 2] = pairs[3 * from + 2]!;
  };
  const put = (at: number, value: number, a: number, b: number, exact: number) => {
    values[at] = value;
    pairs[3 * at] = a;
    pairs[3 * at + 1] = b;
    pairs[3 * at + 2] = exact;
  };

  return {
    push(value, a, b, isExact) {
      if (size === values.length) grow();
      let at = size;
      size += 1;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!isLess(value, a, b, parent)) break;
        move(parent, at);
        at = parent;
      }
      put(at, value, a, b, isExact ? 1 : 0);
    },
    pop() {
      if (size === 0) return undefined;
      const first = { a: pairs[0]!, b: pairs[1]!, value: values[0]!, isExact: pairs[2] === 1 };
      size -= 1;
      const [value, a, b, exact] = [
        values[size]!,
        pairs[3 * size]!,
        pairs[3 * size + 1]!,
        pairs[3 * size + 2]!,
      ];
      let at = 0;
      for (let child = 1; child < size; child = 2 * at + 1) {
        const right = child + 1;
        if (right < size && isLess(values[right]!, pairs[3 * right]!, pairs[3 * right + 1]!, child))
          child = right;
        if (isLess(value, a, b, child)) break;
        move(child, at);
        at = child;
      }
      put(at, value, a, b, exact);
      return first;
    },
  };
}
