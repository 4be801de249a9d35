// Canonical JSON (RFC 8785): keys sorted by UTF-16 code units, no white space, ECMAScript number and string forms.
import stringify from 'fast-json-stable-stringify';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The canonical text of a JSON value; NaN and infinities never reach this (the evaluator refuses them). */
export function canonicalJson(value: Json): string {
  return stringify(value);
}
