// How functions of the library are written: parameters by name ("keyF?" may be left out), values in, value out.
// Arguments are evaluated before the function is called; that of "~x" only where it is used, so it may be a thunk.
// Errors have the caller's place.
import type { CogpackError } from '../../base/error.ts';
import { failure } from '../failure.ts';
import { force } from '../operators.ts';
import { JArray, JFunction, JObject, type Lazy, typeOf, type Value } from '../values.ts';

// biome-ignore lint/suspicious/noExplicitAny: each function checks its own arguments
type Run = (...args: any[]) => Value;

export function define(name: string, signature: string, run: Run): JFunction {
  const parameters = signature === '' ? [] : signature.split(' ');
  const info = parameters.map(text => ({
    name: text.replace(/[~?]/g, ''),
    optional: text.endsWith('?'),
    lazy: text.startsWith('~'),
  }));
  const forced = (lazy: Lazy | undefined) => (lazy === undefined ? undefined : force(lazy));
  const eager: Record<number, Run> = {
    1: a => run(forced(a)),
    2: (a, b) => run(forced(a), forced(b)),
    3: (a, b, c) => run(forced(a), forced(b), forced(c)),
  };
  const mixed: Run = (...args) => run(...args.map((arg, index) => (info[index]!.lazy ? arg : forced(arg))));
  const isEager = info.every(({ lazy }) => !lazy);
  return new JFunction(`std.${name}`, info, (isEager && eager[parameters.length]) || mixed);
}

/** A group of functions: name → parameters and what it does. */
export type Group = Readonly<Record<string, readonly [parameters: string, run: Run]>>;

export function problem(name: string, message: string, hint?: string): CogpackError {
  return failure('jsonnet/std', `std.${name} ${message}`, 0, { hint });
}

function expected(name: string, what: string, value: Value) {
  return failure('jsonnet/type', `std.${name} takes ${what}; found ${typeOf(value)}`, 0);
}

export function string(name: string, value: Value): string {
  if (typeof value === 'string') return value;
  throw expected(name, 'a string', value);
}
export function number(name: string, value: Value): number {
  if (typeof value === 'number') return value;
  throw expected(name, 'a number', value);
}
export function integer(name: string, value: Value): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw typeof value === 'number'
    ? problem(name, `takes a whole number; found ${value}`)
    : expected(name, 'a whole number', value);
}
export function bool(name: string, value: Value): boolean {
  if (typeof value === 'boolean') return value;
  throw expected(name, 'a boolean', value);
}
export function array(name: string, value: Value): readonly Lazy[] {
  if (value instanceof JArray) return value.items;
  throw expected(name, 'an array', value);
}
export function objectValue(name: string, value: Value): JObject {
  if (value instanceof JObject) return value;
  throw expected(name, 'an object', value);
}
export function func(name: string, value: Value): JFunction {
  if (value instanceof JFunction) return value;
  throw expected(name, 'a function', value);
}

/** A finite result of arithmetic. */
export function finite(name: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw failure(
    'jsonnet/number',
    Number.isNaN(value) ? `std.${name}: the result is not a number` : `std.${name}: overflow`,
    0,
  );
}
