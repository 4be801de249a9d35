import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CogpackError } from '../../src/base/error.ts';
import { formatHistory, type History, parseHistory } from '../../src/plan/history.ts';

const word = fc.stringMatching(/^[a-z0-9.+:~-]{1,12}$/);
const histories: fc.Arbitrary<History> = fc.array(
  fc.record({
    model: fc.string(),
    pieces: fc.array(fc.record({ block: word, name: word, version: word, size: fc.nat() }), { maxLength: 5 }),
  }),
  { maxLength: 5 },
);

test('a history is read as it was written', () => {
  fc.assert(
    fc.property(histories, history => {
      expect(parseHistory(formatHistory(history), 'h')).toEqual(history);
    }),
  );
});

test('a build more leaves the lines of those before as they are', () => {
  fc.assert(
    fc.property(histories, histories, (before, more) => {
      const lines = (history: History, start: string) =>
        formatHistory(history)
          .split('\n')
          .filter(line => line.startsWith(start))
          .map(line => line.replace(/,$/, ''));
      for (const start of ['    "', '    {']) {
        const kept = lines(before, start);
        expect(lines([...before, ...more], start).slice(0, kept.length)).toEqual(kept);
      }
    }),
  );
});

test.each<[string, string, RegExp]>([
  ['no JSON', '{', /h is not a history of builds: it is not JSON/],
  ['another version', '{"version": 2, "pieces": [], "builds": []}', /version/],
  [
    'a piece that is none',
    '{"version": 1, "pieces": ["numpy"], "builds": []}',
    /expected "block name version size"/,
  ],
  [
    'a build with a piece that is not there',
    '{"version": 1, "pieces": ["python numpy 1 2"], "builds": [{"model": "m", "pieces": "0 1"}]}',
    /a build of m has piece 1 of 1/,
  ],
  [
    'a build whose pieces are no numbers',
    '{"version": 1, "pieces": [], "builds": [{"model": "m", "pieces": "a"}]}',
    /expected numbers/,
  ],
])('%s is refused', (_, text, message) => {
  let error: unknown;
  try {
    parseHistory(text, 'h');
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(CogpackError);
  expect((error as CogpackError).code).toBe('plan/history');
  expect((error as CogpackError).message).toMatch(message);
});
