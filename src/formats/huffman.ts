// Huffman codes for deflate blocks (RFC 1951, sections 3.2.2, 3.2.6 and 3.2.7). Integer arithmetic and total orders
// only, so the codes depend on the counts alone.
import { distanceExtra, lengthExtra } from './deflate-tables.ts';

/** Code bits are stored reversed, ready to be written from the least significant bit. */
export type Codes = {
  readonly literalLengths: Uint8Array;
  readonly literalBits: Uint16Array;
  readonly distanceLengths: Uint8Array;
  readonly distanceBits: Uint16Array;
};

export type Piece = { readonly bits: number; readonly length: number };

const maxCodeLength = 15;
const maxMetaLength = 7;
const metaOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

export const fixedCodes: Codes = (() => {
  const literalLengths = new Uint8Array(288).map((_, symbol) =>
    symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
  );
  const distanceLengths = new Uint8Array(30).fill(5);
  return withBits(literalLengths, distanceLengths);
})();

/** The best codes for these counts of literal/length symbols (286) and distance symbols (30). */
export function codesOf(literalCounts: Uint32Array, distanceCounts: Uint32Array): Codes {
  return withBits(lengthsOf(literalCounts, maxCodeLength), lengthsOf(distanceCounts, maxCodeLength));
}

/** The pieces of a dynamic block's header, in the order in which they are written. */
export function headerOf({ literalLengths, distanceLengths }: Codes): Piece[] {
  const literals = Math.max(257, usedLength(literalLengths));
  const distances = Math.max(1, usedLength(distanceLengths));
  const lengths = [...literalLengths.subarray(0, literals), ...distanceLengths.subarray(0, distances)];
  const runs = runLengths(lengths);
  const counts = new Uint32Array(19);
  for (const { symbol } of runs) counts[symbol]!++;
  const metaLengths = lengthsOf(counts, maxMetaLength);
  const metaBits = bitsOf(metaLengths);
  let metas = 19;
  while (metas > 4 && metaLengths[metaOrder[metas - 1]!] === 0) metas--;
  return [
    { bits: literals - 257, length: 5 },
    { bits: distances - 1, length: 5 },
    { bits: metas - 4, length: 4 },
    ...metaOrder.slice(0, metas).map(symbol => ({ bits: metaLengths[symbol]!, length: 3 })),
    ...runs.flatMap(({ symbol, extra, extraLength }) => [
      { bits: metaBits[symbol]!, length: metaLengths[symbol]! },
      ...(extraLength > 0 ? [{ bits: extra, length: extraLength }] : []),
    ]),
  ];
}

/** The size in bits of a block's symbols under these codes, with its three first bits. */
export function bitsWith(
  { literalLengths, distanceLengths }: Codes,
  literalCounts: Uint32Array,
  distanceCounts: Uint32Array,
): number {
  let bits = 3;
  for (let symbol = 0; symbol < literalCounts.length; symbol++) {
    const extra = symbol > 256 ? lengthExtra[symbol - 257]! : 0;
    bits += literalCounts[symbol]! * (literalLengths[symbol]! + extra);
  }
  for (let symbol = 0; symbol < distanceCounts.length; symbol++) {
    bits += distanceCounts[symbol]! * (distanceLengths[symbol]! + distanceExtra[symbol]!);
  }
  return bits;
}

/**
 * Code lengths, at most `limit`, zero for unused symbols. Lengths come from Huffman's merge over two sorted queues;
 * those over the limit are shortened by making room among the shorter ones (Kraft's sum stays one).
 */
function lengthsOf(counts: Uint32Array, limit: number): Uint8Array {
  const lengths = new Uint8Array(counts.length);
  const sorted = sortedSymbols(counts);
  const used = sorted.length;
  if (used === 0) return lengths;
  if (used === 1) {
    // One code of one bit; deflate knows no shorter one.
    lengths[sorted[0]!] = 1;
    return lengths;
  }
  const perLength = limitLengths(depthsOf(sorted.map(symbol => counts[symbol]!)), limit);
  // The rarest symbols come first and get the longest codes.
  let next = 0;
  for (let length = limit; length > 0; length--) {
    for (let left = perLength[length]!; left > 0; left--) lengths[sorted[next++]!] = length;
  }
  return lengths;
}

