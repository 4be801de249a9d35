import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BlockNeeds, orderBlocks } from '../../src/description/order.ts';

const block = (name: string, needs: string[] = [], provides: string[] = []): BlockNeeds => ({
  name,
  needs,
  provides,
});

test('a block comes after what provides its needs, and by name where that leaves a choice', () => {
  expect(orderBlocks([block('z'), block('b', ['venv']), block('y', [], ['venv']), block('a')])).toEqual([
    'a',
    'y',
    'b',
    'z',
  ]);
});

test('a cycle is told in the order of its needs', () => {
  expect(orderBlocks([block('a', ['b']), block('b', ['c']), block('c', ['a'])])).toEqual({
    kind: 'cycle',
    blocks: ['a', 'b', 'c', 'a'],
  });
});

test('a need that nothing provides names its block', () => {
  expect(orderBlocks([block('a', ['cuda'])])).toEqual({ kind: 'missing', block: 'a', need: 'cuda' });
});

test('a thing that two blocks provide names both', () => {
  expect(orderBlocks([block('a', [], ['venv']), block('b', [], ['venv'])])).toEqual({
    kind: 'twice',
    blocks: ['a', 'b'],
    provides: 'venv',
  });
});

test('every acyclic set of blocks is ordered, whatever the order in which it is given', () => {
  const graphs = fc.array(fc.array(fc.nat(9), { maxLength: 4 }), { minLength: 1, maxLength: 10 }).map(rows =>
    rows.map((row, index) =>
      block(
        `b${index}`,
        row.filter(need => need < index).map(need => `b${need}`),
      ),
    ),
  );
  fc.assert(
    fc.property(graphs, blocks => {
      const order = orderBlocks(blocks) as string[];
      expect([...order].sort()).toEqual(blocks.map(({ name }) => name).sort());
      for (const { name, needs } of blocks) {
        for (const need of needs) expect(order.indexOf(need)).toBeLessThan(order.indexOf(name));
      }
      expect(orderBlocks([...blocks].reverse())).toEqual(order);
    }),
  );
});
