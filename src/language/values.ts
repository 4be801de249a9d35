// The values of the language as JavaScript values. null, booleans, numbers and strings are themselves (V8 joins
// strings lazily, so repeated concatenation needs no rope of our own). What is not evaluated yet is a Thunk.
import type { Location } from './location.ts';
import { type Field, joinShapes, type Shape, type Slot, shapeOfLayers, type Template } from './shape.ts';

export type Value = null | boolean | number | string | JArray | JObject | JFunction | Opaque;

/** A value, or a thunk that gives it. */
export type Lazy = Value | Thunk;

/** A computation that runs once. `run` is undefined when it has run. */
export class Thunk {
  run: (() => Value) | undefined;
  value: Value | undefined = undefined;
  readonly location: Location;
  constructor(run: () => Value, location: Location = 0) {
    this.run = run;
    this.location = location;
  }
}

// V8 notes of what kind the values of a field are. What is true of every program is made known before the first code is
// optimised for less.
for (const value of [0.5, '', new Thunk(() => null)]) new Thunk(() => null).value = value as Value;

export class JArray {
  readonly items: Lazy[];
  /** Where it was written; 0 for one that was computed. */
  readonly location: Location;
  constructor(items: Lazy[], location: Location = 0) {
    this.items = items;
    this.location = location;
  }
}

/** A parameter without a default is required. */
export type ParameterInfo = {
  readonly name: string;
  readonly optional: boolean;
  /** Of the library's functions: takes a thunk. */
  readonly lazy?: boolean;
};

export class JFunction {
  readonly name: string;
  readonly parameters: readonly ParameterInfo[];
  /** Takes one argument for each parameter; undefined where the default is meant. */
  // biome-ignore lint/suspicious/noExplicitAny: generated code has one signature for each arity
  readonly run: (...args: any[]) => Value;
  readonly arity: number;
  readonly location: Location;
  constructor(
    name: string,
    parameters: readonly ParameterInfo[],
    run: (...args: never[]) => Value,
    location: Location = 0,
  ) {
    this.location = location;
    this.name = name;
    this.parameters = parameters;
    this.run = run as JFunction['run'];
    this.arity = parameters.length;
  }
}

/** A value of the host: a derivation, say. Two are equal when their payloads are the same. */
export class Opaque {
  readonly type: string;
  readonly payload: unknown;
  constructor(type: string, payload: unknown) {
    this.type = type;
    this.payload = payload;
  }
}

/** A literal's code: gives its field or assert of a number. `frame` has the literal's own locals, bound to the object. */
export type LiteralCode = (at: number, self: JObject, layer: number, frame: unknown) => Value;

/** What one object literal adds to an object. */
export type Layer = {
  readonly template: Template;
  readonly code: LiteralCode;
  /** Makes the literal's locals for an object; undefined when there are none. */
  readonly bind: ((self: JObject, layer: number) => unknown) | undefined;
};

/** Object literals joined by +, the leftmost first. */
export class JObject {
  readonly layers: readonly Layer[];
  /** Made when it is first needed. */
  knownShape: Shape | undefined;
  /** By the slots' positions; undefined until one is evaluated. */
  values: (Value | typeof pending | undefined)[] | undefined = undefined;
  /** What super gave, by layer. */
  superValues: (Map<string, Value> | undefined)[] | undefined = undefined;
  frames: unknown[] | undefined = undefined;
  readonly hasAsserts: boolean;
  asserts: 'unchecked' | 'checking' | 'checked';

  constructor(layers: readonly Layer[], hasAsserts: boolean, shape: Shape | undefined) {
    this.layers = layers;
    this.knownShape = shape;
    this.hasAsserts = hasAsserts;
    this.asserts = hasAsserts ? 'unchecked' : 'checked';
  }

  get shape(): Shape {
    this.knownShape ??= shapeOfLayers(this.layers.map(layer => layer.template));
    return this.knownShape;
  }

  /** Every field, the last definition of each. */
  get slots(): ReadonlyMap<string, Slot> {
    return this.shape.slots;
  }

  /** This object and another, which extends it. */
  join(other: JObject): JObject {
    const known = this.knownShape !== undefined && other.knownShape !== undefined;
    const shape = known ? joinShapes(this.knownShape!, other.knownShape!) : undefined;
    return new JObject(this.layers.concat(other.layers), this.hasAsserts || other.hasAsserts, shape);
  }

  /** The field as layers from `below` on see it: as `super` does, when that is not the number of layers. */
  find(name: string, below: number): { readonly layer: number; readonly field: Field } | undefined {
    for (let layer = below - 1; layer >= 0; layer -= 1) {
      const { index, removed } = this.layers[layer]!.template;
      const field = index.get(name);
      if (field !== undefined) return { layer, field };
      if (removed?.name === name) layer -= removed.span;
    }
    return undefined;
  }

  /** The locals of a layer. */
  frame(layer: number): unknown {
    const { bind } = this.layers[layer]!;
    if (bind === undefined) return undefined;
    this.frames ??= new Array<unknown>(this.layers.length).fill(undefined);
    this.frames[layer] ??= bind(this, layer);
    return this.frames[layer];
  }
}

/** Stands for a field that is being evaluated. */
export const pending = Symbol('pending');

/** The name of a value's type, as std.type gives it. */
export function typeOf(value: Value): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'boolean':
    case 'number':
    case 'string':
      return typeof value;
    default:
      if (value instanceof JObject) return 'object';
      if (value instanceof JArray) return 'array';
      return value instanceof JFunction ? 'function' : value.type;
  }
}