/** Used symbols, rarest first, equal counts by symbol. */
function sortedSymbols(counts: Uint32Array): number[] {
  const keys: number[] = [];
  for (let symbol = 0; symbol < counts.length; symbol++) {
    if (counts[symbol]! > 0) keys.push(counts[symbol]! * 512 + symbol);
  }
  return keys.sort((a, b) => a - b).map(key => key % 512);
}

/** The depth of each leaf of the Huffman tree over ascending weights. */
function depthsOf(weights: readonly number[]): Uint8Array {
  const leaves = weights.length;
  const nodes = leaves - 1;
  const weight = new Float64Array(nodes);
  const parentOfLeaf = new Uint16Array(leaves);
  const parentOfNode = new Uint16Array(nodes);
  let leaf = 0;
  let node = 0;
  for (let made = 0; made < nodes; made++) {
    for (let side = 0; side < 2; side++) {
      if (leaf < leaves && (node >= made || weights[leaf]! <= weight[node]!)) {
        weight[made]! += weights[leaf]!;
        parentOfLeaf[leaf++] = made;
      } else {
        weight[made]! += weight[node]!;
        parentOfNode[node++] = made;
      }
    }
  }
  const depth = new Uint8Array(nodes);
  for (let made = nodes - 2; made >= 0; made--) depth[made] = depth[parentOfNode[made]!]! + 1;
  return Uint8Array.from(parentOfLeaf, parent => depth[parent]! + 1);
}

/** How many codes have each length, none longer than `limit`. */
function limitLengths(depths: Uint8Array, limit: number): Uint16Array {
  const perLength = new Uint16Array(limit + 1);
  for (const depth of depths) perLength[Math.min(depth, limit)]!++;
  let kraft = 0;
  for (let length = 1; length <= limit; length++) kraft += perLength[length]! << (limit - length);
  for (; kraft > 1 << limit; kraft--) {
    let length = limit - 1;
    while (perLength[length] === 0) length--;
    perLength[length]!--;
    perLength[length + 1]! += 2;
    perLength[limit]!--;
  }
  return perLength;
}

function withBits(literalLengths: Uint8Array, distanceLengths: Uint8Array): Codes {
  return {
    literalLengths,
    literalBits: bitsOf(literalLengths),
    distanceLengths,
    distanceBits: bitsOf(distanceLengths),
  };
}

/** Canonical codes (RFC 1951, section 3.2.2), bits reversed. */
function bitsOf(lengths: Uint8Array): Uint16Array {
  const perLength = new Uint16Array(maxCodeLength + 2);
  for (const length of lengths) if (length > 0) perLength[length]!++;
  const next = new Uint16Array(maxCodeLength + 2);
  for (let length = 1; length <= maxCodeLength; length++) {
    next[length + 1] = (next[length]! + perLength[length]!) << 1;
  }
  return Uint16Array.from(lengths, length => (length === 0 ? 0 : reverse(next[length]!++, length)));
}

function reverse(code: number, length: number): number {
  let reversed = 0;
  for (let bit = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit);
  return reversed;
}

function usedLength(lengths: Uint8Array): number {
  let used = lengths.length;
  while (used > 0 && lengths[used - 1] === 0) used--;
  return used;
}

type Run = { readonly symbol: number; readonly extra: number; readonly extraLength: number };

/** Code lengths as the symbols of section 3.2.7: 16 repeats the last, 17 and 18 repeat zero. */
function runLengths(lengths: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (let at = 0; at < lengths.length; ) {
    const length = lengths[at]!;
    let run = 1;
    while (lengths[at + run] === length) run++;
    at += run;
    if (length !== 0) {
      runs.push({ symbol: length, extra: 0, extraLength: 0 });
      run--;
    }
    while (run >= 3) {
      const part = Math.min(run, length !== 0 ? 6 : 138);
      if (length !== 0) runs.push({ symbol: 16, extra: part - 3, extraLength: 2 });
      else if (part <= 10) runs.push({ symbol: 17, extra: part - 3, extraLength: 3 });
      else runs.push({ symbol: 18, extra: part - 11, extraLength: 7 });
      run -= part;
    }
    for (; run > 0; run--) runs.push({ symbol: length, extra: 0, extraLength: 0 });
  }
  return runs;
}
