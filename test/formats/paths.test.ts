import fc from 'fast-check';
import { expect, test } from 'vitest';
import { comparePaths, parentsOf, pathFault } from '../../src/formats/paths.ts';

test('a path that could leave its root is at fault', () => {
  for (const path of ['', '/a', '..', 'a/../b', './a', 'a/.', 'a//b', 'a/', 'a\0b', 'a\ufffdb', 'a\ud800']) {
    expect(pathFault(path), JSON.stringify(path)).toBeDefined();
  }
  expect(pathFault('é'.repeat(128))).toBeDefined();
  expect(pathFault('a/'.repeat(2500).concat('a'))).toBeDefined();
});

test('plain paths are safe, whatever their script', () => {
  for (const path of ['a', 'a/b', '..a/b..', 'a b/größe/漢字', '...', '-x', 'a\\x2db', 'é'.repeat(127)]) {
    expect(pathFault(path), path).toBeUndefined();
  }
});

test('the folders above a path come outermost first', () => {
  expect(parentsOf('a/b/c')).toEqual(['a', 'a/b']);
  expect(parentsOf('a')).toEqual([]);
});

test('paths are ordered by their bytes, so a folder precedes what is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(Math.sign(comparePaths(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});
