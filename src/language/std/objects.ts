// std: objects.
import { call2 } from '../calls.ts';
import { deeper } from '../failure.ts';
import { fieldNamesOf, fieldOf, objectOf, without } from '../objects.ts';
import { force } from '../operators.ts';
import { JArray, JObject, type Lazy, Thunk, type Value } from '../values.ts';
import { bool, func, type Group, objectValue, string } from './define.ts';

const names = (name: string, value: Value, hidden: boolean): string[] => [
  ...fieldNamesOf(objectValue(name, value), hidden),
];

function has(name: string, value: Value, field: Value, hidden: boolean): boolean {
  const slot = objectValue(name, value).slots.get(string(name, field));
  return slot !== undefined && (hidden || !slot.hidden);
}

const values = (name: string, value: Value, hidden: boolean): JArray =>
  new JArray(names(name, value, hidden).map(field => new Thunk(() => fieldOf(value as JObject, field, 0))));

const keysValues = (name: string, value: Value, hidden: boolean): JArray =>
  new JArray(
    names(name, value, hidden).map(field =>
      objectOf([
        ['key', field],
        ['value', () => fieldOf(value as JObject, field, 0)],
      ]),
    ),
  );

/** RFC 7396. */
function mergePatch(target: Value, patch: Value): Value {
  if (!(patch instanceof JObject)) return patch;
  const base = target instanceof JObject ? target : objectOf([]);
  const patched = fieldNamesOf(patch, false);
  const gone = new Set(patched.filter(name => fieldOf(patch, name, 0) === null));
  const kept = fieldNamesOf(base, false).filter(name => !gone.has(name));
  const all = [...new Set([...kept, ...patched.filter(name => !gone.has(name))])];
  return objectOf(
    all.map((name): [string, () => Value] => {
      if (!patched.includes(name)) return [name, () => fieldOf(base, name, 0)];
      return [
        name,
        () => mergePatch(kept.includes(name) ? fieldOf(base, name, 0) : null, fieldOf(patch, name, 0)),
      ];
    }),
  );
}

function isEmpty(value: Value): boolean {
  if (value === null) return true;
  if (value instanceof JArray) return value.items.length === 0;
  return value instanceof JObject && fieldNamesOf(value, false).length === 0;
}

function prune(value: Value): Value {
  if (value instanceof JArray)
    return new JArray(
      deeper(0, () => value.items.map(item => prune(force(item)))).filter(item => !isEmpty(item)),
    );
  if (!(value instanceof JObject)) return value;
  const pruned = deeper(0, () =>
    fieldNamesOf(value, false).map((name): [string, Value] => [name, prune(fieldOf(value, name, 0))]),
  );
  return objectOf(pruned.filter(([, item]) => !isEmpty(item)));
}

export const objects: Group = {
  get: [
    'o f ~default? inc_hidden?',
    (o, f, otherwise: Lazy | undefined, hidden = true) => {
      const target = objectValue('get', o);
      const slot = target.slots.get(string('get', f));
      if (slot !== undefined && (bool('get', hidden) || !slot.hidden)) return fieldOf(target, f, 0);
      bool('get', hidden);
      return otherwise === undefined ? null : force(otherwise);
    },
  ],
  mergePatch: [
    '~target patch',
    (target: Lazy, patch) => (patch instanceof JObject ? mergePatch(force(target), patch) : patch),
  ],
  objectHas: ['o f', (o, f) => has('objectHas', o, f, false)],
  objectHasAll: ['o f', (o, f) => has('objectHasAll', o, f, true)],
  objectHasEx: ['obj fname hidden', (o, f, hidden) => has('objectHasEx', o, f, bool('objectHasEx', hidden))],
  objectFields: ['o', o => new JArray(names('objectFields', o, false))],
  objectFieldsAll: ['o', o => new JArray(names('objectFieldsAll', o, true))],
  objectFieldsEx: [
    'obj hidden',
    (o, hidden) => new JArray(names('objectFieldsEx', o, bool('objectFieldsEx', hidden))),
  ],
  objectValues: ['o', o => values('objectValues', o, false)],
  objectValuesAll: ['o', o => values('objectValuesAll', o, true)],
  objectKeysValues: ['o', o => keysValues('objectKeysValues', o, false)],
  objectKeysValuesAll: ['o', o => keysValues('objectKeysValuesAll', o, true)],
  objectRemoveKey: [
    'obj key',
    (o, key) => without(objectValue('objectRemoveKey', o), string('objectRemoveKey', key)),
  ],
  mapWithKey: [
    'func obj',
    (f, o) => {
      const called = func('mapWithKey', f);
      return objectOf(
        names('mapWithKey', o, false).map((name): [string, () => Value] => [
          name,
          () => call2(called, name, new Thunk(() => fieldOf(o, name, 0)), 0),
        ]),
      );
    },
  ],
  prune: ['a', prune],
};
