// Values as the host sees them.
import { describe, expect, test } from 'vitest';
import { CogpackError } from '../../src/base/error.ts';
import {
  callFunction,
  elements,
  evaluateSnippet,
  fieldNames,
  fieldSpan,
  getField,
  hasField,
  opaque,
  opaquePayload,
  projectImporter,
  toHost,
  typeOf,
  type Value,
} from '../../src/language/index.ts';
import { evaluate, failureOf } from './evaluate.ts';

const natives = {
  derivation: {
    params: ['args'],
    call: ([args]: readonly Value[]) => opaque('derivation', getField(args!, 'name')),
  },
  add: { params: ['a', 'b'], call: ([a, b]: readonly Value[]) => (a as number) + (b as number) },
  fail: {
    params: [],
    call: (_: readonly Value[], { span }: { readonly span: CogpackError['span'] }): Value => {
      throw new CogpackError('test/native', 'no', { span });
    },
  },
};

function value(code: string): Value {
  const importer = projectImporter({ libraryPaths: [] });
  return evaluateSnippet({ importer, code, file: 'test.jsonnet', base: '/', natives });
}

describe('objects', () => {
  const object = value("{ b: 1, a:: 2, c: error 'lazy' } + {\n  b: super.b + 1 }");

  test('have names, hidden ones when asked', () => {
    expect(fieldNames(object)).toEqual(['b', 'c']);
    expect(fieldNames(object, { hidden: true })).toEqual(['a', 'b', 'c']);
    expect([hasField(object, 'a'), hasField(object, 'a', { hidden: false }), hasField(object, 'z')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('have fields, each evaluated when it is asked for', () => {
    expect(getField(object, 'b')).toBe(2);
    expect(() => getField(object, 'c')).toThrow('lazy');
  });

  test('know where a field was last written', () => {
    expect(fieldSpan(object, 'b')).toMatchObject({ file: 'test.jsonnet', line: 2 });
    expect(fieldSpan(object, 'z')).toBeUndefined();
  });
});

test('arrays have elements, functions can be called', () => {
  expect(elements(value('[1, 1 + 1]'))).toEqual([1, 2]);
  expect(callFunction(getField(value('{ f: function(a, b=2) a * b }'), 'f'), [21])).toBe(42);
});

test('what is not data is named by its path', () => {
  expect(() => toHost(value("{ model: { apt: ['a', 'b', function() 1] } }"))).toThrow(
    '$.model.apt[2] is a function',
  );
  expect(failureOf("{ 'a b': { c: [function() 1] } }").message).toContain('$["a b"].c[0]');
});

describe('native functions', () => {
  test('are called with values', () => {
    expect(toHost(value("std.native('add')(1, b=2)"))).toBe(3);
    expect(toHost(value("std.native('none')"))).toBe(null);
  });

  test('can tell the place of their call', () => {
    try {
      value("\n  std.native('fail')()");
    } catch (error) {
      expect((error as CogpackError).span).toMatchObject({ line: 2, column: 3 });
      return;
    }
    throw new Error('this did not fail');
  });
});

describe('values of the host', () => {
  const derivation = "std.native('derivation')({ name: 'a' })";

  test('have a type and a payload, and go through the program as they are', () => {
    const wrapped = value(`{ d: ${derivation}, t: std.type(self.d) }`);
    expect(typeOf(getField(wrapped, 'd'))).toBe('derivation');
    expect(opaquePayload(getField(wrapped, 'd'), 'derivation')).toBe('a');
    expect(getField(wrapped, 't')).toBe('derivation');
  });

  test('are equal when their payloads are', () => {
    expect(toHost(value(`[${derivation} == ${derivation}, ${derivation} == 1]`))).toEqual([true, false]);
  });

  test.each([
    `'' + ${derivation}`,
    `'%s' % [${derivation}]`,
    `std.toString(${derivation})`,
    `${derivation} + 1`,
  ])('%s says what to do instead', code => {
    expect(() => value(code)).toThrow(CogpackError);
    try {
      value(code);
    } catch (error) {
      expect((error as CogpackError).hint).toContain('is passed as a value');
    }
  });
});

describe('what is outside the program', () => {
  test('external variables are strings or code', () => {
    const extVars = { a: { kind: 'string', text: '1 + 1' }, b: { kind: 'code', text: '1 + 1' } } as const;
    expect(evaluate("[std.extVar('a'), std.extVar('b')]", { extVars })).toEqual(['1 + 1', 2]);
    expect(failureOf("std.extVar('c')", { extVars }).hint).toBe('give it with --ext-str c=…');
  });

  test('top-level arguments go to a program that is a function', () => {
    const tlas = { a: { kind: 'string', text: 'x' } } as const;
    expect(evaluate("function(a, b='y') a + b", { tlas })).toBe('xy');
    expect(failureOf('function(b) b', { tlas }).message).toContain('has no parameter "a"');
    expect(failureOf('1', { tlas }).message).toContain('the program is not a function');
    expect(failureOf('function(a) a').message).toBe('the program was not given its argument "a"');
  });

  test('an error in an external variable has its name as its place', () => {
    const extVars = { a: { kind: 'code', text: '1 +' } } as const;
    expect(failureOf("std.extVar('a')", { extVars }).span?.file).toBe('<external variable a>');
  });
});
