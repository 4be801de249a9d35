// Values as JSON text. Errors name the path to the value that has no JSON: $.model.apt[2].
import { enter, failure, leave } from './failure.ts';
import type { Location } from './location.ts';
import { formatNumber } from './numbers.ts';
import { checkAsserts, fieldNamesOf, fieldOf } from './objects.ts';
import { force, opaqueHint } from './operators.ts';
import { JArray, JFunction, JObject, Opaque, typeOf, type Value } from './values.ts';

/** How JSON is laid out. */
export type JsonLayout = {
  /** For each level; with `newline` '' everything is on one line. */
  readonly indent: string;
  readonly newline: string;
  /** Between a name and its value. */
  readonly keySeparator: string;
  /** Between items, before `newline`. */
  readonly itemSeparator: string;
  /** Between the brackets of an empty array or object; with `indentEmpty` the indentation follows it. */
  readonly empty: string;
  readonly indentEmpty: boolean;
};

/** As the command prints a program's value. */
export const prettyLayout: JsonLayout = {
  indent: '   ',
  newline: '\n',
  keySeparator: ': ',
  itemSeparator: ',',
  empty: ' ',
  indentEmpty: false,
};

/** As std.toString writes: one line, with spaces. */
export const lineLayout: JsonLayout = { ...prettyLayout, indent: '', newline: '', itemSeparator: ', ' };

/** The JSON text of a value. Throws `jsonnet/manifest` for functions and values of the host. */
export function manifestJson(
  value: Value,
  layout: JsonLayout = prettyLayout,
  location: Location = 0,
): string {
  return write(value, layout, '', [], location);
}

type Path = (string | number)[];

function write(value: Value, layout: JsonLayout, indent: string, path: Path, location: Location): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      return formatNumber(value);
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      if (value instanceof JArray) return writeArray(value, layout, indent, path, location);
      if (value instanceof JObject) return writeObject(value, layout, indent, path, location);
      throw notData(value, path, location);
  }
}

const emptyBody = ({ empty, indentEmpty }: JsonLayout, indent: string): string =>
  indentEmpty ? empty + indent : empty;

function writeArray(
  { items, location: written }: JArray,
  layout: JsonLayout,
  indent: string,
  path: Path,
  location: Location,
): string {
  if (items.length === 0) return `[${emptyBody(layout, indent)}]`;
  const deeper = indent + layout.indent;
  const parts: string[] = [];
  enter(written || location);
  for (let index = 0; index < items.length; index += 1) {
    path.push(index);
    parts.push(deeper + write(force(items[index]!), layout, deeper, path, location));
    path.pop();
  }
  leave();
  const { newline } = layout;
  return `[${newline}${parts.join(layout.itemSeparator + newline)}${newline}${indent}]`;
}

function writeObject(
  value: JObject,
  layout: JsonLayout,
  indent: string,
  path: Path,
  location: Location,
): string {
  checkAsserts(value, location);
  const names = fieldNamesOf(value, false);
  if (names.length === 0) return `{${emptyBody(layout, indent)}}`;
  const deeper = indent + layout.indent;
  const parts: string[] = [];
  enter(location);
  for (const name of names) {
    path.push(name);
    const at = value.slots.get(name)!.field.place;
    const text = write(fieldOf(value, name, at), layout, deeper, path, at);
    parts.push(deeper + quote(name) + layout.keySeparator + text);
    path.pop();
  }
  leave();
  const { newline } = layout;
  return `{${newline}${parts.join(layout.itemSeparator + newline)}${newline}${indent}}`;
}

/** The error for a value that is not data. */
export function notData(value: Value, path: readonly (string | number)[], location: Location) {
  const what = value instanceof JFunction ? 'a function' : `a ${typeOf(value)}`;
  const message =
    path.length === 0
      ? `${what} has no JSON and no text`
      : `${pathText(path)} is ${what}, which has no JSON and no text`;
  return failure('jsonnet/manifest', message, location, {
    hint: value instanceof Opaque ? opaqueHint(value) : 'call it, or hide its field with ::',
  });
}

/** $.model.apt[2] */
export function pathText(path: readonly (string | number)[]): string {
  return `$${path
    .map(step =>
      typeof step === 'number'
        ? `[${step}]`
        : /^[A-Za-z_]\w*$/.test(step)
          ? `.${step}`
          : `[${JSON.stringify(step)}]`,
    )
    .join('')}`;
}

const beyondJson = /[\u007f-\u009f\ud800-\udfff]/;

/** A string as JSON; control characters up to U+009F are escaped. */
export function quote(text: string): string {
  if (!beyondJson.test(text)) return JSON.stringify(text);
  let out = '"';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= 0x7f && code <= 0x9f) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else if (code > 0x9f) out += character;
    else out += JSON.stringify(character).slice(1, -1);
  }
  return `${out}"`;
}

/** The text that + and std.toString give: a string is itself. */
export function toText(value: Value, location: Location): string {
  return typeof value === 'string' ? value : manifestJson(value, lineLayout, location);
}
