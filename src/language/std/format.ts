// std.format and the % operator on strings: Python's printf-style formatting, as the library's reference defines it.
import { failure } from '../failure.ts';
import type { Location } from '../location.ts';
import { toText } from '../manifest.ts';
import { significant } from '../numbers.ts';
import { fieldOf } from '../objects.ts';
import { force } from '../operators.ts';
import { lengthOf } from '../strings.ts';
import { JArray, JObject, typeOf, type Value } from '../values.ts';

type Code = {
  readonly key: string | undefined;
  readonly alternate: boolean;
  readonly zero: boolean;
  readonly left: boolean;
  readonly blank: boolean;
  readonly plus: boolean;
  readonly width: number | '*';
  readonly precision: number | '*' | undefined;
  readonly conversion: string;
};

const pattern = /%(?:\(([^)]*)\))?([#0\- +]*)(\*|\d*)(?:\.(\*|\d*))?[hlL]?([diouxXeEfFgGcrs%])/y;

/** Throws `jsonnet/format`. */
export function format(text: string, values: Value, location: Location): string {
  const fail = (message: string) => failure('jsonnet/format', message, location);
  const list = values instanceof JArray ? values.items : [values];
  let next = 0;
  const take = (): Value => {
    if (next >= list.length)
      throw fail(`not enough values to format: the text wants more than ${list.length}`);
    next += 1;
    return force(list[next - 1]!);
  };
  let out = '';
  let from = 0;
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', from)) {
    out += text.slice(from, at);
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw fail(`"${text.slice(at, at + 8)}" is not a format code`);
    from = pattern.lastIndex;
    const code = parseCode(match);
    if (code.conversion === '%') {
      out += pad('%', code, typeof code.width === 'number' ? code.width : 0);
      continue;
    }
    const length = (part: number | '*'): number => {
      if (part !== '*') return part;
      const value = take();
      if (typeof value === 'number') return value;
      throw fail(`* takes a number; found ${typeOf(value)}`);
    };
    const width = length(code.width);
    const precision = code.precision === undefined ? undefined : length(code.precision);
    const value = code.key === undefined ? take() : keyed(values, code.key, location);
    out += pad(render(code, width, precision, value, location), code, width);
  }
  if (!(values instanceof JObject) && next < list.length) {
    throw fail(`too many values to format: the text wants ${next}, there are ${list.length}`);
  }
  return out + text.slice(from);
}

function parseCode([, key, flags = '', width = '', precision, conversion = '']: RegExpExecArray): Code {
  return {
    key,
    alternate: flags.includes('#'),
    zero: flags.includes('0'),
    left: flags.includes('-'),
    blank: flags.includes(' '),
    plus: flags.includes('+'),
    width: width === '*' ? '*' : Number(width),
    precision: precision === undefined || precision === '*' ? precision : Number(precision),
    conversion,
  };
}

function keyed(values: Value, key: string, location: Location): Value {
  if (values instanceof JObject) return fieldOf(values, key, location);
  throw failure('jsonnet/format', `%(${key}) takes an object; found ${typeOf(values)}`, location);
}

function pad(text: string, { left }: Code, width: number): string {
  const blanks = ' '.repeat(Math.max(0, width - lengthOf(text)));
  return left ? text + blanks : blanks + text;
}

function render(
  code: Code,
  width: number,
  precision: number | undefined,
  value: Value,
  location: Location,
): string {
  const { conversion } = code;
  if (conversion === 's' || conversion === 'r') return toText(value, location);
  if (conversion === 'c') return character(value, location);
  if (typeof value !== 'number') {
    throw failure('jsonnet/format', `%${conversion} takes a number; found ${typeOf(value)}`, location);
  }
  switch (conversion) {
    case 'x':
    case 'X': {
      const digits = whole(value, 16, precision, code, width, code.alternate ? `0${conversion}` : '');
      return conversion === 'X' ? digits.toUpperCase() : digits;
    }
    case 'o':
      return whole(value, 8, precision, code, width, code.alternate ? '0' : '');
    case 'e':
    case 'E':
      return signed(value, exponential(Math.abs(value), precision ?? 6, conversion), code, width);
    case 'f':
    case 'F':
      return signed(value, dotted(fixed(Math.abs(value), precision ?? 6), precision ?? 6, code), code, width);
    case 'g':
    case 'G':
      return signed(value, general(Math.abs(value), precision ?? 6, conversion, code), code, width);
    default:
      return whole(value, 10, precision, code, width, '');
  }
}

function character(value: Value, location: Location): string {
  if (typeof value === 'number') return String.fromCodePoint(value);
  if (typeof value === 'string' && lengthOf(value) === 1) return value;
  throw failure('jsonnet/format', '%c takes a number or a string of one character', location);
}

function sign(value: number, { plus, blank }: Code): string {
  if (value < 0) return '-';
  return plus ? '+' : blank ? ' ' : '';
}

function signed(value: number, digits: string, code: Code, width: number): string {
  const before = sign(value, code);
  return before + (code.zero && !code.left ? digits.padStart(width - before.length, '0') : digits);
}

function whole(
  value: number,
  base: number,
  precision: number | undefined,
  code: Code,
  width: number,
  prefix: string,
): string {
  const number = BigInt(Math.floor(Math.abs(value)));
  const before =
    sign(Math.trunc(value) === 0 ? Math.abs(value) : value, code) +
    (number === 0n && base === 8 ? '' : prefix);
  const zeros = code.zero && !code.left ? width - before.length : 0;
  return before + number.toString(base).padStart(Math.max(zeros, precision ?? 0), '0');
}

function fixed(value: number, precision: number): string {
  return value < 1e21
    ? value.toFixed(precision)
    : `${BigInt(value)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
}

const dotted = (digits: string, precision: number, { alternate }: Code) =>
  alternate && precision === 0 ? `${digits}.` : digits;

function exponential(value: number, precision: number, letter: string): string {
  const [mantissa, exponent = '0'] = value.toExponential(precision).split('e');
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${mantissa}${letter}${sign}${exponent.replace(/[+-]/, '').padStart(2, '0')}`;
}

function general(value: number, precision: number, letter: string, { alternate }: Code): string {
  const digits = Math.max(1, precision);
  const exponent = value === 0 ? 0 : Number(value.toExponential(digits - 1).split('e')[1]);
  const low = exponent < -4 || exponent >= digits;
  if (!alternate) {
    const text = significant(value, digits);
    return letter === 'G' ? text.toUpperCase() : text;
  }
  return low
    ? exponential(value, digits - 1, letter === 'G' ? 'E' : 'e')
    : fixed(value, Math.max(0, digits - 1 - exponent));
}
