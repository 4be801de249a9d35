// Annotations: the types that a model's inputs and outputs can have (cog's docs/python.md and its
// architecture/02-schema.md), read from annotations however they are written: quoted, qualified, aliased, `X | None` or
// Optional[X]. A type that the source does not tell is `schema/type`, or `schema/name` if nothing defines it.

import { isEnum, isValueEnum } from './enums.ts';
import { excerpt, failure } from './failure.ts';
import { stringBody, type Value } from './literals.ts';
import type { Module } from './modules.ts';
import { type Project, type Resolved, resolveFully } from './project.ts';
import { childOf, childrenOf, type PythonNode, partOf } from './tree.ts';
import {
  concatenateIterators,
  dicts,
  flatten,
  iterators,
  lists,
  makeUnion,
  primitives,
  type Type,
} from './type.ts';
import { evaluate, membersOf, scopeOf } from './values.ts';

type Context = { readonly project: Project; readonly module: Module; readonly depth: number };

/** The type that an annotation of this module says. Throws `schema/type`, `schema/name`, `schema/annotation`. */
export function typeOf(project: Project, module: Module, node: PythonNode): Type {
  return read(node, { project, module, depth: 0 });
}

function read(node: PythonNode, context: Context): Type {
  if (context.depth > 50) {
    throw failure('schema/annotation', node, `${excerpt(node)} is defined by itself`, 'write the type out');
  }
  switch (node.type) {
    case 'type':
    case 'parenthesized_expression':
      return read(node.children[0]!, context);
    case 'none':
      return { kind: 'none', node };
    case 'string':
    case 'concatenated_string':
      return read(quoted(node, context), context);
    case 'union_type':
    case 'binary_operator':
      return union(node, unionMembers(node), context);
    case 'identifier':
    case 'attribute':
    case 'member_type':
      return readName(node, context);
    case 'generic_type':
    case 'subscript':
      return readGeneric(node, context);
    default:
      throw failure(
        'schema/annotation',
        node,
        `${excerpt(node)} is not a type`,
        'write a type such as str or list[int]',
      );
  }
}

/** A quoted annotation as source; its nodes have the place of the quotes. */
function quoted(node: PythonNode, { project }: Context): PythonNode {
  const text = node.type === 'string' ? stringBody(node) : '';
  try {
    const expression = project.parse(node.span.file, `(${text})`).children[0]?.children[0]?.children[0];
    if (expression !== undefined) return placed(expression, node);
  } catch {
    // What is not an expression is said of the annotation, at its own place.
  }
  throw failure(
    'schema/annotation',
    node,
    `${excerpt(node)} does not quote a type`,
    'write the type without quotes',
  );
}

function placed(node: PythonNode, { span }: PythonNode): PythonNode {
  return { ...node, span, children: node.children.map(child => placed(child, { ...child, span })) };
}

function unionMembers(node: PythonNode): PythonNode[] {
  if (node.type === 'union_type') return [...node.children];
  const operator = partOf(node, 'operator');
  if (operator.text !== '|') {
    throw failure(
      'schema/annotation',
      node,
      `${excerpt(node)} is not a type`,
      'the types of a union stand between |',
    );
  }
  return [partOf(node, 'left'), partOf(node, 'right')];
}

function union(node: PythonNode, members: readonly PythonNode[], context: Context): Type {
  const types = members.flatMap(member => {
    const type = read(member, context);
    return type.kind === 'union' ? type.members : [type];
  });
  return makeUnion(node, types);
}

function readName(node: PythonNode, context: Context): Type {
  const found = find(node, context);
  if (found.kind === 'external') return external(node, found.path);
  if (found.kind === 'module') {
    throw failure('schema/type', node, `${excerpt(node)} is a module`, 'name the class in it');
  }
  const { definition, module } = found;
  if (definition.kind === 'assignment') {
    return read(definition.node, { ...context, module, depth: context.depth + 1 });
  }
  if (definition.kind !== 'class') {
    throw failure(
      'schema/type',
      node,
      `${excerpt(node)} is not a type that the source tells`,
      externalHint(node),
    );
  }
  if (isEnum(found, context.project)) {
    const scope = scopeOf(context.project, context.module);
    return choices(node, membersOf(found, scope), !isValueEnum(found, context.project));
  }
  return { kind: 'class', node, found };
}

function find(node: PythonNode, { project, module }: Context): Resolved {
  const found = resolveFully(project, module, node.type === 'member_type' ? memberAsAttribute(node) : node);
  if (found !== undefined) return found;
  throw failure(
    'schema/name',
    node,
    `nothing defines ${excerpt(node)}`,
    `import ${excerpt(node)}, or mend the name`,
  );
}

function memberAsAttribute(node: PythonNode): PythonNode {
  const [object, attribute] = node.children.map(child =>
    child.type === 'type' ? child.children[0]! : child,
  );
  return {
    ...node,
    type: 'attribute',
    children: [
      { ...object!, field: 'object' },
      { ...attribute!, field: 'attribute' },
    ],
  };
}

function external(node: PythonNode, path: string): Type {
  const primitive = primitives[path];
  if (primitive !== undefined) return { kind: 'primitive', node, name: primitive };
  if (path === 'typing.Any') return { kind: 'any', node };
  if (path === 'builtins.None' || path === 'types.NoneType') return { kind: 'none', node };
  if (lists.has(path)) return { kind: 'list', node, item: { kind: 'any', node }, bare: true };
  if (dicts.has(path)) return { kind: 'dict', node, value: undefined };
  if (iterators.has(path) || concatenateIterators.has(path)) {
    throw failure(
      'schema/annotation',
      node,
      `${excerpt(node)} does not say of what`,
      `write ${excerpt(node)}[str]`,
    );
  }
  const from = path.startsWith('builtins.')
    ? 'is a type of Python'
    : `comes from ${path.replace(/\.\w+$/, '')}`;
  throw failure(
    'schema/type',
    node,
    `${excerpt(node)} ${from}, which has no place in a schema`,
    externalHint(node),
  );
}

