// The standard library: every function native, made once for each evaluator, since some ask it for what is external.
import { failure } from '../failure.ts';
import type { Location } from '../location.ts';
import { toText } from '../manifest.ts';
import { fieldNamesOf, objectOf } from '../objects.ts';
import { equal, force, useFormatter } from '../operators.ts';
import { lengthOf } from '../strings.ts';
import { JArray, JFunction, JObject, type Lazy, typeOf, type Value } from '../values.ts';
import { arrays } from './arrays.ts';
import { define, defineAll, type Group, problem, string } from './define.ts';
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
  /** std as a value, in a file of this name. */
  readonly objectFor: (file: string) => JObject;
  readonly functions: Readonly<Record<string, Value>>;
  readonly signatures: ReadonlyMap<string, JFunction['parameters']>;
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

// The same for every evaluator.
const pure: readonly [string, JFunction][] = [
  ['toString', define('toString', ['a'], a => toText(a, 0))],
  ...defineAll(types),
  ...defineAll(math),
  ...defineAll(stringFunctions),
  ...defineAll(arrays),
  ...defineAll(objects),
  ...defineAll(encodings),
  ...defineAll(parsers),
  ...defineAll(manifests),
];

const nothing: External = { trace() {}, extVar: () => null, native: () => null };

/** The library over what is outside the program. */
export function standardLibrary(external: External = nothing): Library {
  const impure = defineAll({
    extVar: ['x', x => external.extVar(string('extVar', x), 0)],
    native: ['x', x => external.native(string('native', x), 0)],
  });
  const trace = define('trace', ['str', '~rest'], (text: Value, rest: Lazy) => {
    const span = failure('jsonnet/trace', '', 0).span;
    const place = span === undefined ? '' : `${span.file}:${span.line} `;
    external.trace(`TRACE: ${place}${string('trace', text)}`);
    return force(rest);
  });
  const all: [string, JFunction][] = [...pure, ...impure, ['trace', trace]];
  const signatures = new Map<string, JFunction['parameters']>(
    all.map(([name, { parameters }]) => [name, parameters]),
  );
  signatures.set('pi', []);
  const object = hiddenObject([...all, ['pi', Math.PI]]);
  return {
    functions: { ...Object.fromEntries(all), pi: Math.PI },
    objectFor: file => object.join(hiddenObject([['thisFile', file]])),
    signatures,
  };
}

const hiddenObject = (entries: readonly (readonly [string, Value])[]): JObject => objectOf(entries, 0, '::');
