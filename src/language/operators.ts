// Operators (specification, "Operational semantics"): arithmetic on finite doubles, + on strings, arrays and objects,
// comparison, equality, indexing, slices. Each takes the number of its place for its errors.
import { deeper, enter, failure, leave } from './failure.ts';
import type { Location } from './location.ts';
import { toText } from './manifest.ts';
import { checkAsserts, fieldNamesOf, fieldOf, hasSuper } from './objects.ts';
import { codePointAt, compareStrings, lengthOf, sliceOf } from './strings.ts';
import { JArray, JFunction, JObject, type Lazy, Opaque, Thunk, typeOf, type Value } from './values.ts';

// Stands for the computation of a thunk that is running.
const running = (): never => {
  throw new Error('a running thunk is not run again');
};

/** The value of a thunk, which is computed once. */
export function force(lazy: Lazy): Value {
  return lazy instanceof Thunk ? (lazy.run === undefined ? lazy.value! : runThunk(lazy)) : lazy;
}

function runThunk(thunk: Thunk): Value {
  const run = thunk.run!;
  if (run === running) {
    throw failure(
      'jsonnet/infinite-recursion',
      'infinite recursion: a variable needs its own value',
      thunk.location,
      { hint: 'a local or an argument is used in what computes it' },
    );
  }
  thunk.run = running;
  enter(0);
  try {
    const value = run();
    thunk.value = value;
    thunk.run = undefined;
    leave();
    return value;
  } catch (error) {
    thunk.run = run;
    throw error;
  }
}

function wrong(operator: string, left: Value, right: Value, location: Location) {
  const opaque = [left, right].find(value => value instanceof Opaque);
  return failure('jsonnet/type', `${operator} does not take ${typeOf(left)} and ${typeOf(right)}`, location, {
    hint: opaque === undefined ? operandsHint(operator, left, right) : opaqueHint(opaque),
  });
}

function operandsHint(operator: string, left: Value, right: Value): string {
  if (operator === '+') return '+ takes two numbers, two arrays, two objects, or a string and any value';
  if (/^[<>]/.test(operator) && operator.length < 3 && operator !== '<<' && operator !== '>>')
    return 'two numbers, two strings or two arrays are compared';
  return typeof left === 'string' || typeof right === 'string'
    ? `${operator} takes two numbers; std.parseInt and std.parseJson read a number from a string`
    : `${operator} takes two numbers`;
}

/** What to do instead with a value that is not data. */
export function opaqueHint(value: Opaque): string {
  return `a ${value.type} is passed as a value, for example in inputs: it has no text, and no hash before it is evaluated`;
}

function finite(value: number, location: Location): number {
  if (value - value === 0) return value;
  throw failure(
    'jsonnet/number',
    Number.isNaN(value) ? 'the result is not a number' : 'overflow: the result is too large for a number',
    location,
  );
}

export function add(left: Value, right: Value, location: Location): Value {
  if (typeof left === 'number' && typeof right === 'number') return finite(left + right, location);
  if (typeof left === 'string') return left + (typeof right === 'string' ? right : textOf(right, location));
  if (typeof right === 'string') return textOf(left, location) + right;
  if (left instanceof JArray && right instanceof JArray) return concat(left, right);
  if (left instanceof JObject && right instanceof JObject) return left.join(right);
  throw wrong('+', left, right, location);
}

function concat(left: JArray, right: JArray): JArray {
  if (left.items.length === 0) return right;
  if (right.items.length === 0) return left;
  return new JArray(left.items.concat(right.items));
}

function textOf(value: Value, location: Location): string {
  return toText(value, location);
}

export function subtract(left: Value, right: Value, location: Location): number {
  if (typeof left === 'number' && typeof right === 'number') return finite(left - right, location);
  throw wrong('-', left, right, location);
}

export function multiply(left: Value, right: Value, location: Location): number {
  if (typeof left === 'number' && typeof right === 'number') return finite(left * right, location);
  throw wrong('*', left, right, location);
}

export function divide(left: Value, right: Value, location: Location): number {
  if (typeof left !== 'number' || typeof right !== 'number') throw wrong('/', left, right, location);
  if (right === 0) throw failure('jsonnet/number', 'division by zero', location);
  return finite(left / right, location);
}

export function modulo(left: Value, right: Value, location: Location): Value {
  if (typeof left === 'string') return formatter(left, right, location);
  if (typeof left !== 'number' || typeof right !== 'number') throw wrong('%', left, right, location);
  if (right === 0) throw failure('jsonnet/number', 'division by zero', location);
  return finite(left % right, location);
}

// std.format belongs to the library, which rests on this module.
let formatter: (format: string, values: Value, location: Location) => string;
export function useFormatter(format: typeof formatter): void {
  formatter = format;
}

const mostExact = 2 ** 53 - 1;

