// Programs that are nearly right: a generated one with a few parts dropped, doubled, swapped or replaced.
import { generate } from './generator.ts';

// Text that breaks the grammar as often as not.
const pieces = [
  ...[
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    ',',
    ';',
    ':',
    '::',
    ':::',
    '+:',
    '.',
    '=',
    '|||',
    '|||\n  a\n|||',
    '"',
    "'",
    '@"',
  ],
  ...[
    '+',
    '-',
    '*',
    '/',
    '%',
    '<<',
    '>>',
    '<',
    '<=',
    '==',
    '!=',
    '&&',
    '||',
    '!',
    '~',
    '&',
    '|',
    '^',
    ' in ',
  ],
  ...[
    'local ',
    'function(x) ',
    'if ',
    ' then ',
    ' else ',
    'assert ',
    'error ',
    'import ',
    'importstr ',
    ' for x in ',
  ],
  ...[
    'self',
    'super',
    'std',
    'tailstrict',
    '/*',
    '*/',
    '//',
    '#',
    '\\',
    '\\u00',
    '\u0000',
    '\ud800',
    '\r\n',
    '\t',
  ],
];

// Expressions, to stand where another one stood.
const expressions = [
  ...[
    'null',
    'true',
    '0',
    '-1',
    '1e308',
    '0.1',
    '1_0',
    '9007199254740993',
    '""',
    '"😀"',
    '"a" + "b"',
    '[]',
    '{}',
    '[[]]',
  ],
  ...[
    'self',
    'self.a',
    'super.a',
    '$',
    '$.a',
    'std',
    'std.length',
    'x',
    '{ a: self }',
    '{ a: $.a }',
    '[self]',
    '"a" in super',
  ],
  ...[
    'std.repeat("ab", 1e9)',
    'std.range(0, 1e12)',
    'std.makeArray(1e15, std.abs)',
    '(local f(x) = f(x); f(1))',
  ],
  ...[
    'std.foldl(function(a, b) a + a, std.range(1, 60), "ab")',
    '(1 << 62)',
    '(local a = [a]; a)',
    '(local a = a; a)',
  ],
  ...[
    'function(x) x',
    'function(x, y=x) [x, y]',
    '{ a+: 1, b: super.a }',
    '{ [if true then "a"]: 1 }',
    '{ assert false }',
  ],
  ...[
    '[x for x in [1, 2]]',
    '{ [k]: k for k in ["a", "b"] }',
    'std.parseJson("[1e999]")',
    'std.parseYaml("a: [1")',
  ],
  ...[
    '"%s %d" % ["a"]',
    'std.extVar("x")',
    'std.native("x")',
    'error "x"',
    'import "x"',
    'std.trace("x", 1)',
    'std.thisFile',
  ],
  ...[
    '"%1000000000d" % 1',
    'std.join("ab", std.makeArray(1000, function(i) "x"))',
    'std.char(1114112)',
    '1 / 0',
    '[1][1]',
  ],
];

const token = /[A-Za-z_]\w*|\d+(?:\.\d+)?|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\s+|[^\w\s]/gu;

/** The mutated program of a seed. */
export function mutate(seed: number): string {
  const random = sequence(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const parts: string[] = generate(below(1 << 30)).match(token) ?? [];
  for (let round = 1 + below(4); round > 0; round -= 1) {
    const at = below(parts.length + 1);
    const length = 1 + below(4);
    const leaf = at < parts.length && /^(?:\d|'|"|[a-z]+\d)/.test(parts[at]!);
    if (leaf || random() < 0.8) {
      const target = leaf
        ? at
        : parts.findIndex((part, index) => index >= at && /^(?:\d|'|"|[a-z]+\d)/.test(part));
      if (target >= 0) parts[target] = `(${expressions[below(expressions.length)]!})`;
      continue;
    }
    switch (below(7)) {
      case 0:
        parts.splice(at, length);
        break;
      case 1:
        parts.splice(at, 0, ...parts.slice(at, at + length));
        break;
      case 2:
        parts.splice(at, 0, ...parts.splice(below(parts.length + 1), length));
        break;
      case 3:
      case 4:
        parts.splice(at, 1, pieces[below(pieces.length)]!);
        break;
      case 5:
        parts.splice(at, 0, pieces[below(pieces.length)]!);
        break;
      default:
        parts.splice(at, 0, ...parts.slice(below(parts.length + 1)).slice(0, 1 + below(30)));
    }
  }
  const text = parts.join('');
  return random() < 0.05 ? text.slice(0, below(text.length + 1)) : text;
}

// splitmix32
function sequence(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let t = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
    return ((t ^ (t >>> 15)) >>> 0) / 4294967296;
  };
}
