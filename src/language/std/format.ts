// std.format and the % operator on strings: Python's printf-style formatting, as the library's reference defines it.
import { failure } from '../failure.ts';
import type { Location } from '../location.ts';
import { toText } from '../manifest.ts';
import { power } from '../numbers.ts';
import { fieldOf } from '../objects.ts';
import { force } from '../operators.ts';
import { characterOf, lengthOf } from '../strings.ts';
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
    const value =
      values instanceof JObject || code.key !== undefined ? keyed(values, code.key, location) : take();
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

function keyed(values: Value, key: string | undefined, location: Location): Value {
  if (key === undefined) {
    throw failure('jsonnet/format', 'with an object, a format code names a field', location, {
      hint: 'write %(name)s; to format the object itself put it in an array: % [object]',
    });
  }
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
  const capital = conversion < 'a';
  const style = { ...code, zeros: code.zero && !code.left ? width : 0 };
  switch (conversion.toLowerCase()) {
    case 'x':
      return hexadecimal(Math.floor(value), style, precision ?? 0, capital);
    case 'o':
      return whole(value <= -1, value, style.zeros, precision ?? 0, style, 8, code.alternate ? '0' : '');
    case 'e':
      return scientific(value, style, style.zeros, precision ?? 6, true, capital);
    case 'f':
      return decimal(value, style, style.zeros, precision ?? 6, true);
    case 'g':
      return general(value, style, precision ?? 6, capital);
    default:
      return whole(value <= -1, value, style.zeros, precision ?? 0, style, 10, '');
  }
}

function character(value: Value, location: Location): string {
  if (typeof value === 'number') return characterOf(value, location);
  if (typeof value === 'string' && lengthOf(value) === 1) return value;
  throw failure('jsonnet/format', '%c takes a number or a string of one character', location);
}

// The digits below are computed in doubles, step by step as the reference library does: where a digit is lost to
// rounding there, it is lost here, so that the same program prints the same text.

type Style = Pick<Code, 'plus' | 'blank' | 'alternate'> & { readonly zeros: number };
type Sign = Pick<Code, 'plus' | 'blank'>;

const noSign: Sign = { plus: false, blank: false };

function signOf(negative: boolean, { plus, blank }: Sign): string {
  return negative ? '-' : plus ? '+' : blank ? ' ' : '';
}

function digitsOf(value: number, base: number): string {
  if (value < Number.MAX_SAFE_INTEGER) return value.toString(base);
  const digits: string[] = [];
  for (let rest = value; rest !== 0; rest = Math.floor(rest / base))
    digits.push((rest % base).toString(base));
  return digits.reverse().join('');
}

function whole(
  negative: boolean,
  value: number,
  zeros: number,
  least: number,
  sign: Sign,
  base: number,
  prefix: string,
): string {
  const rounded = Math.floor(Math.abs(value));
  const digits = rounded === 0 ? '0' : prefix + digitsOf(rounded, base);
  const before = signOf(negative, sign);
  return before + digits.padStart(Math.max(zeros - before.length, least), '0');
}

function hexadecimal(value: number, style: Style, least: number, capital: boolean): string {
  const digits = digitsOf(Math.abs(value), 16);
  const before = signOf(value < 0, style);
  const prefix = style.alternate ? '0x' : '';
  const padded = prefix + digits.padStart(Math.max(style.zeros - before.length - prefix.length, least), '0');
  return before + (capital ? padded.toUpperCase() : padded);
}

function decimal(value: number, style: Style, zeros: number, precision: number, trailing: boolean): string {
  const denominator = power(10, precision);
  const numerator = Math.abs(value) * denominator + 0.5;
  if (!Number.isFinite(numerator)) {
    throw failure('jsonnet/number', `overflow: ${value} with ${precision} digits is too large to format`, 0);
  }
  const before = Math.floor(numerator / denominator);
  const after = Math.floor(numerator) % denominator;
  const point = precision === 0 && !style.alternate ? 0 : 1;
  const text = whole(value < 0, before, zeros - precision - point, 0, style, 10, '');
  if (precision === 0) return style.alternate ? `${text}.` : text;
  if (!trailing && after === 0) return text;
  const digits = whole(false, after, precision, 0, noSign, 10, '');
  return `${text}.${trailing ? digits : digits.replace(/0+$/, '')}`;
}

const leastExponent = -308;

const tenTo = (exponent: number): number => (exponent < 0 ? 1 / power(10, -exponent) : power(10, exponent));

function exponentOf(value: number): number {
  if (value === 0) return 0;
  return Math.max(leastExponent, Math.floor(Math.log(Math.abs(value)) / Math.log(10)));
}

function scientific(
  value: number,
  style: Style,
  zeros: number,
  precision: number,
  trailing: boolean,
  capital: boolean,
): string {
  const exponent = exponentOf(value);
  const power = whole(exponent < 0, exponent, 3, 0, { plus: true, blank: false }, 10, '');
  const suffix = (capital ? 'E' : 'e') + power;
  return decimal(value / tenTo(exponent), style, zeros - suffix.length, precision, trailing) + suffix;
}

function general(value: number, style: Style, precision: number, capital: boolean): string {
  const exponent = exponentOf(value);
  if (exponent < -4 || exponent >= precision) {
    return scientific(value, style, style.zeros, precision - 1, style.alternate, capital);
  }
  const before = Math.max(1, exponent + 1);
  return decimal(value, style, style.zeros, precision - before, style.alternate);
}
