// Strings are sequences of code points, while JavaScript's are of UTF-16 code units. Where a string has no surrogates
// the two are the same; the last string that was looked at is remembered, since programs walk strings by index.

import { failure } from './failure.ts';
import type { Location } from './location.ts';

const surrogate = /[\ud800-\udfff]/;
let lastText = '';
let lastPoints: readonly string[] | undefined;

/** The code points as strings, or undefined when each is one code unit. */
function pointsOf(text: string): readonly string[] | undefined {
  if (text !== lastText) {
    lastText = text;
    lastPoints = surrogate.test(text) ? Array.from(text) : undefined;
  }
  return lastPoints;
}

/** The number of code points. */
export function lengthOf(text: string): number {
  return text.length < 2 ? text.length : (pointsOf(text)?.length ?? text.length);
}

/** The code point at an index, as a string. */
export function codePointAt(text: string, index: number): string {
  return (text.length < 2 ? undefined : pointsOf(text))?.[index] ?? text[index] ?? '';
}

/** Code points `from` to `to` (exclusive). */
export function sliceOf(text: string, from: number, to: number): string {
  const points = pointsOf(text);
  return points === undefined ? text.slice(from, to) : points.slice(from, to).join('');
}

/** Every code point as a string. */
export function codePoints(text: string): string[] {
  return surrogate.test(text) ? Array.from(text) : text.split('');
}

/** Orders by code points: below, equal or above 0. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  if (!surrogate.test(a) && !surrogate.test(b)) return a < b ? -1 : 1;
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  if (at === length) return a.length - b.length;
  return (a.codePointAt(at) ?? 0) - (b.codePointAt(at) ?? 0);
}

/** The character of a code point. Throws `jsonnet/number`. */
export function characterOf(code: number, location: Location): string {
  if (code >= 0 && code < 0x110000) return String.fromCodePoint(Math.trunc(code)).toWellFormed();
  throw failure('jsonnet/number', `a code point is from 0 to 1114111 (0x10FFFF); found ${code}`, location);
}
