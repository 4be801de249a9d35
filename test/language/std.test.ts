// The standard library: for each function what it gives, as the reference documents it.
import { describe, expect, test } from 'vitest';
import { standardLibrary } from '../../src/language/std/index.ts';
import { evaluate, failureOf } from './evaluate.ts';

const table: Readonly<Record<string, readonly (readonly [code: string, value: unknown])[]>> = {
  types: [
    [
      "[std.type(x) for x in [null, true, 1, 'a', [], {}, function() 1]]",
      ['null', 'boolean', 'number', 'string', 'array', 'object', 'function'],
    ],
    [
      '[std.isString("a"), std.isNumber(1), std.isBoolean(true), std.isObject({}), std.isArray([]), std.isFunction(std.abs)]',
      [true, true, true, true, true, true],
    ],
    [
      "[std.length('añ😀'), std.length([1]), std.length({ a: 1, b:: 2 }), std.length(function(x) 1)]",
      [3, 1, 1, 1],
    ],
    ["std.toString([1, 'a', { b: null }, 1.5, true])", '[1, "a", {"b": null}, 1.5, true]'],
    ['std.id(3)', 3],
  ],
  math: [
    ['[std.abs(-2), std.sign(-3), std.max(1, 2), std.min(1, 2), std.clamp(5, 1, 3)]', [2, -1, 2, 1, 3]],
    [
      '[std.floor(1.7), std.ceil(1.2), std.round(1.5), std.round(-1.5), std.sqrt(9), std.pow(2, 10)]',
      [1, 2, 2, -2, 3, 1024],
    ],
    ['[std.exponent(10), std.mantissa(10), std.mod(-7, 3), std.modulo(7, 3)]', [4, 0.625, -1, 1]],
    ['[std.isEven(2), std.isOdd(2), std.isInteger(1.5), std.isDecimal(1.5)]', [true, false, false, true]],
    [
      '[std.exp(0), std.log(1), std.log2(8), std.log10(100), std.hypot(3, 4), std.sin(0), std.atan2(0, 1)]',
      [1, 0, 3, 2, 5, 0, 0],
    ],
    ['[std.deg2rad(180) == std.pi, std.rad2deg(std.pi)]', [true, 180]],
    ['[std.xor(true, false), std.xnor(true, false)]', [true, false]],
    ['[1 & 3, 1 | 2, 1 ^ 3, ~1, 1 << 4, 256 >> 4, -1 >> 1]', [1, 3, 2, -2, 16, 16, -1]],
    ['[7 % 3, -7 % 3, 7 / 2, 1e3, 0.1 + 0.2]', [1, -1, 3.5, 1000, 0.30000000000000004]],
  ],
  strings: [
    ["[std.codepoint('é'), std.char(128512)]", [233, '😀']],
    ["[std.substr('héllo', 1, 3), std.substr('ab', 5, 1)]", ['éll', '']],
    [
      "[std.startsWith('abc', 'ab'), std.endsWith('abc', 'bc'), std.isEmpty(''), std.equalsIgnoreCase('aB', 'Ab')]",
      [true, true, true, true],
    ],
    ["std.findSubstr('aa', 'aaaa')", [0, 1, 2]],
    [
      "[std.stripChars(' a b ', ' '), std.lstripChars('aab', 'a'), std.rstripChars('abb', 'b'), std.trim(' \\t a\\n ')]",
      ['a b', 'b', 'a', 'a'],
    ],
    [
      "[std.split('a,b,c', ','), std.splitLimit('a,b,c', ',', 1), std.splitLimitR('a,b,c', ',', 1)]",
      [
        ['a', 'b', 'c'],
        ['a', 'b,c'],
        ['a,b', 'c'],
      ],
    ],
    ["std.strReplace('a.b.c', '.', '$&')", 'a$&b$&c'],
    ["[std.asciiUpper('aé'), std.asciiLower('AÉ'), std.stringChars('aé')]", ['Aé', 'aÉ', ['a', 'é']]],
    [
      "[std.escapeStringJson('\"\\u0007'), std.escapeStringBash(\"it's\"), std.escapeStringDollars('$x'), std.escapeStringXML('<&>'), std.escapeStringPython('a\"')]",
      ['"\\"\\u0007"', "'it'\"'\"'s'", '$$x', '&lt;&amp;&gt;', '"a\\""'],
    ],
    ["[std.parseInt('-12'), std.parseOctal('755'), std.parseHex('fF')]", [-12, 493, 255]],
    ['std.parseJson(\'{"a": [1, null]}\')', { a: [1, null] }],
    [
      "std.parseYaml('a: 1\\nb: [x, 2.5, true, null]\\nc:\\n  - d: e\\n')",
      { a: 1, b: ['x', 2.5, true, null], c: [{ d: 'e' }] },
    ],
    ["std.parseYaml('---\\na: 1\\n---\\nb: 2\\n')", [{ a: 1 }, { b: 2 }]],
    ["std.parseYaml('text\\n---x')", 'text ---x'],
    ["std.parseYaml('[yes, no, on, off, y, true, ~]')", ['yes', 'no', 'on', 'off', 'y', true, null]],
    [
      "std.parseYaml('[010, 0o10, 0x1F, 1_000, 1e3, 12:30, 2001-12-14]')",
      [10, 8, 31, '1_000', 1000, '12:30', '2001-12-14'],
    ],
    [
      'std.parseYaml(\'[!!str 1, !!int "3", !!float 1, !!set {a}, !!binary aGk=, !foo b]\')',
      ['1', 3, 1, { a: null }, 'aGk=', 'b'],
    ],
    ["std.parseYaml('a: &x {b: 1, c: 2}\\nd: {<<: *x, b: 3}')", { a: { b: 1, c: 2 }, d: { b: 3, c: 2 } }],
    ["std.parseYaml('{1: a, 1.5: b, true: c}')", { 1: 'a', 1.5: 'b', true: 'c' }],
    ["[std.encodeUTF8('é'), std.decodeUTF8([195, 169])]", [[195, 169], 'é']],
    [
      "[std.base64('hello'), std.base64([1, 2]), std.base64Decode('aGVsbG8='), std.base64DecodeBytes('AQI=')]",
      ['aGVsbG8=', 'AQI=', 'hello', [1, 2]],
    ],
    [
      "[std.md5(''), std.sha1('a'), std.length(std.sha256('')), std.length(std.sha512('')), std.length(std.sha3(''))]",
      ['d41d8cd98f00b204e9800998ecf8427e', '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8', 64, 128, 128],
    ],
    ["std.resolvePath('a/b/c.jsonnet', 'd.jsonnet')", 'a/b/d.jsonnet'],
    ["std.lines(['a', 'b'])", 'a\nb\n'],
  ],
  format: [
    [
      "'%s %d %5.2f|%-5s|%05d|%x|%X|%o|%e|%g' % ['a', 3, 3.14159, 'b', 42, 255, 255, 8, 12345.678, 0.0001]",
      'a 3  3.14|b    |00042|ff|FF|10|1.234568e+04|0.0001',
    ],
    ["'%(a)s-%(b)03d%%' % { a: 'x', b: 7 }", 'x-007%'],
    ["'%*d' % [5, 42]", '   42'],
    ["['%c' % 65, '%c' % 'b', '%+d' % 3, '% d' % 3, '%#x' % 255]", ['A', 'b', '+3', ' 3', '0xff']],
    ["std.format('%s', [[1, 2]])", '[1, 2]'],
  ],
  arrays: [
    [
      '[std.makeArray(3, function(i) i * i), std.range(1, 3), std.repeat([1], 3), std.repeat("ab", 2)]',
      [[0, 1, 4], [1, 2, 3], [1, 1, 1], 'abab'],
    ],
    [
      '[std.map(function(x) x + 1, [1, 2]), std.mapWithIndex(function(i, x) i + x, [1, 2]), std.filter(function(x) x > 1, [1, 2])]',
      [[2, 3], [1, 3], [2]],
    ],
    [
      '[std.filterMap(function(x) x > 1, function(x) x * 2, [1, 2]), std.flatMap(function(x) [x, x], [1, 2]), std.flatMap(function(c) c + c, "ab")]',
      [[4], [1, 1, 2, 2], 'aabb'],
    ],
    [
      "[std.foldl(function(a, b) a + b, ['a', 'b'], ''), std.foldr(function(a, b) a + b, ['a', 'b'], '')]",
      ['ab', 'ab'],
    ],
    [
      "[std.join('-', ['a', null, 'b']), std.join([0], [[1], null, [2]]), std.deepJoin(['a', ['b', ['c']]])]",
      ['a-b', [1, 0, 2], 'abc'],
    ],
    [
      '[std.flattenArrays([[1], [2]]), std.flattenDeepArray([1, [2, [3]]]), std.reverse([1, 2])]',
      [
        [1, 2],
        [1, 2, 3],
        [2, 1],
      ],
    ],
    [
      "[std.member([1, 2], 2), std.member('abc', 'b'), std.contains([1], 1), std.count([1, 1, 2], 1), std.find(2, [2, 1, 2])]",
      [true, true, true, 2, [0, 2]],
    ],
    [
      '[std.sort([3, 1, 2]), std.sort(["b", "a"]), std.sort([1, 2], function(x) -x), std.uniq([1, 1, 2, 1])]',
      [
        [1, 2, 3],
        ['a', 'b'],
        [2, 1],
        [1, 2, 1],
      ],
    ],
    [
      '[std.set([2, 1, 2]), std.setUnion([1, 2], [2, 3]), std.setInter([1, 2], [2, 3]), std.setDiff([1, 2], [2]), std.setMember(2, [1, 2])]',
      [[1, 2], [1, 2, 3], [2], [1], true],
    ],
    ['std.set([{ k: 2 }, { k: 1 }], function(x) x.k)', [{ k: 1 }, { k: 2 }]],
    [
      '[std.all([true, false]), std.any([true, false]), std.sum([1, 2]), std.avg([1, 2])]',
      [false, true, 3, 1.5],
    ],
    ["[std.minArray([2, 1]), std.maxArray(['a', 'b']), std.minArray([], onEmpty=0)]", [1, 'b', 0]],
    [
      '[std.remove([1, 2, 1], 1), std.removeAt([1, 2, 3], 1), std.slice([1, 2, 3, 4], 0, 4, 2)]',
      [
        [2, 1],
        [1, 3],
        [1, 3],
      ],
    ],
  ],
  objects: [
    [
      "local o = { a: 1, b:: 2 }; [std.objectHas(o, 'b'), std.objectHasAll(o, 'b'), std.objectHasEx(o, 'b', true)]",
      [false, true, true],
    ],
    [
      'local o = { b: 1, a: 3, c:: 2 }; [std.objectFields(o), std.objectFieldsAll(o), std.objectValues(o), std.objectValuesAll(o)]',
      [
        ['a', 'b'],
        ['a', 'b', 'c'],
        [3, 1],
        [3, 1, 2],
      ],
    ],
    [
      '[std.objectKeysValues({ a: 1 }), std.objectKeysValuesAll({ a:: 1 })]',
      [[{ key: 'a', value: 1 }], [{ key: 'a', value: 1 }]],
    ],
    [
      "[std.get({ a: 1 }, 'a'), std.get({}, 'a'), std.get({}, 'a', 5), std.get({ a:: 1 }, 'a', 5, false)]",
      [1, null, 5, 5],
    ],
    [
      "[std.objectRemoveKey({ a: 1, b: 2 }, 'a'), std.mapWithKey(function(k, v) k + v, { a: 1 })]",
      [{ b: 2 }, { a: 'a1' }],
    ],
    [
      '[std.mergePatch({ a: 1, b: { c: 1 } }, { a: null, b: { d: 2 } }), std.prune({ a: [], b: null, c: [null, 1], d: {} })]',
      [{ b: { c: 1, d: 2 } }, { c: [1] }],
    ],
  ],
  manifests: [
    [
      'std.manifestJson({ a: [], b: {}, c: [1] })',
      '{\n    "a": [\n\n    ],\n    "b": {\n\n    },\n    "c": [\n        1\n    ]\n}',
    ],
    ["std.manifestJsonMinified({ a: [1, 'x'] })", '{"a":[1,"x"]}'],
    ["std.manifestJsonEx({ a: 1 }, '  ', ' ', ' : ')", '{   "a" : 1 }'],
    [
      "std.manifestYamlDoc({ a: [1, { b: 'x' }], c: 'l1\\nl2\\n', d: {} })",
      '"a":\n- 1\n- "b": "x"\n"c": |\n  l1\n  l2\n"d": {}',
    ],
    ["std.manifestYamlDoc({ a: [1], 'b c': true, yes: 1 }, true, false)", 'a:\n  - 1\n"b c": true\n"yes": 1'],
    ['std.manifestYamlStream([1, { a: 2 }])', '---\n1\n---\n"a": 2\n...\n'],
    ["std.manifestIni({ main: { a: 1 }, sections: { s: { b: ['x', 'y'] } } })", 'a = 1\n[s]\nb = x\nb = y\n'],
    ["std.manifestPython({ a: [true, null], b: 'x' })", '{"a": [True, None], "b": "x"}'],
    ['std.manifestPythonVars({ a: 1 })', 'a = 1\n'],
    ["std.manifestTomlEx({ a: 1, b: { c: [1, 2] } }, '  ')", 'a = 1\n\n[b]\n  c = [\n    1,\n    2\n  ]'],
    ["std.manifestXmlJsonml(['p', { class: 'x' }, 'a', ['b', '<']])", '<p class="x">a<b><</b></p>'],
  ],
};

