// The standard library: every function native, made once for each evaluator, since some ask it for what is external.
import { failure } from '../failure.ts';
import type { Location } from '../location.ts';
import { toText } from '../manifest.ts';
import { fieldNamesOf, objectOf } from '../objects.ts';
import { equal, force, useFormatter } from '../operators.ts';
import { lengthOf } from '../strings.ts';
import { JArray, JFunction, JObject, type Lazy, typeOf, type Value } from '../values.ts';
import { arrays } from './arrays.ts';
import { define, type Group, problem, string } from './define.ts';
import { encodings } from './encode.ts';
import { format } from './format.ts';
import { manifests } from './manifests.ts';
import { math } from './math.ts';
import { objects } from './objects.ts';
import { parsers } from './parse.ts';
import { stringFunctions } from './strings.ts';

useFormatter(format);

export type External = {
  trace(line: string): void;
  extVar(name: string, location: Location): Value;
  native(name: string, location: Location): Value;
};

export type Library = {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** A function or value of the library. */
  get(name: string): Value;
  /** std as a value, in a file of this name. */
  objectFor(file: string): JObject;
};

const is = (type: string): Group[string] => ['v', (value: Value) => typeOf(value) === type];

const types: Group = {
  type: ['x', typeOf],
  isString: is('string'),
  isNumber: is('number'),
  isBoolean: is('boolean'),
  isObject: is('object'),
  isArray: is('array'),
  isFunction: is('function'),
  isNull: is('null'),
  id: ['x', x => x],
  length: [
    'x',
    x => {
      if (typeof x === 'string') return lengthOf(x);
      if (x instanceof JArray) return x.items.length;
      if (x instanceof JFunction) return x.arity;
      if (x instanceof JObject) return fieldNamesOf(x, false).length;
      throw problem('length', `takes a string, an array, an object or a function; found ${typeOf(x)}`);
    },
  ],
  assertEqual: [
    'a b',
    (a, b) => {
      if (equal(a, b, 0)) return true;
      throw failure('jsonnet/assert', `these are not equal: ${toText(a, 0)} and ${toText(b, 0)}`, 0);
    },
  ],
};

const asText: Group[string] = ['a', a => toText(a, 0)];

// The same for every evaluator. Each is defined when it is first used.
const pure: Group = {
  toString: asText,
  ...types,
  ...math,
  ...stringFunctions,
  ...arrays,
  ...objects,
  ...encodings,
  ...parsers,
  ...manifests,
};
const defined = new Map<string, JFunction>();

function pureFunction(name: string): JFunction {
  let found = defined.get(name);
  if (found === undefined) {
    found = define(name, ...pure[name]!);
    defined.set(name, found);
  }
  return found;
}

const nothing: External = { trace() {}, extVar: () => null, native: () => null };

/** The library over what is outside the program. */
export function standardLibrary(external: External = nothing): Library {
  const trace = (text: Value, rest: Lazy): Value => {
    const span = failure('jsonnet/trace', '', 0).span;
    const place = span === undefined ? '' : `${span.file}:${span.line} `;
    external.trace(`TRACE: ${place}${string('trace', text)}`);
    return force(rest);
  };
  const own: Readonly<Record<string, Value>> = {
    extVar: define('extVar', 'x', x => external.extVar(string('extVar', x), 0)),
    native: define('native', 'x', x => external.native(string('native', x), 0)),
    trace: define('trace', 'str ~rest', trace),
    pi: Math.PI,
  };
  const names = [...Object.keys(pure), ...Object.keys(own)];
  const get = (name: string): Value => (Object.hasOwn(own, name) ? own[name]! : pureFunction(name));
  let object: JObject | undefined;
  return {
    has: name => Object.hasOwn(pure, name) || Object.hasOwn(own, name),
    names,
    get,
    objectFor(file) {
      object ??= hiddenObject(names.map(name => [name, get(name)]));
      return object.join(hiddenObject([['thisFile', file]]));
    },
  };
}

const hiddenObject = (entries: readonly (readonly [string, Value])[]): JObject => objectOf(entries, 0, '::');
