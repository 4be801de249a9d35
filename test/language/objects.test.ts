import { describe, expect, test } from 'vitest';
import { evaluate, evaluateText, failureOf } from './evaluate.ts';

describe('objects', () => {
  test.each([
    ['fields see each other through self', '{ a: 1, b: self.a + 1 }', { a: 1, b: 2 }],
    ['$ is the outermost object', '{ a: 1, b: { a: 2, c: $.a } }', { a: 1, b: { a: 2, c: 1 } }],
    ['an override is seen by what was there before', '{ a: 1, b: self.a } + { a: 5 }', { a: 5, b: 5 }],
    ['super is what the object extends', '{ a: 1 } + { a: super.a + 1 } + { a: super.a + 1 }', { a: 3 }],
    [
      '+: adds to what the field extends',
      '{ a: [1], b: { x: 1 } } { a+: [2], b+: { y: 2 } }',
      { a: [1, 2], b: { x: 1, y: 2 } },
    ],
    ['+: without anything to extend is the value', '{ a+: 1 }', { a: 1 }],
    ['in asks for hidden fields too', "{ a:: 1, r: ['a' in self, 'b' in self] }", { r: [true, false] }],
    [
      'in super asks what is extended',
      "{ a: 1 } + { r: ['a' in super, 'r' in super] }",
      { a: 1, r: [true, false] },
    ],
    [':: hides, : keeps hidden, ::: shows', '{ a:: 1, b:: 1 } + { a: 2, b::: 2 }', { b: 2 }],
    ['a null name leaves a field out', "{ [if false then 'a']: 1, b: 2 }", { b: 2 }],
    ['locals of an object see self', '{ local x = self.a, a: 1, b: x }', { a: 1, b: 1 }],
    [
      'locals are bound anew for each object',
      '({ local x = self.a, a: 1, b: x } + { a: 3 })',
      { a: 3, b: 3 },
    ],
    ['methods are fields', '{ f(x, y=2):: x + y, r: self.f(1), s: self.f(1, y=3) }', { r: 3, s: 4 }],
    ['a comprehension makes fields', "{ [k]: k + '!' for k in ['a', 'b'] if k != 'a' }", { b: 'b!' }],
    ['a comprehension is an object to extend', '{ [k]: 1 for k in ["a"] } + { a+: 1 }', { a: 2 }],
    [
      'self in a nested object is the nested one',
      '{ a: { b: self.c, c: 1 }, c: 2 }',
      { a: { b: 1, c: 1 }, c: 2 },
    ],
    ['equality takes visible fields', '{ a: 1, b:: 2 } == { a: 1, b:: 3 }', true],
    ['an unused field is not evaluated', "{ a:: error 'no', b: 1 }", { b: 1 }],
  ])('%s', (_, code, value) => {
    expect(evaluate(code)).toEqual(value);
  });

  test('fields are in the order of their code points', () => {
    expect(
      evaluateText("std.objectFields({ '😀': 1, b: 1, '\uffee': 1, a: 1, B: 1, '10': 1, '9': 1 })"),
    ).toBe(JSON.stringify(['10', '9', 'B', 'a', 'b', '\uffee', '😀'], null, 3));
  });

  test.each([
    ['{ a: 1, a: 2 }', 'jsonnet/parse', 1, 9],
    ["{ a: 1, ['a']: 2 }", 'jsonnet/duplicate-field', 1, 9],
    ['{ [1]: 2 }', 'jsonnet/type', 1, 4],
    ['{ a: 1 }.b', 'jsonnet/unknown-field', 1, 1],
    ['{ a: super.a }', 'jsonnet/unknown-field', 1, 6],
    ['{ a: self.b, b: self.a }', 'jsonnet/infinite-recursion', 1, 17],
    ['self', 'jsonnet/outside-object', 1, 1],
    ['{ a: function() 1 }', 'jsonnet/manifest', 1, 6],
  ])('%s fails with %s at %d:%d', (code, expected, line, column) => {
    const error = failureOf(code);
    expect([error.code, error.span?.line, error.span?.column]).toEqual([expected, line, column]);
  });
});

