// Fields of objects: looked up from the last literal to the first, evaluated once for each object, asserts first.
import { didYouMean } from '../base/did-you-mean.ts';
import { enter, failure, leave } from './failure.ts';
import type { Location } from './location.ts';
import { add } from './operators.ts';
import { type Field, type FieldBody, JObject, type Layer, pending, type Value } from './values.ts';

/** An object of one literal. A field whose name is null is left out. */
export function object(
  fields: readonly (Omit<Field, 'name'> & { readonly name: string | null })[],
  asserts: readonly FieldBody[],
  bind: Layer['bind'],
): JObject {
  const kept = fields.every(field => field.name !== null)
    ? fields
    : fields.filter(field => field.name !== null);
  const index = new Map<string, number>();
  for (let at = 0; at < kept.length; at += 1) {
    const { name, location } = kept[at]!;
    if (index.has(name!))
      throw failure('jsonnet/duplicate-field', `the field "${name}" is here twice`, location);
    index.set(name!, at);
  }
  return new JObject([{ fields: kept as readonly Field[], index, asserts, bind }]);
}

/** An object of values that are known already. */
export function objectOf(
  entries: Iterable<readonly [string, Value | (() => Value)]>,
  location: Location = 0,
): JObject {
  const fields: Field[] = [];
  for (const [name, value] of entries) {
    const run = typeof value === 'function' ? value : () => value;
    fields.push({ name, visibility: ':', plus: false, location, place: location, run });
  }
  return object(fields, [], undefined);
}

/** The value of a field. Throws `jsonnet/unknown-field` and what its evaluation throws. */
export function fieldOf(target: JObject, name: string, location: Location): Value {
  const known = target.values.get(name);
  if (known !== undefined && known !== pending) return known;
  if (target.asserts === 'unchecked') checkAsserts(target, location);
  if (known === pending) throw infinite(name, location);
  const found = target.find(name, target.layers.length);
  if (found === undefined) throw noField(target, name, location);
  target.values.set(name, pending);
  enter(location);
  try {
    const value = run(target, found.layer, found.field);
    target.values.set(name, value);
    leave();
    return value;
  } catch (error) {
    target.values.delete(name);
    throw error;
  }
}

function infinite(name: string, location: Location) {
  return failure(
    'jsonnet/infinite-recursion',
    `infinite recursion: the field "${name}" needs its own value`,
    location,
    {
      hint: 'to extend an inherited field use super or +:',
    },
  );
}

function noField(target: JObject, name: string, location: Location) {
  const near = didYouMean(name, target.slots.keys());
  return failure('jsonnet/unknown-field', `the object has no field "${name}"`, location, {
    hint: near === undefined ? list([...target.slots.keys()]) : `did you mean "${near}"?`,
  });
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'it has no fields';
  const shown = names.slice(0, 8).join(', ');
  return `it has ${shown}${names.length > 8 ? ', …' : ''}`;
}

function run(target: JObject, layer: number, field: Field): Value {
  const value = field.run(target, layer, target.frame(layer));
  if (!field.plus) return value;
  const inherited = target.find(field.name, layer);
  return inherited === undefined
    ? value
    : add(run(target, inherited.layer, inherited.field), value, field.location);
}

/** `super.name` as seen from a layer of an object. */
export function superField(self: JObject, layer: number, name: string, location: Location): Value {
  const found = self.find(name, layer);
  if (found === undefined) {
    const below = self.layers.slice(0, layer).flatMap(item => [...item.index.keys()]);
    const near = didYouMean(name, below);
    throw failure('jsonnet/unknown-field', `super has no field "${name}"`, location, {
      hint:
        layer === 0 ? 'this object extends nothing, so it has no super' : near && `did you mean "${near}"?`,
    });
  }
  enter(location);
  const value = run(self, found.layer, found.field);
  leave();
  return value;
}

export function hasSuper(self: JObject, layer: number, name: string): boolean {
  return self.find(name, layer) !== undefined;
}

/** Runs an object's asserts, once, those of what it extends first. */
export function checkAsserts(target: JObject, location: Location): void {
  if (target.asserts !== 'unchecked') return;
  target.asserts = 'checking';
  enter(location);
  try {
    target.layers.forEach((layer, index) => {
      for (const assert of layer.asserts) assert(target, index, target.frame(index));
    });
    target.asserts = 'checked';
    leave();
  } catch (error) {
    target.asserts = 'unchecked';
    throw error;
  }
}

/** Field names in order of their code points; hidden ones too when asked. */
export function fieldNamesOf(target: JObject, hidden: boolean): string[] {
  const names: string[] = [];
  for (const [name, slot] of target.slots) if (hidden || !slot.hidden) names.push(name);
  return sortNames(names);
}

const surrogate = /[\ud800-\udfff]/;

/** Sorts names in place, by code points. */
export function sortNames(names: string[]): string[] {
  if (!names.some(name => surrogate.test(name))) return names.sort();
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