function externalHint(node: PythonNode): string {
  const name = excerpt(node);
  return `use str, int, float, bool, cog.Path, cog.Secret, list[…], dict[…] or a BaseModel; or, if its value is JSON, Annotated[${name}, cog.Opaque]`;
}

function readGeneric(node: PythonNode, context: Context): Type {
  const head = childOf(node, 'value') ?? node.children[0]!;
  const args = argumentsOf(node);
  const found = find(head, context);
  if (found.kind === 'defined' && found.definition.kind === 'class') {
    throw failure(
      'schema/type',
      node,
      `${excerpt(head)} is a generic class`,
      'write a class for this one case',
    );
  }
  const path = found.kind === 'external' ? found.path : '';
  if (lists.has(path)) {
    return { kind: 'list', node, item: read(only(node, args), context), bare: false };
  }
  if (dicts.has(path)) {
    if (args.length !== 2) throw wrongCount(node, 'a dict has two: dict[str, int]');
    return { kind: 'dict', node, value: read(args[1]!, context) };
  }
  if (iterators.has(path) || concatenateIterators.has(path)) {
    const item = read(only(node, args), context);
    return { kind: 'iterator', node, item, concatenate: concatenateIterators.has(path) };
  }
  switch (path) {
    case 'typing.Optional':
      return makeUnion(node, flatten([read(only(node, args), context), { kind: 'none', node }]));
    case 'typing.Union':
      return union(node, args, context);
    case 'typing.Literal':
      return choicesWithNone(
        node,
        args.flatMap(argument => literal(argument, context)),
      );
    case 'typing.Annotated':
      return annotated(node, args, context);
    case 'typing.Final':
    case 'typing.Required':
    case 'typing.NotRequired':
    case 'typing.ReadOnly':
      return read(only(node, args), context);
    default:
      return external(node, path === '' ? excerpt(head) : path);
  }
}

function argumentsOf(node: PythonNode): PythonNode[] {
  const parameters = node.children.find(child => child.type === 'type_parameter');
  const args = parameters === undefined ? childrenOf(node, 'subscript') : parameters.children;
  return args.map(argument => (argument.type === 'type' ? argument.children[0]! : argument));
}

function only(node: PythonNode, args: readonly PythonNode[]): PythonNode {
  if (args.length === 1) return args[0]!;
  throw wrongCount(node, 'it takes one type in its brackets');
}

function wrongCount(node: PythonNode, hint: string): Error {
  return failure('schema/annotation', node, `${excerpt(node)} has the wrong number of types`, hint);
}

function literal(node: PythonNode, { project, module }: Context): Value[] {
  const value = evaluate(node, scopeOf(project, module));
  return value.kind === 'list' ? [...value.items] : [value];
}

function choicesWithNone(node: PythonNode, values: readonly Value[]): Type {
  const some = values.filter(value => value.kind !== 'none');
  if (some.length === values.length) return choices(node, values);
  return makeUnion(node, [choices(node, some), { kind: 'none', node }]);
}

function choices(node: PythonNode, values: readonly Value[], isPlainEnum = false): Type {
  const kinds = new Set(values.map(value => (value.kind === 'member' ? value.value.kind : value.kind)));
  if (kinds.size === 1 && (kinds.has('string') || kinds.has('int')))
    return { kind: 'choices', node, values, isPlainEnum };
  throw failure(
    'schema/type',
    node,
    `the values of ${excerpt(node)} are not all strings or all integers`,
    'choices in JSON are of one kind',
  );
}

function annotated(node: PythonNode, args: readonly PythonNode[], context: Context): Type {
  const [inner, ...metadata] = args;
  if (inner === undefined || metadata.length === 0)
    throw wrongCount(node, 'Annotated takes a type and what is said of it');
  const opaque = metadata.some(item => {
    const found = resolveFully(context.project, context.module, item);
    return found?.kind === 'external' && found.path === 'cog.Opaque';
  });
  return opaque ? opaqueType(inner, context) : read(inner, context);
}

/** What is declared opaque is any JSON object; only lists and None are told apart. */
function opaqueType(node: PythonNode, context: Context): Type {
  const any: Type = { kind: 'any', node };
  if (node.type === 'string') return opaqueType(quoted(node, context), context);
  if (node.type === 'type' || node.type === 'parenthesized_expression')
    return opaqueType(node.children[0]!, context);
  if (node.type === 'none') return { kind: 'none', node };
  if (node.type === 'binary_operator' || node.type === 'union_type') {
    return opaqueUnion(node, unionMembers(node), context);
  }
  const head = childOf(node, 'value') ?? (node.type === 'generic_type' ? node.children[0]! : node);
  const found = resolveFully(context.project, context.module, head);
  const path = found?.kind === 'external' ? found.path : '';
  if (lists.has(path)) return { kind: 'list', node, item: any, bare: false };
  if (path === 'typing.Optional') {
    return makeUnion(
      node,
      flatten([opaqueType(only(node, argumentsOf(node)), context), { kind: 'none', node }]),
    );
  }
  return path === 'typing.Union' ? opaqueUnion(node, argumentsOf(node), context) : any;
}

function opaqueUnion(node: PythonNode, members: readonly PythonNode[], context: Context): Type {
  const types = flatten(members.map(member => opaqueType(member, context)));
  const nones = types.filter(type => type.kind === 'none');
  const some = types.filter(type => type.kind !== 'none');
  return makeUnion(node, [some.length === 1 ? some[0]! : { kind: 'any', node }, ...nones]);
}
