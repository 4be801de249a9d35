import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decisionsOf } from '../../grammar/decisions.ts';
import { Mismatch } from '../../grammar/engine.ts';
import { parse } from '../../grammar/index.ts';
import { tokenize } from '../../grammar/lexer.ts';
import { plainParser, recoveringParser, TooDeep } from '../../grammar/parser.ts';
import { mutate } from '../language/mutate.ts';

const kept = new URL('../../grammar/decisions.json', import.meta.url);

test("decisions.json holds what Chevrotain's analysis finds", () => {
  const text = `${JSON.stringify(decisionsOf(), undefined, 2)}\n`;
  if (process.env.COGPACK_GOLDEN === 'update') writeFileSync(kept, text);
  expect(JSON.parse(readFileSync(kept, 'utf8'))).toEqual(JSON.parse(text));
});

test('both engines take the same texts, and make the same trees of them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), seed => {
      const text = mutate(seed);
      expect(plainly(text)).toEqual(withRecovery(text));
    }),
    { numRuns: 300 },
  );
});

test('a problem after a text without one is told as if it were the first', () => {
  const alone = parse('{ a: }');
  parse('{ a: 1 }');
  expect(parse('{ a: }')).toEqual(alone);
});

function plainly(text: string): unknown {
  const parser = plainParser();
  parser.begin(tokenize(text).tokens);
  try {
    const tree = parser.program();
    return parser.problems.length === 0 && parser.current.tokenType.name === 'EOF' ? tree : undefined;
  } catch (error) {
    if (error instanceof Mismatch || error instanceof TooDeep) return undefined;
    throw error;
  }
}

function withRecovery(text: string): unknown {
  const parser = recoveringParser();
  const { tokens } = tokenize(text);
  for (const token of tokens) token.tokenTypeIdx = token.tokenType.tokenTypeIdx!;
  parser.begin(tokens);
  const tree = parser.program();
  return parser.errors.length + parser.problems.length === 0 ? tree : undefined;
}
