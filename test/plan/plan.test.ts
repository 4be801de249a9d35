import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CogpackError } from '../../src/base/error.ts';
import type { History } from '../../src/plan/history.ts';
import { keyOf, type Piece, type PlanOptions } from '../../src/plan/piece.ts';
import { planLayers } from '../../src/plan/plan.ts';

const MB = 1_000_000;
const defaults: PlanOptions = { limit: 100, squash: false, preserve: [], groups: {} };

function piece(name: string, size: number, more: Partial<Piece> = {}): Piece {
  return { block: 'python', name, version: '1', size, stage: 1, rate: 0.2, fixed: false, ...more };
}

/** Builds of one model, each a list of `name version`; all of a size. */
function builds(model: string, size: number, ...lists: string[][]): History {
  return lists.map(list => ({
    model,
    pieces: list.map(label => {
      const [name = '', version = ''] = label.split(' ');
      return { block: 'python', name, version, size };
    }),
  }));
}

function names(
  pieces: readonly Piece[],
  options: Partial<PlanOptions> = {},
  history: History = [],
): string[][] {
  return planLayers(pieces, { ...defaults, ...options }, history).map(layer =>
    layer.pieces.map(index => pieces[index]!.name),
  );
}

function errorOf(action: () => unknown): CogpackError {
  try {
    action();
  } catch (error) {
    if (error instanceof CogpackError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('without a history', () => {
  test('small pieces of a block share a layer and large ones have their own', () => {
    const pieces = [
      piece('numpy', 17 * MB),
      piece('six', 11_000),
      piece('idna', 20_000),
      piece('scipy', 35 * MB),
    ];
    expect(names(pieces)).toEqual([['idna', 'six'], ['numpy'], ['scipy']]);
  });

  test('pieces of two blocks share a layer for the limit alone', () => {
    const pieces = [piece('tini', 1000, { block: 'debian', stage: 0 }), piece('six', 1000)];
    expect(names(pieces)).toEqual([['tini'], ['six']]);
    expect(names(pieces, { limit: 1 })).toEqual([['tini', 'six']]);
  });

  test('under a limit, what costs least is joined: small pieces, not large ones', () => {
    const pieces = ['a', 'b', 'c', 'd'].map((name, at) => piece(name, 10 ** at * MB));
    expect(names(pieces, { limit: 3 })).toEqual([['a', 'b'], ['c'], ['d']]);
  });

  test('a size that differs by a byte does not change the plan', () => {
    const pieces = Array.from({ length: 12 }, (_, at) => piece(`p${at}`, 3 * MB + at));
    const others = pieces.map((each, at) => ({ ...each, size: 3 * MB + ((at * 7) % 12) }));
    expect(names(others, { limit: 4 })).toEqual(names(pieces, { limit: 4 }));
  });
});

describe('with a history', () => {
  const four = ['a', 'b', 'c', 'd'].map(name => piece(name, MB));

  test('what changes together is joined before what does not', () => {
    const history = builds(
      'm',
      MB,
      ['a 1', 'b 1', 'c 1', 'd 1'],
      ['a 2', 'b 1', 'c 2', 'd 1'],
      ['a 3', 'b 1', 'c 3', 'd 1'],
      ['a 3', 'b 2', 'c 3', 'd 2'],
    );
    expect(names(four, { limit: 2 }, history)).toEqual([
      ['a', 'c'],
      ['b', 'd'],
    ]);
  });

  test('what the same models share is joined before what one has for itself', () => {
    const history = [
      ...builds('m', MB, ['a 1', 'b 1', 'c 1', 'd 1']),
      ...builds('n', MB, ['a 1', 'd 1']),
      ...builds('o', MB, ['a 1', 'd 1']),
    ];
    expect(names(four, { limit: 2 }, history)).toEqual([
      ['a', 'd'],
      ['b', 'c'],
    ]);
  });

  test('a new version of a piece leaves the plan as it was', () => {
    const history = builds('m', MB, ['a 1', 'b 1', 'c 1', 'd 1'], ['a 2', 'b 1', 'c 2', 'd 1']);
    const newer = four.map(each => ({ ...each, version: '9', size: 5 * MB }));
    expect(names(newer, { limit: 2 }, history)).toEqual(names(four, { limit: 2 }, history));
  });
});

describe('a user', () => {
  const pieces = [
    piece('libc6', 3 * MB, { block: 'debian', stage: 0 }),
    ...['tokenizers', 'transformers', 'six', 'idna'].map((name, at) => piece(name, 10_000 * (at + 1))),
    piece('source', 5000, { block: 'source', stage: 2, rate: 1 }),
  ];

  test('squashes all into one layer', () => {
    expect(names(pieces, { squash: true })).toHaveLength(1);
  });

  test('preserves a piece, and the rest is squashed as the order allows', () => {
    expect(names(pieces, { squash: true, preserve: ['six'] })).toEqual([
      ['libc6'],
      ['six'],
      ['idna', 'tokenizers', 'transformers', 'source'],
    ]);
  });

  test('groups pieces, by their names or with the block', () => {
    const groups = { nlp: ['python/tokenizers', 'transformers'] };
    const layers = planLayers(pieces, { ...defaults, groups }, []);
    const nlp = layers.find(
      layer => layer.pieces.length === 2 && pieces[layer.pieces[0]!]!.name === 'tokenizers',
    );
    expect(nlp?.reason).toBe('the group nlp');
  });

  test.each<[string, Partial<PlanOptions>, string, RegExp, RegExp]>([
    [
      'a name that is no piece',
      { groups: { nlp: ['tokenisers'] } },
      'plan/unknown',
      /group nlp names "tokenisers"/,
      /"tokenizers"/,
    ],
    [
      'a name in two places',
      { preserve: ['six'], groups: { g: ['six', 'idna'] } },
      'plan/twice',
      /both preserve and the group g/,
      /once/,
    ],
    [
      'more preserved than the limit allows',
      { preserve: ['six', 'idna', 'libc6'], limit: 3 },
      'plan/limit',
      /at least 4 layers .* 3 of them .* limit is 3/,
      /raise/,
    ],
    ['a limit of none', { limit: 0 }, 'plan/limit', /from 1 to 125; found 0/, /^$/],
    ['a limit that is no whole number', { limit: 2.5 }, 'plan/limit', /found 2.5/, /^$/],
    [
      'a group around what has to lie between',
      { groups: { g: ['libc6', 'source'] } },
      'plan/order',
      /group g joins pieces between which/,
      /one block/,
    ],
  ])('is told of %s', (_, options, code, message, hint) => {
    const error = errorOf(() => names(pieces, options));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.hint ?? '').toMatch(hint);
  });
});

test('the layers of a base stay as they are, lowest, and count', () => {
  const base = [3, 1, 2].map((at, stage) => piece(`base${at}`, 10, { block: 'base', stage, fixed: true }));
  const own = ['a', 'b', 'c'].map(name => piece(name, MB, { stage: 3 }));
  expect(names([...base, ...own], { limit: 4 })).toEqual([['base3'], ['base1'], ['base2'], ['a', 'b', 'c']]);
  expect(errorOf(() => names([...base, ...own], { limit: 3 })).message).toMatch(/at least 4 layers/);
});

describe('any plan', () => {
  const past = fc.array(
    fc.record({
      model: fc.constantFrom('m', 'n'),
      pieces: fc.uniqueArray(
        fc.record({
          block: fc.constantFrom('debian', 'python'),
          name: fc.constantFrom('p0', 'p1', 'p2', 'p3', 'p4'),
          version: fc.constantFrom('1', '2'),
          size: fc.nat(50 * MB),
        }),
        { selector: keyOf, maxLength: 6 },
      ),
    }),
    { maxLength: 6 },
  );
  const anyPieces = fc
    .array(fc.record({ stage: fc.nat(2), size: fc.nat(50 * MB), rate: fc.constantFrom(0, 0.2, 1) }), {
      minLength: 1,
      maxLength: 14,
    })
    .map(list =>
      list.map(({ stage, size, rate }, at) =>
        piece(`p${at}`, size, { block: ['debian', 'python', 'source'][stage]!, stage, rate }),
      ),
    );
  const options = fc.record({
    limit: fc.integer({ min: 1, max: 20 }),
    squash: fc.boolean(),
    preserve: fc.uniqueArray(fc.constantFrom('p0', 'p1'), { maxLength: 2 }),
    groups: fc.constantFrom<PlanOptions['groups']>({}, { g: ['p2', 'p3'] }),
  });

  /** Undefined where the options cannot be kept. */
  const planned = (pieces: readonly Piece[], chosen: PlanOptions, history: History) => {
    try {
      return planLayers(pieces, chosen, history);
    } catch (error) {
      if (error instanceof CogpackError) return error.code;
      throw error;
    }
  };

  test('has each piece once, in the order of stages, within the limit', () => {
    fc.assert(
      fc.property(anyPieces, options, past, (pieces, chosen, history) => {
        const layers = planned(pieces, chosen, history);
        if (typeof layers === 'string') return;
        expect(layers.length).toBeLessThanOrEqual(chosen.limit);
        const places = layers.flatMap(layer => layer.pieces);
        expect([...places].sort((a, b) => a - b)).toEqual(pieces.map((_, at) => at));
        const stages = places.map(at => pieces[at]!.stage);
        expect(stages).toEqual([...stages].sort());
        expect(layers.map(layer => layer.size)).toEqual(
          layers.map(layer => layer.pieces.reduce((sum, at) => sum + pieces[at]!.size, 0)),
        );
      }),
    );
  });

  test('keeps apart what is preserved, and groups together', () => {
    fc.assert(
      fc.property(anyPieces, options, past, (pieces, chosen, history) => {
        const layers = planned(pieces, chosen, history);
        if (typeof layers === 'string') return;
        const held = layers.map(layer => layer.pieces.map(at => pieces[at]!.name).sort());
        for (const name of chosen.preserve) expect(held).toContainEqual([name]);
        for (const group of Object.values(chosen.groups)) expect(held).toContainEqual(group);
      }),
    );
  });

  test('with nothing kept apart, any limit can be kept', () => {
    fc.assert(
      fc.property(anyPieces, fc.integer({ min: 1, max: 4 }), past, (pieces, limit, history) => {
        expect(planLayers(pieces, { ...defaults, limit }, history).length).toBeLessThanOrEqual(limit);
      }),
    );
  });

  test('is refused for its limit only where squashing all does not keep it', () => {
    fc.assert(
      fc.property(anyPieces, options, past, (pieces, chosen, history) => {
        if (planned(pieces, chosen, history) !== 'plan/limit') return;
        const fewest = planLayers(pieces, { ...chosen, limit: 125, squash: true }, history);
        expect(fewest.length).toBeGreaterThan(chosen.limit);
      }),
    );
  });

  test('is the same in whatever order the pieces come', () => {
    const shuffled = anyPieces.chain(pieces =>
      fc.tuple(fc.constant(pieces), fc.shuffledSubarray(pieces, { minLength: pieces.length })),
    );
    fc.assert(
      fc.property(shuffled, options, past, ([pieces, others], chosen, history) => {
        const shown = (list: readonly Piece[]) => {
          const layers = planned(list, chosen, history);
          if (typeof layers === 'string') return layers;
          return layers.map(layer => ({ ...layer, pieces: layer.pieces.map(at => list[at]!.name) }));
        };
        expect(shown(others)).toEqual(shown(pieces));
      }),
    );
  });
});