/** A number as a whole number that a double holds exactly, as the bit operators take it. */
function integer(value: number, location: Location): bigint {
  if (Math.abs(value) > mostExact) {
    throw failure(
      'jsonnet/number',
      `bit operators take whole numbers from -(2^53 - 1) to 2^53 - 1; found ${value}`,
      location,
    );
  }
  return BigInt(Math.trunc(value));
}

const bits =
  (operator: string, compute: (left: bigint, right: bigint, location: Location) => bigint) =>
  (left: Value, right: Value, location: Location): number => {
    if (typeof left !== 'number' || typeof right !== 'number') throw wrong(operator, left, right, location);
    return Number(BigInt.asIntN(64, compute(integer(left, location), integer(right, location), location)));
  };

const wideAnd = bits('&', (left, right) => left & right);
const wideOr = bits('|', (left, right) => left | right);
const wideXor = bits('^', (left, right) => left ^ right);

// Whole numbers of 32 bits need no big integers.
const isNarrow = (left: Value, right: Value): boolean =>
  left === (left as number) >> 0 && right === (right as number) >> 0;

export function bitAnd(left: Value, right: Value, location: Location): number {
  return isNarrow(left, right) ? (left as number) & (right as number) : wideAnd(left, right, location);
}
export function bitOr(left: Value, right: Value, location: Location): number {
  return isNarrow(left, right) ? (left as number) | (right as number) : wideOr(left, right, location);
}
export function bitXor(left: Value, right: Value, location: Location): number {
  return isNarrow(left, right) ? (left as number) ^ (right as number) : wideXor(left, right, location);
}
export const shiftLeft = bits('<<', (left, right, location) => {
  const by = shift(right, location);
  if (by > 0n && (left >= 1n << (63n - by) || left < -(1n << (63n - by)))) {
    throw failure('jsonnet/number', `left shift would overflow: ${left} << ${right}`, location);
  }
  return left << by;
});
export const shiftRight = bits('>>', (left, right, location) => left >> shift(right, location));

function shift(by: bigint, location: Location): bigint {
  if (by < 0n) throw failure('jsonnet/number', `a shift is by 0 or more; found ${by}`, location);
  return by % 64n;
}

export function negate(value: Value, location: Location): number {
  return -numberOf('-', value, location);
}
export function positive(value: Value, location: Location): number {
  return numberOf('+', value, location);
}
export function complement(value: Value, location: Location): number {
  return Number(~integer(numberOf('~', value, location), location));
}
export function not(value: Value, location: Location): boolean {
  return !boolean(value, location);
}

function numberOf(operator: string, value: Value, location: Location): number {
  if (typeof value === 'number') return value;
  throw failure('jsonnet/type', `${operator} takes a number; found ${typeOf(value)}`, location);
}

/** The value of a condition. */
export function boolean(value: Value, location: Location): boolean {
  if (typeof value === 'boolean') return value;
  throw failure('jsonnet/type', `a boolean is expected; found ${typeOf(value)}`, location);
}

/** Below, equal or above 0. */
export function compare(operator: string, left: Value, right: Value, location: Location): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') return compareStrings(left, right);
  if (left instanceof JArray && right instanceof JArray) {
    return deeper(location, () => compareArrays(operator, left.items, right.items, location));
  }
  throw wrong(operator, left, right, location);
}

function compareArrays(
  operator: string,
  left: readonly Lazy[],
  right: readonly Lazy[],
  location: Location,
): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const order = compare(operator, force(left[index]!), force(right[index]!), location);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

export const less = (left: Value, right: Value, location: Location): boolean =>
  typeof left === 'number' && typeof right === 'number'
    ? left < right
    : compare('<', left, right, location) < 0;
export const lessOrEqual = (left: Value, right: Value, location: Location): boolean =>
  typeof left === 'number' && typeof right === 'number'
    ? left <= right
    : compare('<=', left, right, location) <= 0;
export const greater = (left: Value, right: Value, location: Location): boolean =>
  typeof left === 'number' && typeof right === 'number'
    ? left > right
    : compare('>', left, right, location) > 0;
export const greaterOrEqual = (left: Value, right: Value, location: Location): boolean =>
  typeof left === 'number' && typeof right === 'number'
    ? left >= right
    : compare('>=', left, right, location) >= 0;

export function equal(left: Value, right: Value, location: Location): boolean {
  if (left === null || typeof left !== 'object' || right === null || typeof right !== 'object')
    return left === right;
  if (left instanceof JFunction || right instanceof JFunction) {
    if (left instanceof JFunction && right instanceof JFunction) {
      throw failure('jsonnet/type', 'functions cannot be compared', location);
    }
    return false;
  }
  if (left instanceof JArray) return right instanceof JArray && equalArrays(left, right, location);
  if (left instanceof JObject) return right instanceof JObject && equalObjects(left, right, location);
  return right instanceof Opaque && left.type === right.type && left.payload === right.payload;
}

