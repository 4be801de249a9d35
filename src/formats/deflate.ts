// A deflate encoder (RFC 1951) whose output depends on its input alone: the same bytes on every machine, Node and
// zlib build, which node:zlib does not promise. It favours speed: greedy LZ77 with short hash chains, then for each
// block the smallest of stored, fixed and dynamic Huffman codes. Changing any constant here changes every layer that
// is written here, so it asks for new versions of the builders wheel, deb and tree.
import {
  distanceBase,
  distanceCode,
  distanceExtra,
  lengthBase,
  lengthCode,
  lengthExtra,
} from './deflate-tables.ts';
import { bitsWith, type Codes, codesOf, fixedCodes, headerOf, type Piece } from './huffman.ts';

const minMatch = 4;
const maxMatch = 258;
const windowSize = 32_768;
const hashBits = 15;
const maxChain = 6;
const goodMatch = 64;
const blockTokens = 1 << 15;
const shortBlock = 256;
const endOfBlock = 256;

// Tables are kept between calls. Positions are counted on from call to call, so that what an earlier call left in
// `head` lies before the window and needs no clearing.
const head = new Int32Array(1 << hashBits);
const previous = new Int32Array(windowSize);
// A literal is its byte << 9; a match is its distance << 9 | its length.
const tokens = new Uint32Array(blockTokens);
const literalCounts = new Uint32Array(286);
const distanceCounts = new Uint32Array(30);
let base = windowSize + 1;

/** A whole deflate stream (one or more blocks, the last marked final) that inflates to `input`. In memory. */
export function deflate(input: Uint8Array): Buffer {
  const out = createBits(input.length);
  const size = input.length;
  if (base + size > 0x3fff_ffff) {
    head.fill(0);
    base = windowSize + 1;
  }
  const start = base;
  base += size + windowSize;
  let position = 0;
  do {
    position = encodeBlock(input, position, start, out);
  } while (position < size);
  return finish(out);
}

/** Encodes tokens from `from` until the block is full or the input ends; returns where it stopped. */
function encodeBlock(input: Uint8Array, from: number, start: number, out: Bits): number {
  literalCounts.fill(0);
  distanceCounts.fill(0);
  const size = input.length;
  const hashable = size - minMatch;
  let count = 0;
  let position = from;
  let misses = 0;
  while (count < blockTokens && position < size) {
    let bestLength = minMatch - 1;
    let bestDistance = 0;
    if (position <= hashable) {
      const hash = hashAt(input, position);
      let candidate = head[hash]! - start;
      previous[position & (windowSize - 1)] = candidate;
      head[hash] = position + start;
      const oldest = position > windowSize ? position - windowSize : 0;
      const most = Math.min(size - position, maxMatch);
      for (let chain = maxChain; chain > 0 && candidate >= oldest; chain--) {
        if (input[candidate + bestLength] === input[position + bestLength]) {
          let length = 0;
          while (length < most && input[candidate + length] === input[position + length]) length++;
          if (length > bestLength) {
            bestLength = length;
            bestDistance = position - candidate;
            if (length >= goodMatch || length === most) break;
          }
        }
        const next = previous[candidate & (windowSize - 1)]!;
        if (next >= candidate) break;
        candidate = next;
      }
    }
    if (bestDistance > 0) {
      misses = 0;
      tokens[count++] = (bestDistance << 9) | bestLength;
      literalCounts[lengthCode[bestLength]!]!++;
      distanceCounts[distanceCode(bestDistance)]!++;
      const end = position + bestLength;
      const last = end <= hashable ? end : hashable + 1;
      for (position++; position < last; position++) {
        const hash = hashAt(input, position);
        previous[position & (windowSize - 1)] = head[hash]! - start;
        head[hash] = position + start;
      }
      position = end;
    } else {
      // Where nothing matches for long, steps grow: data that does not compress goes by quickly.
      let step = 1 + (misses++ >> 7);
      for (; step > 0 && position < size && count < blockTokens; step--) {
        const byte = input[position++]!;
        tokens[count++] = byte << 9;
        literalCounts[byte]!++;
      }
    }
  }
  literalCounts[endOfBlock] = 1;
  writeBlock(input, from, position, count, out);
  return position;
}

function hashAt(input: Uint8Array, at: number): number {
  const word = input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24);
  return Math.imul(word, 0x9e3779b1) >>> (32 - hashBits);
}