describe.each(Object.entries(table))('std, %s', (_, rows) => {
  test.each(rows)('%s', (code, value) => {
    expect(evaluate(code)).toEqual(value);
  });
});

test('every function of the library is met in the table or the reference programs', () => {
  const code = Object.values(table).flat().join('\n');
  const { names } = standardLibrary();
  const elsewhere = new Set([
    'acos',
    'asin',
    'atan',
    'cos',
    'tan',
    'trace',
    'extVar',
    'native',
    'assertEqual',
    'equals',
    'primitiveEquals',
    'manifestToml',
    'objectFieldsEx',
    '__compare',
    'isNull',
    'log1p',
    'expm1',
    'filter',
    '__compare_array',
    '__array_less',
    '__array_greater',
    '__array_less_or_equal',
    '__array_greater_or_equal',
  ]);
  const missing = [...names].filter(name => !code.includes(`std.${name}`) && !elsewhere.has(name));
  expect(missing).toEqual([]);
});

test.each([
  ['std.length(1)', 'std.length takes a string, an array, an object or a function; found number'],
  ["std.abs('a')", 'std.abs takes a number; found string'],
  ["std.parseInt('x')", 'std.parseInt takes the digits of base 10; found "x"'],
  ['std.join(1, [])', 'std.join takes a string or an array as the separator; found number'],
  ['std.sqrt(-1)', 'std.sqrt: the result is not a number'],
  ["'%.3f' % 1e308", 'overflow: 1e+308 with 3 digits is too large to format'],
  ["std.extVar('x')", 'there is no external variable x'],
  ["'%d' % 'a'", '%d takes a number; found string'],
  ['std.makeArray(-1, function(i) i)', 'std.makeArray takes a size of 0 or more; found -1'],
  ['std.thisFile(1)', 'only a function can be called; found string'],
  ["std.parseYaml('a: &a [*a]')", 'std.parseYaml takes YAML: an anchor is used inside what it names'],
  ["std.parseYaml('a: 1\\na: 2')", 'std.parseYaml takes YAML: Map keys must be unique at line 2, column 1:'],
  [
    "std.parseYaml('? [a]\\n: b')",
    'std.parseYaml takes keys that are strings, numbers or booleans; found a sequence',
  ],
])('%s fails and names its place', (code, message) => {
  const error = failureOf(code);
  expect(error.message).toBe(message);
  expect([error.span?.line, error.span?.column]).toEqual([1, 1]);
});

test('aliases of aliases that would fill the memory are an error', () => {
  const lines = Array.from(
    { length: 9 },
    (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join()}]`,
  );
  const error = failureOf(`std.parseYaml(${JSON.stringify(['a0: &a0 [x]', ...lines].join('\n'))})`);
  expect(error.message).toContain('std.parseYaml takes YAML: Excessive alias count');
});

test('a name that std does not have is met with the nearest one', () => {
  const error = failureOf('std.lenght([])');
  expect(error.message).toBe('std has no lenght');
  expect(error.hint).toBe('did you mean std.length?');
});

test('std.trace goes to the host, with its place', () => {
  const lines: string[] = [];
  expect(evaluate("std.trace('seen', 1)", { trace: line => lines.push(line) })).toBe(1);
  expect(lines).toEqual(['TRACE: test.jsonnet:1 seen']);
});
