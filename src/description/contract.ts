// Contracts: typed, documented descriptions of what a function or a block accepts, written in the language
// (stdlib/contract.libsonnet) and checked here, so that an error has the span of the user's own field.
import { didYouMean } from '../base/did-you-mean.ts';
import { CogpackError, type Span } from '../base/error.ts';
import { elements, fieldNames, fieldSpan, getField, toHost, typeOf, type Value } from '../language/index.ts';
import { formats } from './formats.ts';

/** A contract as stdlib/contract.libsonnet writes it. */
export type Contract =
  | { readonly kind: 'any' | 'null' | 'boolean' | 'function' | 'derivation' }
  | { readonly kind: 'number'; readonly format?: string }
  | { readonly kind: 'string'; readonly format?: string; readonly choices?: readonly string[] }
  | { readonly kind: 'array'; readonly items: Contract }
  | { readonly kind: 'map'; readonly keys?: string; readonly values: Contract }
  | { readonly kind: 'object'; readonly name: string; readonly fields: Readonly<Record<string, Field>> }
  | { readonly kind: 'union'; readonly of: readonly Contract[] };

type Field = { readonly contract: Contract; readonly doc: string; readonly required?: boolean };

type Place = { readonly path: string; readonly span: Span | undefined };

/** Throws `description/…` at the field that breaks the contract. `path` is how the value is called, `model` say. */
export function checkContract(contract: Contract, value: Value, path: string, span: Span | undefined): void {
  check(contract, value, { path, span });
}

function check(contract: Contract, value: Value, place: Place): void {
  switch (contract.kind) {
    case 'any':
      return;
    case 'string':
      expectType(contract, value, place);
      checkString(contract, toHost(value) as string, place);
      return;
    case 'number':
      expectType(contract, value, place);
      checkFormat(contract.format, String(toHost(value)), place);
      return;
    case 'array':
      expectType(contract, value, place);
      elements(value).forEach((item, index) => {
        check(contract.items, item, { ...place, path: `${place.path}[${index}]` });
      });
      return;
    case 'map':
      expectType(contract, value, place);
      checkMap(contract, value, place);
      return;
    case 'object':
      expectType(contract, value, place);
      checkObject(contract, value, place);
      return;
    case 'union':
      checkUnion(contract, value, place);
      return;
    default:
      expectType(contract, value, place);
  }
}

function checkString(contract: Extract<Contract, { kind: 'string' }>, text: string, place: Place): void {
  if (contract.choices !== undefined && !contract.choices.includes(text)) {
    const near = didYouMean(text, contract.choices);
    throw new CogpackError(
      'description/choice',
      `${place.path} must be one of ${contract.choices.map(quote).join(', ')}; found ${quote(text)}`,
      { span: place.span, hint: near && `did you mean ${quote(near)}?` },
    );
  }
  checkFormat(contract.format, text, place);
}

function checkFormat(format: string | undefined, text: string, place: Place): void {
  const problem = format === undefined ? undefined : formats[format]!(text);
  if (problem === undefined) return;
  throw new CogpackError(
    'description/value',
    `${place.path} must be ${problem.expected}; found ${quote(text)}`,
    {
      span: place.span,
      hint: problem.hint,
    },
  );
}

function checkMap(contract: Extract<Contract, { kind: 'map' }>, value: Value, place: Place): void {
  for (const name of fieldNames(value)) {
    const span = fieldSpan(value, name) ?? place.span;
    if (contract.keys !== undefined) {
      checkString({ kind: 'string', format: contract.keys }, name, {
        path: `the name ${name} in ${place.path}`,
        span,
      });
    }
    check(contract.values, getField(value, name), { path: join(place.path, name), span });
  }
}

function checkObject(contract: Extract<Contract, { kind: 'object' }>, value: Value, place: Place): void {
  const known = Object.keys(contract.fields);
  const present = fieldNames(value);
  for (const name of present) {
    const span = fieldSpan(value, name) ?? place.span;
    const field = Object.hasOwn(contract.fields, name) ? contract.fields[name] : undefined;
    if (field === undefined) {
      const near = didYouMean(name, known);
      throw new CogpackError('description/unknown-field', `${contract.name} has no field "${name}"`, {
        span,
        hint:
          near === undefined
            ? `it has ${known.join(', ')}; a helper of your own is written ${name}:: (hidden)`
            : `did you mean "${near}"?`,
      });
    }
    check(field.contract, getField(value, name), { path: join(place.path, name), span });
  }
  for (const name of known) {
    if (!contract.fields[name]!.required || present.includes(name)) continue;
    throw new CogpackError('description/missing-field', `${contract.name} needs the field "${name}"`, {
      span: place.span,
      hint: contract.fields[name]!.doc,
    });
  }
}

// The alternative whose type fits decides, so that its error is the one to read.
function checkUnion(contract: Extract<Contract, { kind: 'union' }>, value: Value, place: Place): void {
  const alternative = contract.of.find(option => accepts(option, value));
  if (alternative === undefined) throw typeError(contract, value, place);
  check(alternative, value, place);
}

function accepts(contract: Contract, value: Value): boolean {
  if (contract.kind === 'any') return true;
  if (contract.kind === 'union') return contract.of.some(option => accepts(option, value));
  return typeOf(value) === typeNames[contract.kind];
}

const typeNames = {
  null: 'null',
  boolean: 'boolean',
  number: 'number',
  function: 'function',
  derivation: 'derivation',
  string: 'string',
  array: 'array',
  map: 'object',
  object: 'object',
} as const;

function expectType(contract: Contract, value: Value, place: Place): void {
  if (!accepts(contract, value)) throw typeError(contract, value, place);
}

function typeError(contract: Contract, value: Value, place: Place): CogpackError {
  const found = typeOf(value);
  const article = /^[aeio]/.test(found) ? 'an' : 'a';
  return new CogpackError(
    'description/type',
    `${place.path} must be ${describe(contract)}; found ${found === 'null' ? 'null' : `${article} ${found}`}`,
    {
      span: place.span,
      hint: typeHint(contract, found),
    },
  );
}

function typeHint({ kind }: Contract, found: string): string | undefined {
  if (kind === 'array' && found === 'string') return 'put it in brackets: ["…"]';
  if (kind === 'string' && (found === 'number' || found === 'boolean')) return 'put it in quotes: "…"';
  if (kind === 'number' && found === 'string') return 'write it without quotes';
  if (kind === 'boolean' && found === 'string') return 'it is true or false, without quotes';
  return undefined;
}

/** What a contract accepts, in words. */
export function describe(contract: Contract): string {
  switch (contract.kind) {
    case 'any':
      return 'anything';
    case 'null':
      return 'null';
    case 'string':
      return contract.choices ? `one of ${contract.choices.map(quote).join(', ')}` : 'a string';
    case 'array':
      return `an array of ${plural(contract.items)}`;
    case 'map':
      return `an object of ${plural(contract.values)}`;
    case 'object':
      return 'an object';
    case 'union':
      return contract.of.map(describe).join(' or ');
    default:
      return `a ${contract.kind}`;
  }
}

function plural(contract: Contract): string {
  if (contract.kind === 'union') return contract.of.map(plural).join(' or ');
  return contract.kind === 'any' ? 'anything' : `${contract.kind === 'map' ? 'object' : contract.kind}s`;
}

const join = (path: string, name: string) => (/^\w+$/.test(name) ? `${path}.${name}` : `${path}["${name}"]`);
const quote = (text: string) => JSON.stringify(text);