function equalArrays(left: JArray, right: JArray, location: Location): boolean {
  if (left === right) return true;
  if (left.items.length !== right.items.length) return false;
  return deeper(location, () =>
    left.items.every((item, index) => equal(force(item), force(right.items[index]!), location)),
  );
}

function equalObjects(left: JObject, right: JObject, location: Location): boolean {
  checkAsserts(left, location);
  checkAsserts(right, location);
  const names = fieldNamesOf(left, false);
  const others = fieldNamesOf(right, false);
  if (names.length !== others.length || names.some((name, index) => name !== others[index])) return false;
  return names.every(name => equal(fieldOf(left, name, location), fieldOf(right, name, location), location));
}

export const notEqual = (left: Value, right: Value, location: Location): boolean =>
  !equal(left, right, location);

export function isIn(left: Value, right: Value, location: Location): boolean {
  if (typeof left === 'string' && right instanceof JObject) return right.slots.has(left);
  throw failure(
    'jsonnet/type',
    `in takes a string and an object; found ${typeOf(left)} and ${typeOf(right)}`,
    location,
  );
}

export function inSuper(self: JObject, layer: number, name: Value, location: Location): boolean {
  return hasSuper(self, layer, fieldName(name, location));
}

/** A value that names a field. */
export function fieldName(value: Value, location: Location): string {
  if (typeof value === 'string') return value;
  throw failure('jsonnet/type', `the name of a field is a string; found ${typeOf(value)}`, location);
}

/** The name that an expression in brackets gives a field: null leaves the field out. */
export function computedName(value: Value, location: Location): string | null {
  return value === null ? null : fieldName(value, location);
}

/** target.name */
export function field(target: Value, name: string, location: Location): Value {
  if (target instanceof JObject) return fieldOf(target, name, location);
  throw failure(
    'jsonnet/type',
    `only an object has fields; .${name} was asked of ${describe(target)}`,
    location,
  );
}

/** target[index] */
export function index(target: Value, at: Value, location: Location): Value {
  if (target instanceof JArray) {
    const { items } = target;
    if (typeof at === 'number' && Number.isInteger(at) && at >= 0 && at < items.length)
      return force(items[at]!);
    throw badIndex('array', at, items.length, location);
  }
  if (target instanceof JObject) {
    if (typeof at === 'string') return fieldOf(target, at, location);
    throw failure('jsonnet/type', `an object is indexed with a string; found ${typeOf(at)}`, location);
  }
  if (typeof target === 'string') {
    if (typeof at === 'number' && Number.isInteger(at) && at >= 0 && at < lengthOf(target))
      return codePointAt(target, at);
    throw badIndex('string', at, lengthOf(target), location);
  }
  throw failure(
    'jsonnet/type',
    `arrays, objects and strings are indexed; found ${describe(target)}`,
    location,
  );
}

function badIndex(what: string, at: Value, length: number, location: Location) {
  if (typeof at !== 'number') {
    return failure(
      'jsonnet/type',
      `an ${what} is indexed with a number; found ${typeOf(at)}`.replace('an string', 'a string'),
      location,
    );
  }
  return failure(
    'jsonnet/index',
    `index ${at} is out of bounds: the ${what} has length ${length}`,
    location,
    {
      hint: length === 0 ? 'it is empty' : `indexes are whole numbers from 0 to ${length - 1}`,
    },
  );
}

function describe(value: Value): string {
  return value === null ? 'null' : `a value of type ${typeOf(value)}`;
}

/** target[from:to:step]; a part left out is null. A negative from or to counts from the end. */
export function slice(target: Value, from: Value, to: Value, step: Value, location: Location): Value {
  if (!(target instanceof JArray) && typeof target !== 'string') {
    throw failure('jsonnet/type', `arrays and strings are sliced; found ${describe(target)}`, location);
  }
  const length = typeof target === 'string' ? lengthOf(target) : target.items.length;
  const part = (value: Value, otherwise: number, name: string): number => {
    if (value === null) return otherwise;
    if (typeof value === 'number' && Number.isInteger(value)) return value;
    throw failure(
      'jsonnet/type',
      `the ${name} of a slice is a whole number; found ${typeOf(value)}`,
      location,
    );
  };
  const fromEnd = (value: number) => Math.min(length, value < 0 ? Math.max(0, length + value) : value);
  const by = part(step, 1, 'step');
  if (by < 1) throw failure('jsonnet/index', `the step of a slice is 1 or more; found ${by}`, location);
  const first = fromEnd(part(from, 0, 'start'));
  const last = Math.max(first, fromEnd(part(to, length, 'end')));
  if (typeof target === 'string') {
    const piece = sliceOf(target, first, last);
    return by === 1
      ? piece
      : Array.from(piece)
          .filter((_, position) => position % by === 0)
          .join('');
  }
  const piece = target.items.slice(first, last);
  return new JArray(by === 1 ? piece : piece.filter((_, position) => position % by === 0));
}