describe('asserts', () => {
  test.each([
    ['an assert that holds is unseen', "{ a: 1, assert self.a == 1 : 'no' }", { a: 1 }],
    ['asserts see overrides', '{ a: 0, assert self.a > 0 } + { a: 1 }', { a: 1 }],
    ['a local assert guards its body', 'assert 1 < 2; 3', 3],
    ['an object whose fields are not used is not checked', 'std.length([{ assert false }])', 1],
  ])('%s', (_, code, value) => {
    expect(evaluate(code)).toEqual(value);
  });

  test('an assert of what is extended is checked for what extends it', () => {
    expect(failureOf("{ a: 1, assert self.a < 2 : 'a is ' + self.a } + { a: 5 }").message).toBe('a is 5');
  });

  test('an assert that fails is told with its place and message', () => {
    const error = failureOf("{\n  a: 1,\n  assert self.a > 5 : 'too small',\n}");
    expect(error.code).toBe('jsonnet/assert');
    expect(error.message).toBe('too small');
    expect(error.span?.line).toBe(3);
  });
});

describe('functions', () => {
  test.each([
    ['arguments by name and default', 'local f(a, b=a + 1, c=b + 1) = [a, b, c]; f(1, c=9)', [1, 2, 9]],
    ['defaults see later parameters', 'local f(a=b, b=2) = a; f()', 2],
    ['arguments are evaluated when they are used', "local f(a, b) = a; f(1, error 'no')", 1],
    ['recursion', 'local f(n) = if n == 0 then 1 else n * f(n - 1); f(10)', 3628800],
    [
      'mutual recursion of locals',
      'local even(n) = n == 0 || odd(n - 1), odd(n) = n != 0 && even(n - 1); even(10)',
      true,
    ],
    [
      'closures keep their variables',
      'local add(a) = function(b) a + b; [f(10) for f in [add(i) for i in [1, 2]]]',
      [11, 12],
    ],
    ['a trailing comma', 'local f(a, b,) = a + b; f(1, 2,)', 3],
    ['std.length of a function', 'std.length(function(a, b) 1)', 2],
    ['tailstrict evaluates arguments first', 'local f(a) = 1; f(2) tailstrict', 1],
  ])('%s', (_, code, value) => {
    expect(evaluate(code)).toEqual(value);
  });

  test('tailstrict calls at the end of a function need no stack', () => {
    expect(evaluate('local f(n, s) = if n == 0 then s else f(n - 1, s + n) tailstrict; f(100000, 0)')).toBe(
      5000050000,
    );
  });

  test('tailstrict evaluates an argument that is not used', () => {
    expect(failureOf("local f(a) = 1; f(error 'used') tailstrict").message).toBe('used');
  });

  test.each([
    ['local f(a) = a; f()', 'f was not given "a"'],
    ['local f(a) = a; f(1, 2)', 'f takes 1 argument; found 2'],
    ['local f(a) = a; f(b=1)', 'f has no parameter "b"'],
    ['local f(a) = a; f(1, a=2)', 'f was given "a" twice'],
    ['1(2)', 'only a function can be called; found number'],
  ])('%s: %s', (code, message) => {
    expect(failureOf(code).message).toBe(message);
  });
});

describe('arrays', () => {
  test.each([
    ['elements are lazy', "[1, error 'no'][0]", 1],
    [
      'comprehensions nest',
      '[[x, y] for x in [1, 2] for y in [x, 3] if x != y]',
      [
        [1, 3],
        [2, 3],
      ],
    ],
    [
      'slices',
      "[[1, 2, 3, 4][1:3], [1, 2, 3, 4][::2], [1, 2, 3][-2:], 'hello'[1:4]]",
      [[2, 3], [1, 3], [2, 3], 'ell'],
    ],
    ['concatenation', '[1] + [2] + []', [1, 2]],
    ['comparison', '[[1, 2] < [1, 3], [1] < [1, 0], [2] < [1, 9]]', [true, true, false]],
    ['an element of a comprehension is lazy', "[x.a for x in [{ a: error 'no' }, { a: 2 }]][1]", 2],
  ])('%s', (_, code, value) => {
    expect(evaluate(code)).toEqual(value);
  });
});
