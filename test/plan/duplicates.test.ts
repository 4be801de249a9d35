import { expect, test } from 'vitest';
import { findDuplicates, type ScannedLayer } from '../../src/plan/duplicates.ts';

function layer(
  digest: string,
  files: Readonly<Record<string, readonly [size: number, crc: number]>>,
): ScannedLayer {
  const entries = Object.entries(files).map(([path, [size, crc]]) => ({
    type: 'file' as const,
    path,
    size,
    crc,
  }));
  return { digest, entries: [{ type: 'folder', path: 'usr' }, ...entries] };
}

test('copies within an image are told, the largest first; empty files are none', () => {
  const layers = [
    layer('a', { one: [100, 1], two: [10, 2], empty: [0, 0] }),
    layer('b', { three: [100, 1], four: [10, 2], five: [10, 2], six: [10, 3], nothing: [0, 0] }),
  ];
  expect(findDuplicates(layers, [], 1)).toEqual({
    bytes: 240,
    unscanned: 1,
    inImage: 120,
    largest: [
      { paths: ['one', 'three'], bytes: 100 },
      { paths: ['five', 'four', 'two'], bytes: 20 },
    ],
    sharedLayers: 0,
    elsewhere: 0,
  });
});

test('what other images have is told apart: in shared layers, and in layers of their own', () => {
  const shared = layer('a', { one: [100, 1] });
  const own = layer('b', { two: [50, 2], three: [7, 3] });
  const foreign = layer('c', { other: [50, 2], one: [100, 1] });
  expect(findDuplicates([shared, own], [shared, foreign], 0)).toMatchObject({
    bytes: 157,
    inImage: 0,
    sharedLayers: 100,
    elsewhere: 50,
  });
});