function writeBlock(input: Uint8Array, from: number, to: number, count: number, out: Bits): void {
  const final = to === input.length ? 1 : 0;
  // A short block cannot win back what a table of its own codes takes: tar headers end here, and quickly.
  const dynamic = count < shortBlock ? undefined : dynamicCodes();
  const fixedBits = bitsWith(fixedCodes, literalCounts, distanceCounts);
  const dynamicBits = dynamic?.bits ?? Number.POSITIVE_INFINITY;
  const storedBits = (to - from) * 8 + 42 * Math.ceil((to - from + 1) / 65_535);
  if (storedBits <= fixedBits && storedBits <= dynamicBits) {
    writeStored(input, from, to, final, out);
  } else if (dynamic === undefined || fixedBits <= dynamicBits) {
    put(out, final | (1 << 1), 3);
    writeTokens(count, fixedCodes, out);
  } else {
    put(out, final | (2 << 1), 3);
    for (const { bits, length } of dynamic.header) put(out, bits, length);
    writeTokens(count, dynamic.codes, out);
  }
}

function dynamicCodes(): { readonly codes: Codes; readonly header: readonly Piece[]; readonly bits: number } {
  const codes = codesOf(literalCounts, distanceCounts);
  const header = headerOf(codes);
  const headerBits = header.reduce((total, piece) => total + piece.length, 0);
  return { codes, header, bits: headerBits + bitsWith(codes, literalCounts, distanceCounts) };
}

function writeStored(input: Uint8Array, from: number, to: number, final: number, out: Bits): void {
  let at = from;
  do {
    const length = Math.min(65_535, to - at);
    put(out, at + length === to ? final : 0, 3);
    align(out);
    out.bytes.writeUInt16LE(length, out.size);
    out.bytes.writeUInt16LE(length ^ 0xffff, out.size + 2);
    out.bytes.set(input.subarray(at, at + length), out.size + 4);
    out.size += 4 + length;
    at += length;
  } while (at < to);
}

// The four flushes stand in line: this loop and the one of encodeBlock take nearly all the time.
function writeTokens(count: number, codes: Codes, out: Bits): void {
  const { literalBits, literalLengths, distanceBits, distanceLengths } = codes;
  const bytes = out.bytes;
  let { size, hold, held } = out;
  for (let index = 0; index < count; index++) {
    const token = tokens[index]!;
    const length = token & 0x1ff;
    if (length === 0) {
      const byte = token >>> 9;
      hold |= literalBits[byte]! << held;
      held += literalLengths[byte]!;
    } else {
      const code = lengthCode[length]!;
      hold |= literalBits[code]! << held;
      held += literalLengths[code]!;
      if (held >= 16) {
        bytes[size] = hold;
        bytes[size + 1] = hold >>> 8;
        size += 2;
        hold >>>= 16;
        held -= 16;
      }
      hold |= (length - lengthBase[code - 257]!) << held;
      held += lengthExtra[code - 257]!;
      if (held >= 16) {
        bytes[size] = hold;
        bytes[size + 1] = hold >>> 8;
        size += 2;
        hold >>>= 16;
        held -= 16;
      }
      const distance = token >>> 9;
      const far = distanceCode(distance);
      hold |= distanceBits[far]! << held;
      held += distanceLengths[far]!;
      if (held >= 16) {
        bytes[size] = hold;
        bytes[size + 1] = hold >>> 8;
        size += 2;
        hold >>>= 16;
        held -= 16;
      }
      hold |= (distance - distanceBase[far]!) << held;
      held += distanceExtra[far]!;
    }
    if (held >= 16) {
      bytes[size] = hold;
      bytes[size + 1] = hold >>> 8;
      size += 2;
      hold >>>= 16;
      held -= 16;
    }
  }
  Object.assign(out, { size, hold, held });
  put(out, literalBits[endOfBlock]!, literalLengths[endOfBlock]!);
}

type Bits = { readonly bytes: Buffer; size: number; hold: number; held: number };

// No block is larger than its stored form, which costs at most 42 bits (with alignment) for each 65,535 bytes, and a
// block of 32 Ki tokens holds at least as many bytes.
function createBits(inputSize: number): Bits {
  const blocks = Math.ceil((inputSize + 1) / 65_535) + Math.ceil((inputSize + 1) / blockTokens);
  return { bytes: Buffer.allocUnsafe(inputSize + blocks * 8 + 16), size: 0, hold: 0, held: 0 };
}

function put(out: Bits, bits: number, length: number): void {
  out.hold |= bits << out.held;
  out.held += length;
  while (out.held >= 8) {
    out.bytes[out.size++] = out.hold;
    out.hold >>>= 8;
    out.held -= 8;
  }
}

function align(out: Bits): void {
  if (out.held > 0) put(out, 0, 8 - out.held);
}

function finish(out: Bits): Buffer {
  align(out);
  return out.bytes.subarray(0, out.size);
}
