import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Expression, parse, print } from '../../grammar/index.ts';
import { expression } from './arbitrary.ts';

// A tree without its places, for comparison.
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !['start', 'end', 'pathRange'].includes(key));
  return Object.fromEntries(kept.map(([key, inner]) => [key, bare(inner)]));
}

function parsed(text: string): Expression {
  const { tree, problems } = parse(text);
  if (tree === undefined) throw new Error(`${text}\n${JSON.stringify(problems)}`);
  return tree;
}

test('the text of a tree parses to that tree', () => {
  fc.assert(
    fc.property(expression, tree => {
      expect(bare(parsed(print(tree)))).toEqual(bare(tree));
    }),
    { numRuns: 2000 },
  );
});

test('printing what was printed and parsed changes nothing', () => {
  fc.assert(
    fc.property(expression, tree => {
      const text = print(tree);
      expect(print(parsed(text))).toBe(text);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['(a)(b)', 'a(b)'],
  ['a + b * c', 'a + b * c'],
  ['(a + b) * c', '(a + b) * c'],
  ['a - (b - c)', 'a - (b - c)'],
  ['-(a.b)', '-a.b'],
  ['(-a).b', '(-a).b'],
  ['if a then (if b then c) else d', 'if a then (if b then c) else d'],
  ['(function(x) x)(1)', '(function(x) x)(1)'],
  ['{ f(x)+:: 1 }', undefined],
  ["'it''s'", undefined],
])('%s is printed as %s', (text, printed) => {
  if (printed === undefined) expect(parse(text).tree).toBeUndefined();
  else expect(print(parsed(text))).toBe(printed);
});
