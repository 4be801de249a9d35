// std: strings, by code points.
import { quote, toText } from '../manifest.ts';
import { force } from '../operators.ts';
import { codePoints, lengthOf, sliceOf } from '../strings.ts';
import { JArray, type Value } from '../values.ts';
import { array, type Group, integer, number, problem, string } from './define.ts';
import { format } from './format.ts';

function strip(name: string, text: Value, chars: Value, left: boolean, right: boolean): string {
  const points = codePoints(string(name, text));
  const drop = new Set(
    typeof chars === 'string' ? codePoints(chars) : array(name, chars).map(item => string(name, force(item))),
  );
  let from = 0;
  let to = points.length;
  if (left) while (from < to && drop.has(points[from]!)) from += 1;
  if (right) while (to > from && drop.has(points[to - 1]!)) to -= 1;
  return points.slice(from, to).join('');
}

function separator(name: string, value: Value): string {
  const text = string(name, value);
  if (text === '') throw problem(name, 'takes a separator of one character or more; found an empty string');
  return text;
}

function limit(name: string, value: Value): number {
  const most = number(name, value);
  if (most === -1 || most >= 0) return most;
  throw problem(name, `takes a number of splits, or -1 for all; found ${most}`);
}

function splitLeft(text: string, by: string, most: number): string[] {
  const parts: string[] = [];
  let from = 0;
  while (most < 0 || parts.length < most) {
    const at = text.indexOf(by, from);
    if (at < 0) break;
    parts.push(text.slice(from, at));
    from = at + by.length;
  }
  return [...parts, text.slice(from)];
}

function splitRight(text: string, by: string, most: number): string[] {
  if (most < 0) return splitLeft(text, by, most);
  const parts: string[] = [];
  let to = text.length;
  while (parts.length < most) {
    const at = to < by.length ? -1 : text.lastIndexOf(by, to - by.length);
    if (at < 0) break;
    parts.unshift(text.slice(at + by.length, to));
    to = at;
  }
  return [text.slice(0, to), ...parts];
}

function parseDigits(name: string, text: Value, base: number, digits: RegExp): number {
  const source = string(name, text);
  if (!digits.test(source)) throw problem(name, `takes the digits of base ${base}; found ${quote(source)}`);
  let value = 0;
  const negative = source.startsWith('-');
  for (const digit of negative ? source.slice(1) : source)
    value = value * base + Number.parseInt(digit, base);
  return negative ? -value : value;
}

const xml: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text as the content of an XML element. */
export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, character => xml[character]!);
}

const strings = (items: readonly string[]): JArray => new JArray([...items]);

export const stringFunctions: Group = {
  codepoint: [
    'str',
    str => {
      if (lengthOf(string('codepoint', str)) !== 1)
        throw problem('codepoint', `takes a string of one character; found ${quote(str)}`);
      return str.codePointAt(0);
    },
  ],
  substr: [
    'str from len',
    (str, from, len) => {
      const start = integer('substr', from);
      const length = integer('substr', len);
      if (start < 0 || length < 0)
        throw problem('substr', `takes a start and a length of 0 or more; found ${start}, ${length}`);
      return sliceOf(string('substr', str), start, start + length);
    },
  ],
  findSubstr: [
    'pat str',
    (pat, str) => {
      const pattern = codePoints(string('findSubstr', pat));
      const points = codePoints(string('findSubstr', str));
      const found: number[] = [];
      if (pattern.length === 0) return new JArray(found);
      for (let at = 0; at + pattern.length <= points.length; at += 1) {
        if (pattern.every((point, index) => points[at + index] === point)) found.push(at);
      }
      return new JArray(found);
    },
  ],
  startsWith: ['a b', (a, b) => string('startsWith', a).startsWith(string('startsWith', b))],
  endsWith: ['a b', (a, b) => string('endsWith', a).endsWith(string('endsWith', b))],
  stripChars: ['str chars', (str, chars) => strip('stripChars', str, chars, true, true)],
  lstripChars: ['str chars', (str, chars) => strip('lstripChars', str, chars, true, false)],
  rstripChars: ['str chars', (str, chars) => strip('rstripChars', str, chars, false, true)],
  trim: ['str', str => strip('trim', str, ' \t\n\f\r\u0085\u00a0', true, true)],
  split: ['str c', (str, c) => strings(splitLeft(string('split', str), separator('split', c), -1))],
  splitLimit: [
    'str c maxsplits',
    (str, c, most) =>
      strings(splitLeft(string('splitLimit', str), separator('splitLimit', c), limit('splitLimit', most))),
  ],
  splitLimitR: [
    'str c maxsplits',
    (str, c, most) =>
      strings(
        splitRight(string('splitLimitR', str), separator('splitLimitR', c), limit('splitLimitR', most)),
      ),
  ],
  strReplace: [
    'str from to',
    (str, from, to) =>
      string('strReplace', str).replaceAll(separator('strReplace', from), () => string('strReplace', to)),
  ],
  isEmpty: ['str', str => string('isEmpty', str) === ''],
  asciiUpper: ['str', str => string('asciiUpper', str).replace(/[a-z]+/g, part => part.toUpperCase())],
  asciiLower: ['str', str => string('asciiLower', str).replace(/[A-Z]+/g, part => part.toLowerCase())],
  equalsIgnoreCase: [
    'str1 str2',
    (a, b) => {
      const lower = (text: Value) =>
        string('equalsIgnoreCase', text).replace(/[A-Z]+/g, part => part.toLowerCase());
      return lower(a) === lower(b);
    },
  ],
  stringChars: ['str', str => strings(codePoints(string('stringChars', str)))],
  format: ['str vals', (str, vals) => format(string('format', str), vals, 0)],
  escapeStringBash: ['str_', str => `'${toText(str, 0).replaceAll("'", `'"'"'`)}'`],
  escapeStringDollars: ['str_', str => toText(str, 0).replaceAll('$', () => '$$')],
  escapeStringJson: ['str_', str => quote(toText(str, 0))],
  escapeStringPython: ['str', str => quote(toText(str, 0))],
  escapeStringXML: ['str_', str => escapeXml(toText(str, 0))],
  parseInt: ['str', str => parseDigits('parseInt', str, 10, /^-?[0-9]+$/)],
  parseOctal: ['str', str => parseDigits('parseOctal', str, 8, /^[0-7]+$/)],
  parseHex: ['str', str => parseDigits('parseHex', str, 16, /^[0-9a-fA-F]+$/)],
  resolvePath: [
    'f r',
    (f, r) => {
      const path = string('resolvePath', f);
      return path.slice(0, path.lastIndexOf('/') + 1) + string('resolvePath', r);
    },
  ],
  lines: [
    'arr',
    arr =>
      array('lines', arr)
        .map(force)
        .filter(item => item !== null)
        .map(item => `${string('lines', item)}\n`)
        .join(''),
  ],
};
