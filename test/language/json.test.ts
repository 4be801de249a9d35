import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHost, manifestJson, toHost } from '../../src/language/index.ts';
import { evaluate, evaluateText } from './evaluate.ts';

const data = fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' }).map(withoutMinusZero);

// JSON.stringify writes -0 as 0.
function withoutMinusZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('the value of a JSON text is that JSON', () => {
  fc.assert(
    fc.property(data, value => {
      expect(evaluate(JSON.stringify(value))).toEqual(value);
      expect(evaluate(JSON.stringify(value, null, 2))).toEqual(value);
    }),
    { numRuns: 500 },
  );
});

test('std.parseJson reads what std.manifestJson writes', () => {
  fc.assert(
    fc.property(data, value => {
      const text = JSON.stringify(value);
      expect(evaluate(`std.parseJson(std.manifestJsonMinified(${text})) == ${text}`)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('data of the host comes back as it went in', () => {
  fc.assert(
    fc.property(data, value => {
      expect(toHost(fromHost(value as never))).toEqual(value);
      expect(JSON.parse(manifestJson(fromHost(value as never)))).toEqual(value);
    }),
    { numRuns: 500 },
  );
});

test('a field named __proto__ is a field like any other', () => {
  expect(evaluateText("{ ['__proto__']: 1, a: self['__proto__'] }")).toBe(
    '{\n   "__proto__": 1,\n   "a": 1\n}',
  );
});

test('strings are sequences of code points, whole ones', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), value => {
      const text = JSON.stringify(value.toWellFormed());
      const points = Array.from(value.toWellFormed());
      expect(evaluate(`std.length(${text})`)).toBe(points.length);
      expect(evaluate(`std.join('', std.stringChars(${text}))`)).toBe(points.join(''));
      expect(evaluate(`[${text}[i] for i in std.range(0, ${points.length - 1})]`)).toEqual(points);
      expect(evaluate(`std.decodeUTF8(std.encodeUTF8(${text}))`)).toBe(points.join(''));
    }),
    { numRuns: 60 },
  );
});

test('numbers are written with 17 significant digits at most, and read back the same', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value => {
      const written = evaluateText(`${value < 0 ? `-${-value}` : value}`);
      expect(Number(written)).toBe(value + 0);
      expect(written.replace(/e.*/, '').replace(/^-?0\.0*|[-.]/g, '').length).toBeLessThanOrEqual(
        Number.isInteger(value) ? 400 : 17,
      );
    }),
    { numRuns: 1000 },
  );
});
