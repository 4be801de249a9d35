// The types that a model's inputs and outputs can have, as data, and the names of Python, typing and cog that stand for
// them. Unions are flat, and have None once and last.
import type { Value } from './literals.ts';
import type { Resolved } from './project.ts';
import type { PythonNode } from './tree.ts';

export type Primitive = 'str' | 'int' | 'float' | 'bool' | 'Path' | 'File' | 'Secret';

/** A type, with the piece of source it was read from. */
export type Type = { readonly node: PythonNode } & (
  | { readonly kind: 'primitive'; readonly name: Primitive }
  | { readonly kind: 'any' }
  | { readonly kind: 'none' }
  | { readonly kind: 'list'; readonly item: Type; readonly bare: boolean }
  | { readonly kind: 'dict'; readonly value: Type | undefined }
  | { readonly kind: 'union'; readonly members: readonly Type[] }
  /** Literal[…] or an enum: one of these, all strings or all integers. */
  | { readonly kind: 'choices'; readonly values: readonly Value[]; readonly isPlainEnum: boolean }
  | { readonly kind: 'iterator'; readonly item: Type; readonly concatenate: boolean }
  /** A class of the project that is neither an enum nor known to be anything else. */
  | { readonly kind: 'class'; readonly found: Defined }
);

export type Defined = Extract<Resolved, { kind: 'defined' }>;

export const primitives: Readonly<Record<string, Primitive>> = {
  'builtins.str': 'str',
  'builtins.int': 'int',
  'builtins.float': 'float',
  'builtins.bool': 'bool',
  'cog.Path': 'Path',
  'pathlib.Path': 'Path',
  'cog.File': 'File',
  'cog.Secret': 'Secret',
};

export const iterators = new Set([
  'typing.Iterator',
  'typing.AsyncIterator',
  'collections.abc.Iterator',
  'collections.abc.AsyncIterator',
]);
export const concatenateIterators = new Set(['cog.ConcatenateIterator', 'cog.AsyncConcatenateIterator']);
export const lists = new Set(['builtins.list', 'typing.List']);
export const dicts = new Set(['builtins.dict', 'typing.Dict']);

/** A union of flat types; one type alone is itself. */
export function makeUnion(node: PythonNode, types: readonly Type[]): Type {
  const nones = types.filter(type => type.kind === 'none');
  const members = [...types.filter(type => type.kind !== 'none'), ...nones.slice(0, 1)];
  return members.length === 1 ? members[0]! : { kind: 'union', node, members };
}

export function flatten(types: readonly Type[]): Type[] {
  return types.flatMap(type => (type.kind === 'union' ? type.members : [type]));
}

/** Splits `X | None` into X and true; a type that cannot be None into itself and false. */
export function withoutNone(type: Type): { readonly type: Type; readonly nullable: boolean } {
  if (type.kind !== 'union' || type.members.every(member => member.kind !== 'none')) {
    return { type, nullable: false };
  }
  const members = type.members.filter(member => member.kind !== 'none');
  return { type: makeUnion(type.node, members), nullable: true };
}
