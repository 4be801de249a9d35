// The host's way to values: reading them, making them, and calling functions. Each entry keeps the frames in order.

import type { Json } from '../base/canonical.ts';
import { CogpackError, type Span } from '../base/error.ts';
import { call } from './calls.ts';
import { deeper, inside } from './failure.ts';
import { spanOf } from './location.ts';
import { manifestJson as jsonText, notData } from './manifest.ts';
import { checkAsserts, fieldNamesOf, fieldOf } from './objects.ts';
import { force } from './operators.ts';
import { fromPlain } from './std/parse.ts';
import { JArray, JObject, Opaque, typeOf, type Value } from './values.ts';

/** A value that only the host understands, such as a derivation; `type` is what std.type gives. */
export function opaque(type: string, payload: unknown): Value {
  return new Opaque(type, payload);
}

export function opaquePayload(value: Value, type: string): unknown {
  if (value instanceof Opaque && value.type === type) return value.payload;
  throw new TypeError(`not a ${type}: ${typeOf(value)}`);
}

/** Field names in order; hidden ones too when asked. */
export function fieldNames(value: Value, { hidden = false } = {}): string[] {
  return inside(() => [...fieldNamesOf(asObject(value), hidden)]);
}

export function hasField(value: Value, name: string, { hidden = true } = {}): boolean {
  const slot = asObject(value).slots.get(name);
  return slot !== undefined && (hidden || !slot.hidden);
}

/** The value of a field. Throws what its evaluation throws. */
export function getField(value: Value, name: string): Value {
  return inside(() => fieldOf(asObject(value), name, 0));
}

/** Where the field was written; where several literals write it, the last. */
export function fieldSpan(value: Value, name: string): Span | undefined {
  const slot = value instanceof JObject ? value.slots.get(name) : undefined;
  return slot && spanOf(slot.field.location);
}

/** An array's elements, evaluated. */
export function elements(value: Value): Value[] {
  if (!(value instanceof JArray)) throw new TypeError(`not an array: ${typeOf(value)}`);
  return inside(() => value.items.map(force));
}

export function callFunction(target: Value, args: readonly Value[]): Value {
  return inside(() => call(target, args, 0));
}

/** Plain data. Throws `jsonnet/manifest` with the path of what is not data, and what evaluation throws. */
export function toHost(value: Value): Json {
  return inside(() => plain(value, []));
}

function plain(value: Value, path: (string | number)[]): Json {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof JArray) {
    return deeper(0, () =>
      value.items.map((item, index) => {
        path.push(index);
        const data = plain(force(item), path);
        path.pop();
        return data;
      }),
    );
  }
  if (!(value instanceof JObject)) throw notData(value, path, 0);
  checkAsserts(value, 0);
  const data: Record<string, Json> = {};
  for (const name of fieldNamesOf(value, false)) {
    path.push(name);
    const item = plain(fieldOf(value, name, value.slots.get(name)!.field.location), path);
    if (name === '__proto__')
      Object.defineProperty(data, name, {
        value: item,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    else data[name] = item;
    path.pop();
  }
  return data;
}

/** The JSON text of a value, as `cogpack jsonnet` prints it. Throws as toHost does. */
export function manifestJson(value: Value): string {
  return inside(() => jsonText(value));
}

/** Plain data as a value. */
export function fromHost(data: Json): Value {
  return fromPlain(data);
}

function asObject(value: Value): JObject {
  if (value instanceof JObject) return value;
  throw new CogpackError('jsonnet/type', `an object is expected; found ${typeOf(value)}`);
}
