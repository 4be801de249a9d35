// Fields of objects: looked up from the last literal to the first, evaluated once for each object, asserts first.
import { didYouMean } from '../base/did-you-mean.ts';
import { enter, failure, leave } from './failure.ts';
import type { Location } from './location.ts';
import { add } from './operators.ts';
import { type Field, type Shape, type Slot, type Template, template } from './shape.ts';
import { JObject, type Layer, type LiteralCode, pending, type Value } from './values.ts';

/** An object of one literal whose names are fixed. */
export function object(template: Template, code: LiteralCode, bind: Layer['bind']): JObject {
  return new JObject([{ template, code, bind }], template.asserts > 0, template.shape);
}

/** An object of one literal with names that were computed; `names` are those of the template's fields, null for none. */
export function namedObject(
  { fields, asserts, firstAssert }: Template,
  names: readonly (string | null)[],
  code: LiteralCode,
  bind: Layer['bind'],
): JObject {
  const kept: Field[] = [];
  const seen = new Set<string>();
  fields.forEach((field, at) => {
    const name = names[at]!;
    if (name === null) return;
    if (seen.has(name)) throw twice(name, field.location);
    seen.add(name);
    kept.push({ ...field, name });
  });
  return object(template(kept, asserts, firstAssert, false), code, bind);
}

function twice(name: string, location: Location) {
  return failure('jsonnet/duplicate-field', `the field "${name}" is here twice`, location);
}

/** The fields of an object comprehension, one for each round. */
export type RoundField = {
  readonly name: string;
  readonly plus: boolean;
  readonly location: Location;
  readonly place: Location;
  readonly run: (self: JObject, layer: number) => Value;
};

export function comprehension(rounds: readonly RoundField[]): JObject {
  const seen = new Set<string>();
  for (const { name, location } of rounds) {
    if (seen.has(name)) throw twice(name, location);
    seen.add(name);
  }
  const fields = rounds.map(
    ({ name, plus, location, place }, at): Field => ({
      name,
      visibility: ':',
      plus,
      location,
      place,
      at,
      constant: undefined,
    }),
  );
  const code: LiteralCode = (at, self, layer) => rounds[at]!.run(self, layer);
  return object(template(fields, 0, fields.length, false), code, undefined);
}

/** An object of values, or of functions that give them. */
export function objectOf(
  entries: readonly (readonly [string, Value | (() => Value)])[],
  location: Location = 0,
  visibility: Field['visibility'] = ':',
): JObject {
  const fields = entries.map(([name, value], at): Field => {
    const constant = typeof value === 'function' ? undefined : value;
    return { name, visibility, plus: false, location, place: location, at, constant };
  });
  const code: LiteralCode = at => (entries[at]![1] as () => Value)();
  return object(template(fields, 0, fields.length, false), code, undefined);
}

/** An object without a field: what its literals inherit from each other stays as it was. */
export function without({ layers, hasAsserts }: JObject, name: string): JObject {
  const removal: Layer = {
    template: template([], 0, 0, false, { name, span: layers.length }),
    code: () => null,
    bind: undefined,
  };
  return new JObject([...layers, removal], hasAsserts, undefined);
}

/** The value of a field. Throws `jsonnet/unknown-field` and what its evaluation throws. */
export function fieldOf(target: JObject, name: string, location: Location): Value {
  const slot = target.slots.get(name);
  if (slot === undefined) {
    if (target.asserts === 'unchecked') checkAsserts(target, location);
    throw noField(target, name, location);
  }
  const known = target.values?.[slot.position];
  if (known !== undefined && known !== pending) return known;
  return evaluateField(target, slot, location);
}

function evaluateField(target: JObject, slot: Slot, location: Location): Value {
  const { position, field, layer } = slot;
  target.values ??= new Array<undefined>(target.slots.size).fill(undefined);
  const { values } = target;
  if (target.asserts === 'unchecked') {
    checkAsserts(target, location);
    const known = values[position];
    if (known !== undefined && known !== pending) return known;
  }
  if (values[position] === pending) throw infinite(field.name, location);
  values[position] = pending;
  enter(location);
  try {
    const value = run(target, layer, field);
    values[position] = value;
    leave();
    return value;
  } catch (error) {
    values[position] = undefined;
    throw error;
  }
}

function infinite(name: string, location: Location) {
  return failure(
    'jsonnet/infinite-recursion',
    `infinite recursion: the field "${name}" needs its own value`,
    location,
    {
      hint: 'each place above needs the one before it; to extend an inherited field use super or +:',
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
  const value =
    field.constant !== undefined
      ? field.constant
      : target.layers[layer]!.code(field.at, target, layer, target.frame(layer));
  if (!field.plus) return value;
  const inherited = target.find(field.name, layer);
  return inherited === undefined
    ? value
    : add(run(target, inherited.layer, inherited.field), value, field.location);
}

/** `super.name` as seen from a layer of an object. */
export function superField(self: JObject, layer: number, name: string, location: Location): Value {
  const known = self.superValues?.[layer]?.get(name);
  if (known !== undefined) return known;
  const found = self.find(name, layer);
  if (found === undefined) {
    const below = self.layers.slice(0, layer).flatMap(({ template: { index } }) => [...index.keys()]);
    const near = didYouMean(name, below);
    throw failure('jsonnet/unknown-field', `super has no field "${name}"`, location, {
      hint:
        layer === 0 ? 'this object extends nothing, so it has no super' : near && `did you mean "${near}"?`,
    });
  }
  enter(location);
  const value = run(self, found.layer, found.field);
  leave();
  self.superValues ??= [];
  self.superValues[layer] ??= new Map();
  self.superValues[layer].set(name, value);
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
    target.layers.forEach(({ template: { asserts, firstAssert }, code }, layer) => {
      for (let at = 0; at < asserts; at += 1) code(firstAssert + at, target, layer, target.frame(layer));
    });
    target.asserts = 'checked';
    leave();
  } catch (error) {
    target.asserts = 'unchecked';
    throw error;
  }
}

/** Field names in order of their code points; hidden ones too when asked. */
export function fieldNamesOf(target: JObject, hidden: boolean): readonly string[] {
  if (hidden) return sortNames([...target.slots.keys()]);
  const { shape } = target;
  shape.visibleNames ??= visibleNames(shape);
  return shape.visibleNames;
}

function visibleNames({ slots }: Shape): readonly string[] {
  const names: string[] = [];
  for (const [name, { hidden }] of slots) if (!hidden) names.push(name);
  return sortNames(names);
}

const surrogate = /[\ud800-\udfff]/;

/** Sorts names in place, by code points. */
export function sortNames(names: string[]): string[] {
  if (!names.some(name => surrogate.test(name))) return names.sort();
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
