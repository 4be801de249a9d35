import { createHash } from 'node:crypto';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deflate } from '../../src/formats/deflate.ts';
import { member } from '../../src/formats/gzip.ts';

/** Bytes with long and short repeats, at near and far distances, and stretches without any. */
const repetitive = fc
  .array(
    fc.record({
      seed: fc.uint8Array({ minLength: 1, maxLength: 40 }),
      times: fc.integer({ min: 1, max: 300 }),
    }),
    { maxLength: 30 },
  )
  .map(parts => Buffer.concat(parts.flatMap(({ seed, times }) => Array<Uint8Array>(times).fill(seed))));

test('what is deflated inflates to itself', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 2000 }), repetitive), input => {
      expect(inflateRawSync(deflate(input)).equals(Buffer.from(input))).toBe(true);
    }),
  );
});

test('large inputs of every kind go through several blocks unharmed', () => {
  for (const input of [
    noise(300_000),
    words(3_000_000),
    Buffer.alloc(1_000_000),
    Buffer.concat([noise(70_000), words(70_000)]),
  ]) {
    expect(inflateRawSync(deflate(input)).equals(input)).toBe(true);
  }
});

test('noise is stored and grows by less than a tenth of a percent', () => {
  expect(deflate(noise(1 << 20)).length).toBeLessThan((1 << 20) * 1.001);
});

test('skewed counts whose best codes would be longer than 15 bits are still coded', () => {
  const parts: Buffer[] = [];
  for (let symbol = 0, count = 1, next = 1; symbol < 24; symbol++) {
    parts.push(Buffer.alloc(count, symbol));
    [count, next] = [next, count + next];
  }
  const bytes = Buffer.concat(parts);
  const shuffled = Buffer.from(bytes.map((_, index) => bytes[(index * 48_271) % bytes.length]!));
  expect(inflateRawSync(deflate(shuffled)).equals(shuffled)).toBe(true);
});

test('the output does not depend on what was deflated before', () => {
  const input = words(200_000);
  const first = deflate(input);
  deflate(noise(100_000));
  deflate(input.subarray(5));
  expect(deflate(input).equals(first)).toBe(true);
});

// These digests are in every layer that is compressed here: when they change, builder versions must change too.
test('the output is the same everywhere', () => {
  const digests = [Buffer.alloc(0), Buffer.alloc(1024), words(500_000), noise(70_000)].map(input =>
    createHash('sha256').update(deflate(input)).digest('hex').slice(0, 16),
  );
  expect(digests).toMatchInlineSnapshot(`
    [
      "9b4fb24edd6d1d88",
      "27b2cfc312999740",
      "e6b4b3f601605f07",
      "66c6b52d13d38ae8",
    ]
  `);
});

test('members follow one another in one gzip file', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 500 }), { minLength: 1, maxLength: 5 }), parts => {
      expect(gunzipSync(Buffer.concat(parts.flatMap(member))).equals(Buffer.concat(parts))).toBe(true);
    }),
  );
});

function noise(size: number): Buffer {
  const blocks: Buffer[] = [];
  for (let index = 0; blocks.length * 32 < size; index++) {
    blocks.push(createHash('sha256').update(`block ${index}`).digest());
  }
  return Buffer.concat(blocks).subarray(0, size);
}

function words(size: number): Buffer {
  const list = ['layer', 'wheel', 'the', 'of', '\n', 'graph', 'a', 'derivation', 'is', '0x1f', ' '];
  let text = '';
  for (let state = 1; text.length < size; ) {
    state = (state * 48_271) % 2_147_483_647;
    text += `${list[state % list.length]} `;
  }
  return Buffer.from(text.slice(0, size));
}
