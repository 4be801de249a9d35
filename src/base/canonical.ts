// Canonical JSON (RFC 8785): keys sorted by UTF-16 code units, no white space, ECMAScript number and string forms.
import stringify from 'fast-json-stable-stringify';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The canonical text of plain data; NaN and infinities never reach this (the evaluator refuses them). */
export function canonicalJson(value: Json | object): string {
  return isSorted(value as Json) ? JSON.stringify(value) : stringify(value);
}

// Where every key is in its place already, the engine's own writer gives the same text ten times as fast.
function isSorted(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isSorted);
  let last = '';
  for (const key in value) {
    if (key < last || !isSorted((value as Record<string, Json>)[key]!)) return false;
    last = key;
  }
  return true;
}
