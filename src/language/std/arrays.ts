// std: arrays and sets. Elements stay lazy wherever the specification lets them.
import { call1, call2 } from '../calls.ts';
import { deeper, failure, spend } from '../failure.ts';
import { boolean, compare, equal, force, slice } from '../operators.ts';
import { codePoints } from '../strings.ts';
import { JArray, type JFunction, type Lazy, Thunk, typeOf, type Value } from '../values.ts';
import { array, func, type Group, integer, number, problem, string } from './define.ts';

const mostElements = 2 ** 25;

// Whether there is room for an array of this size: a larger one would end the process, not the program.
function room(name: string, count: number): void {
  if (count > mostElements) {
    throw failure(
      'jsonnet/size',
      `std.${name} makes arrays of up to ${mostElements} elements; found ${count}`,
      0,
    );
  }
  spend(count, 0);
}

const lazyCall = (f: JFunction, item: Lazy): Thunk => new Thunk(() => call1(f, item, 0));

/** An array's elements, or a string's characters. */
function sequence(name: string, value: Value): readonly Lazy[] {
  return typeof value === 'string' ? codePoints(value) : array(name, value);
}

function compareKeys(name: string, a: Value, b: Value): number {
  return compare(`std.${name}`, a, b, 0);
}

type Keyed = { readonly item: Lazy; readonly key: Value };

function keyed(items: readonly Lazy[], keyF: JFunction | undefined): Keyed[] {
  return items.map(item => ({ item, key: keyF === undefined ? force(item) : call1(keyF, item, 0) }));
}

function sortKeyed(name: string, items: Keyed[]): Keyed[] {
  return items.sort((a, b) => compareKeys(name, a.key, b.key));
}

function uniqueKeyed(items: readonly Keyed[]): Keyed[] {
  return items.filter((item, index) => index === 0 || !equal(items[index - 1]!.key, item.key, 0));
}

const unkeyed = (items: readonly Keyed[]): JArray => new JArray(items.map(({ item }) => item));

// Merges two sets; `keep` says what of "only left", "both", "only right" is in the result.
function merge(
  name: string,
  a: Value,
  b: Value,
  keyF: JFunction | undefined,
  keep: readonly [boolean, boolean, boolean],
): JArray {
  const left = keyed(sequence(name, a), keyF);
  const right = keyed(sequence(name, b), keyF);
  const out: Lazy[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const order =
      i >= left.length ? 1 : j >= right.length ? -1 : compareKeys(name, left[i]!.key, right[j]!.key);
    if (order < 0) {
      if (keep[0]) out.push(left[i]!.item);
      i += 1;
    } else if (order > 0) {
      if (keep[2]) out.push(right[j]!.item);
      j += 1;
    } else {
      if (keep[1]) out.push(left[i]!.item);
      i += 1;
      j += 1;
    }
  }
  return new JArray(out);
}

function extreme(
  name: string,
  list: Value,
  keyF: JFunction | undefined,
  onEmpty: Lazy | undefined,
  sign: 1 | -1,
): Value {
  const items = keyed(array(name, list), keyF);
  if (items.length === 0) {
    if (onEmpty !== undefined) return force(onEmpty);
    throw problem(name, 'takes an array that is not empty', 'give onEmpty for an empty one');
  }
  let best = items[0]!;
  for (const item of items) if (sign * compareKeys(name, item.key, best.key) > 0) best = item;
  return force(best.item);
}

function joinStrings(separator: string, items: readonly Lazy[]): string {
  const parts: string[] = [];
  for (const item of items) {
    const value = force(item);
    if (value !== null) parts.push(string('join', value));
  }
  return parts.join(separator);
}

function joinArrays(separator: readonly Lazy[], items: readonly Lazy[]): JArray {
  const out: Lazy[] = [];
  let first = true;
  for (const item of items) {
    const value = force(item);
    if (value === null) continue;
    if (!first) for (const part of separator) out.push(part);
    for (const part of array('join', value)) out.push(part);
    first = false;
  }
  return new JArray(out);
}

