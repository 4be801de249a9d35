// Python literals and the values they stand for: strings with their prefixes and escapes, numbers with their
// underscores and bases (Python reference, Lexical analysis). A value becomes JSON only if JSON can hold it exactly.
import type { Json } from '../base/canonical.ts';
import { failure } from './failure.ts';
import type { PythonNode } from './tree.ts';

/** A constant. Tuples and sets are lists: in a schema they are all arrays. */
export type Value =
  | { readonly kind: 'none' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [Value, Value])[] }
  | { readonly kind: 'member'; readonly name: string; readonly value: Value };

export const none: Value = { kind: 'none' };

/** The value of an `integer` or `float` node. */
export function numberOf(node: PythonNode): Value {
  const text = node.text.replaceAll('_', '').toLowerCase();
  if (text.endsWith('j')) {
    throw failure(
      'schema/value',
      node,
      `${node.text} is a complex number`,
      'JSON has none: use a real number',
    );
  }
  if (node.type === 'integer') return { kind: 'int', value: BigInt(text) };
  return { kind: 'float', value: Number(text) };
}

const escapes: Readonly<Record<string, string>> = {
  '\n': '',
  '\r\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const escapePattern =
  /\\(\r\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|[\s\S])/g;

/** The prefix of a `string` node (`r`, `f`, `rb`, …), in lower case. */
export function stringPrefix(node: PythonNode): string {
  return node.text.slice(0, node.text.search(/['"]/)).toLowerCase();
}

/** A piece of a string's source with its escapes replaced, unless the string is raw. */
export function decodeEscapes(source: string, raw: boolean, node: PythonNode): string {
  const text = source.replaceAll('\r\n', '\n');
  if (raw) return text;
  return text.replaceAll(escapePattern, (whole, body: string) => {
    const simple = escapes[body];
    if (simple !== undefined) return simple;
    if (/^[0-7]/.test(body)) return String.fromCodePoint(Number.parseInt(body, 8));
    if (/^[xuU]./.test(body)) return codePoint(body.slice(1), node);
    if (body.startsWith('N{')) {
      throw failure(
        'schema/value',
        node,
        `the escape ${whole} needs the Unicode names`,
        'use \\u and the digits',
      );
    }
    return whole;
  });
}

function codePoint(digits: string, node: PythonNode): string {
  const code = Number.parseInt(digits, 16);
  if (code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)) return String.fromCodePoint(code);
  throw failure('schema/value', node, `U+${digits} is not a character`, 'use a Unicode scalar value');
}

/** The text between a string's quotes, as written. */
export function stringBody(node: PythonNode): string {
  const text = node.text.slice(stringPrefix(node).length);
  const quotes = /^("""|''')/.test(text) ? 3 : 1;
  return text.slice(quotes, text.length - quotes);
}

/** A value as JSON. Throws `schema/value` at `node` for what JSON does not hold: NaN, infinities, integers over 2^53. */
export function toJson(value: Value, node: PythonNode): Json {
  switch (value.kind) {
    case 'none':
      return null;
    case 'bool':
    case 'string':
      return value.value;
    case 'member':
      return toJson(value.value, node);
    case 'list':
      return value.items.map(item => toJson(item, node));
    case 'dict':
      return Object.fromEntries(value.entries.map(([key, item]) => [keyText(key, node), toJson(item, node)]));
    case 'int': {
      const number = Number(value.value);
      if (Number.isSafeInteger(number)) return number;
      throw failure(
        'schema/value',
        node,
        `${value.value} is beyond 2^53`,
        'JSON readers would round it: use less',
      );
    }
    case 'float': {
      if (Number.isFinite(value.value)) return value.value;
      throw failure(
        'schema/value',
        node,
        `${value.value} is not a number that JSON has`,
        'use a finite number',
      );
    }
  }
}

function keyText(key: Value, node: PythonNode): string {
  const json = toJson(key, node);
  return typeof json === 'string' ? json : JSON.stringify(json);
}

/** What a value is called in messages. */
export function kindName(value: Value): string {
  const names = { none: 'None', int: 'an integer', list: 'a list', member: 'a member of an enum' } as const;
  const { kind } = value;
  return kind in names ? names[kind as keyof typeof names] : `a ${kind}`;
}
