import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRelations, showAlternatives } from '../../src/lock/debian/relations.ts';
import { compareVersions, satisfies } from '../../src/lock/debian/version.ts';

const text = (characters: string, maxLength: number, minLength = 0) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });
const version = fc
  .tuple(
    fc.option(fc.nat({ max: 12 })),
    fc.nat({ max: 30 }),
    text('019aBz.+~', 8),
    fc.option(text('019aBz.+~', 5, 1)),
  )
  .map(
    ([epoch, first, rest, revision]) =>
      `${epoch === null ? '' : `${epoch}:`}${first}${rest}${revision === null ? '' : `-${revision}`}`,
  );

const dpkg = (a: string, relation: string, b: string) =>
  spawnSync('dpkg', ['--compare-versions', a, relation, b]).status === 0;

test('versions have the order that dpkg gives them', () => {
  fc.assert(
    fc.property(version, version, (a, b) => {
      const order = compareVersions(a, b);
      expect(dpkg(a, order < 0 ? 'lt' : order > 0 ? 'gt' : 'eq', b)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('the order of versions is one', () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
      expect(compareVersions(a, a)).toBe(0);
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
        expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
    }),
  );
});

test.each([
  ['1.0~rc1', '<<', '1.0'],
  ['1:0.1', '>>', '9'],
  ['1.0', '=', '1.0-0'],
  ['1.0', '=', '0:1.00'],
  ['2.36-9+deb12u10', '>=', '2.36-9+deb12u9'],
  ['1.0a', '<<', '1.0+'],
  ['1.0', '<=', '1.0'],
  ['99999999999999999999', '<<', '100000000000000000000'],
] as const)('%s %s %s', (a, relation, b) => {
  expect(satisfies(a, relation, b)).toBe(true);
  expect(dpkg(a, relation, b)).toBe(true);
});

test('relationships are read with qualifiers, alternatives and the old single signs', () => {
  expect(
    parseRelations('libc6 (>= 2.36), python3:any|python3.11 ( = 1:3.11-2 ),\n x(<<2) , , y (< 3)'),
  ).toEqual([
    [{ name: 'libc6', qualifier: undefined, relation: '>=', version: '2.36' }],
    [
      { name: 'python3', qualifier: 'any', relation: undefined, version: '' },
      { name: 'python3.11', qualifier: undefined, relation: '=', version: '1:3.11-2' },
    ],
    [{ name: 'x', qualifier: undefined, relation: '<<', version: '2' }],
    [{ name: 'y', qualifier: undefined, relation: '<=', version: '3' }],
  ]);
  expect(parseRelations(undefined)).toEqual([]);
});

test('relationships survive being written and read', () => {
  const dependency = fc.record({
    name: fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{0,9}$/),
    qualifier: fc.constantFrom(undefined, 'any', 'amd64'),
    relation: fc.constantFrom('<<', '<=', '=', '>=', '>>'),
    version,
  });
  fc.assert(
    fc.property(fc.array(fc.array(dependency, { minLength: 1, maxLength: 3 }), { maxLength: 4 }), groups => {
      expect(parseRelations(groups.map(showAlternatives).join(', '))).toEqual(groups);
    }),
  );
});