function flattenDeep(value: Value, out: Value[]): Value[] {
  if (!(value instanceof JArray)) out.push(value);
  else
    deeper(0, () => {
      for (const item of value.items) flattenDeep(force(item), out);
    });
  return out;
}

function deepJoin(value: Value): string {
  if (typeof value === 'string') return value;
  const items = array('deepJoin', value);
  return deeper(0, () => items.map(item => deepJoin(force(item))).join(''));
}

function sum(name: string, items: readonly Lazy[]): number {
  let total = 0;
  for (const item of items) total += number(name, force(item));
  return total;
}

function flatMap(f: Value, list: Value): Value {
  const called = func('flatMap', f);
  if (typeof list === 'string')
    return codePoints(list)
      .map(point => string('flatMap', call1(called, point, 0) ?? ''))
      .join('');
  const out: Lazy[] = [];
  for (const item of array('flatMap', list))
    for (const part of array('flatMap', call1(called, item, 0))) out.push(part);
  return new JArray(out);
}

export const arrays: Group = {
  makeArray: [
    'sz func',
    (size, f) => {
      const length = integer('makeArray', size);
      if (length < 0) throw problem('makeArray', `takes a size of 0 or more; found ${length}`);
      const called = func('makeArray', f);
      room('makeArray', length);
      const items: Lazy[] = new Array(length);
      for (let index = 0; index < length; index += 1) items[index] = lazyCall(called, index);
      return new JArray(items);
    },
  ],
  member: [
    'arr ~x',
    (list, x: Lazy) =>
      typeof list === 'string'
        ? force(x) !== '' && list.includes(string('member', force(x)))
        : array('member', list).some(item => equal(force(item), force(x), 0)),
  ],
  contains: [
    'arr ~elem',
    (list, x: Lazy) => array('contains', list).some(item => equal(force(item), force(x), 0)),
  ],
  count: [
    'arr ~x',
    (list, x: Lazy) => array('count', list).filter(item => equal(force(item), force(x), 0)).length,
  ],
  find: [
    '~value arr',
    (value: Lazy, list) => {
      const found: number[] = [];
      array('find', list).forEach((item, index) => {
        if (equal(force(item), force(value), 0)) found.push(index);
      });
      return new JArray(found);
    },
  ],
  map: [
    'func arr',
    (f, list) => new JArray(sequence('map', list).map(item => lazyCall(func('map', f), item))),
  ],
  mapWithIndex: [
    'func arr',
    (f, list) => {
      const called = func('mapWithIndex', f);
      return new JArray(
        sequence('mapWithIndex', list).map((item, index) => new Thunk(() => call2(called, index, item, 0))),
      );
    },
  ],
  filter: [
    'func arr',
    (f, list) =>
      new JArray(array('filter', list).filter(item => boolean(call1(func('filter', f), item, 0), 0))),
  ],
  filterMap: [
    'filter_func map_func arr',
    (keep, f, list) =>
      new JArray(
        array('filterMap', list)
          .filter(item => boolean(call1(func('filterMap', keep), item, 0), 0))
          .map(item => lazyCall(func('filterMap', f), item)),
      ),
  ],
  flatMap: ['func arr', flatMap],
  foldl: [
    'func arr init',
    (f, list, init) => {
      const called = func('foldl', f);
      let value: Value = init;
      for (const item of sequence('foldl', list)) value = call2(called, value, item, 0);
      return value;
    },
  ],
  foldr: [
    'func arr init',
    (f, list, init) => {
      const called = func('foldr', f);
      const items = sequence('foldr', list);
      let value: Value = init;
      for (let index = items.length - 1; index >= 0; index -= 1)
        value = call2(called, items[index]!, value, 0);
      return value;
    },
  ],
  range: [
    'from to',
    (from, to) => {
      const first = integer('range', from);
      const length = Math.max(0, integer('range', to) - first + 1);
      room('range', length);
      const items = new Array<number>(length);
      for (let index = 0; index < length; index += 1) items[index] = first + index;
      return new JArray(items);
    },
  ],
  repeat: [
    'what count',
    (what, count) => {
      const times = integer('repeat', count);
      if (times < 0) throw problem('repeat', `takes a count of 0 or more; found ${times}`);
      if (typeof what === 'string') return what.repeat(times);
      const items = array('repeat', what);
      room('repeat', times * items.length);
      return new JArray(Array.from({ length: times }, () => items).flat());
    },
  ],
  slice: ['indexable index end step', (target, from, to, step) => slice(target, from, to, step, 0)],
  join: [
    'sep arr',
    (separator, list) => {
      const items = array('join', list);
      if (typeof separator === 'string') return joinStrings(separator, items);
      if (separator instanceof JArray) return joinArrays(separator.items, items);
      throw problem('join', `takes a string or an array as the separator; found ${typeOf(separator)}`);
    },
  ],
  deepJoin: ['arr', deepJoin],
  flattenArrays: [
    'arr',
    list => new JArray(array('flattenArrays', list).flatMap(item => array('flattenArrays', force(item)))),
  ],
  flattenDeepArray: ['value', value => new JArray(flattenDeep(value, []))],
  reverse: ['arr', list => new JArray([...sequence('reverse', list)].reverse())],
  sort: ['arr keyF?', (list, keyF) => unkeyed(sortKeyed('sort', keyed(sequence('sort', list), keyF)))],
  uniq: ['arr keyF?', (list, keyF) => unkeyed(uniqueKeyed(keyed(sequence('uniq', list), keyF)))],
  all: ['arr', list => array('all', list).every(item => boolean(force(item), 0))],
  any: ['arr', list => array('any', list).some(item => boolean(force(item), 0))],
  sum: ['arr', list => sum('sum', array('sum', list))],
  avg: [
    'arr',
    list => {
      const items = array('avg', list);
      if (items.length === 0) throw problem('avg', 'takes an array that is not empty');
      return sum('avg', items) / items.length;
    },
  ],
  minArray: ['arr keyF? ~onEmpty?', (list, keyF, onEmpty) => extreme('minArray', list, keyF, onEmpty, -1)],
  maxArray: ['arr keyF? ~onEmpty?', (list, keyF, onEmpty) => extreme('maxArray', list, keyF, onEmpty, 1)],
  remove: [
    'arr ~elem',
    (list, elem: Lazy) => {
      const items = array('remove', list);
      const at = items.findIndex(item => equal(force(item), force(elem), 0));
      return at < 0 ? list : new JArray([...items.slice(0, at), ...items.slice(at + 1)]);
    },
  ],
  removeAt: [
    'arr at',
    (list, at) => {
      const index = number('removeAt', at);
      return new JArray(array('removeAt', list).filter((_, position) => position !== index));
    },
  ],
  set: [
    'arr keyF?',
    (list, keyF) => unkeyed(uniqueKeyed(sortKeyed('set', keyed(sequence('set', list), keyF)))),
  ],
  setInter: ['a b keyF?', (a, b, keyF) => merge('setInter', a, b, keyF, [false, true, false])],
  setUnion: ['a b keyF?', (a, b, keyF) => merge('setUnion', a, b, keyF, [true, true, true])],
  setDiff: ['a b keyF?', (a, b, keyF) => merge('setDiff', a, b, keyF, [true, false, false])],
  setMember: [
    'x arr keyF?',
    (x, list, keyF) => {
      const items = sequence('setMember', list);
      const key = keyF === undefined ? x : call1(keyF, x, 0);
      let from = 0;
      let to = items.length;
      while (from < to) {
        const middle = (from + to) >> 1;
        const other = keyF === undefined ? force(items[middle]!) : call1(keyF, items[middle]!, 0);
        const order = compareKeys('setMember', other, key);
        if (order === 0) return true;
        if (order < 0) from = middle + 1;
        else to = middle;
      }
      return false;
    },
  ],
  // The comparison of the reference's library, below, equal or above.
  __compare: ['v1 v2', (a, b) => Math.sign(compare('std.__compare', a, b, 0))],
};
