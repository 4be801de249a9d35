// The values of the language as JavaScript values. null, booleans, numbers and strings are themselves (V8 joins
// strings lazily, so repeated concatenation needs no rope of our own). What is not evaluated yet is a Thunk.
import type { Location } from './location.ts';

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
export type ParameterInfo = { readonly name: string; readonly optional: boolean };

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

/** How visible a field says it is: `:` keeps what it extends, `::` hides, `:::` shows. */
export type FieldVisibility = ':' | '::' | ':::';

/** One field of an object literal. `run` gets the object that the literal became part of. */
export type Field = {
  readonly name: string;
  readonly visibility: FieldVisibility;
  /** Written with +: the value is added to what the field extends. */
  readonly plus: boolean;
  /** Of the name. */
  readonly location: Location;
  /** Of the value. */
  readonly place: Location;
  readonly run: FieldBody;
};
/** `frame` has the literal's own locals, bound to this object. */
export type FieldBody = (self: JObject, layer: number, frame: unknown) => Value;

/** What one object literal adds to an object. */
export type Layer = {
  readonly fields: readonly Field[];
  /** Field name → index in `fields`. */
  readonly index: ReadonlyMap<string, number>;
  readonly asserts: readonly FieldBody[];
  /** Makes the literal's locals for an object; undefined when there are none. */
  readonly bind: ((self: JObject, layer: number) => unknown) | undefined;
  /** A field that is taken out of the `span` layers below this one (std.objectRemoveKey). */
  readonly removed?: { readonly name: string; readonly span: number };
};

type Slot = { readonly layer: number; readonly field: Field; readonly hidden: boolean };

/** Object literals joined by +, the leftmost first. */
export class JObject {
  readonly layers: readonly Layer[];
  #slots: Map<string, Slot> | undefined;
  readonly values = new Map<string, Value | typeof pending>();
  frames: unknown[] | undefined = undefined;
  asserts: 'unchecked' | 'checking' | 'checked';

  constructor(layers: readonly Layer[]) {
    this.layers = layers;
    this.asserts = layers.some(layer => layer.asserts.length > 0) ? 'unchecked' : 'checked';
  }

  /** Every field, the last definition of each. */
  get slots(): ReadonlyMap<string, Slot> {
    this.#slots ??= slotsOf(this.layers);
    return this.#slots;
  }

  /** The field as it is seen by layers from `below` on: by `super` when that is not the number of layers. */
  find(name: string, below: number): { readonly layer: number; readonly field: Field } | undefined {
    for (let layer = below - 1; layer >= 0; layer -= 1) {
      const { index, fields, removed } = this.layers[layer]!;
      const at = index.get(name);
      if (at !== undefined) return { layer, field: fields[at]! };
      if (removed?.name === name) layer -= removed.span;
    }
    return undefined;
  }

  /** The locals of a layer. */
  frame(layer: number): unknown {
    const { bind } = this.layers[layer]!;
    if (bind === undefined) return undefined;
    this.frames ??= [];
    this.frames[layer] ??= bind(this, layer);
    return this.frames[layer];
  }
}

/** Stands for a field that is being evaluated. */
export const pending = Symbol('pending');

function slotsOf(layers: readonly Layer[]): Map<string, Slot> {
  const slots = new Map<string, Slot>();
  for (let layer = 0; layer < layers.length; layer += 1) {
    for (const field of layers[layer]!.fields) {
      const before = slots.get(field.name);
      const hidden = field.visibility === ':' ? (before?.hidden ?? false) : field.visibility === '::';
      slots.set(field.name, { layer, field, hidden });
    }
    const { removed } = layers[layer]!;
    if (removed === undefined) continue;
    const before = slotsOf(layers.slice(0, layer - removed.span)).get(removed.name);
    if (before === undefined) slots.delete(removed.name);
    else slots.set(removed.name, before);
  }
  return slots;
}

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
