// Constant expressions: what an expression is worth without running the program. Literals, names of constants in any
// file of the project, members of enums, attributes of classes, arithmetic, and the few calls that lists of choices are
// made with. Anything else is `schema/value` at the place that cannot be told.

import { binary, negate } from './arithmetic.ts';
import { isEnum } from './enums.ts';
import { excerpt, failure } from './failure.ts';
import { decodeEscapes, kindName, none, numberOf, stringBody, stringPrefix, type Value } from './literals.ts';
import { classMembers, type Module } from './modules.ts';
import { basesOf, type Project, resolveFully } from './project.ts';
import { childOf, type PythonNode, partOf } from './tree.ts';
import type { Defined } from './type.ts';

/** Where an expression stands: its file, and the values of names that are local to it. */
export type Scope = {
  readonly project: Project;
  readonly module: Module;
  readonly locals: ReadonlyMap<string, Value>;
  readonly depth: number;
};

export function scopeOf(project: Project, module: Module): Scope {
  return { project, module, locals: new Map(), depth: 0 };
}

const hint = 'use a literal, or a constant that is assigned once at the top level of a file of the project';

/** The value of an expression. Throws `schema/value`. */
export function evaluate(node: PythonNode, scope: Scope): Value {
  switch (node.type) {
    case 'none':
      return none;
    case 'true':
    case 'false':
      return { kind: 'bool', value: node.type === 'true' };
    case 'integer':
    case 'float':
      return numberOf(node);
    case 'string':
      return { kind: 'string', value: textOf(node, scope) };
    case 'concatenated_string':
      return { kind: 'string', value: node.children.map(part => textOf(part, scope)).join('') };
    case 'parenthesized_expression':
      return evaluate(onlyChild(node), scope);
    case 'list':
    case 'tuple':
    case 'set':
    case 'expression_list':
      return { kind: 'list', items: node.children.flatMap(item => elements(item, scope)) };
    case 'dictionary':
      return { kind: 'dict', entries: node.children.flatMap(item => entries(item, scope)) };
    case 'unary_operator':
      return negate(node, evaluate(partOf(node, 'argument'), scope));
    case 'binary_operator': {
      const [left, right] = [partOf(node, 'left'), partOf(node, 'right')];
      return binary(node, evaluate(left, scope), evaluate(right, scope));
    }
    case 'identifier':
      return scope.locals.get(node.text) ?? evaluateReference(node, scope);
    case 'attribute':
      return evaluateAttribute(node, scope);
    case 'subscript':
      return evaluateSubscript(node, scope);
    case 'list_comprehension':
    case 'generator_expression':
    case 'set_comprehension':
      return evaluateComprehension(node, scope);
    case 'call':
      return evaluateCall(node, scope);
    default:
      throw unknown(node);
  }
}

function unknown(node: PythonNode): Error {
  return failure('schema/value', node, `${excerpt(node)} is only known when the code runs`, hint);
}

function textOf(node: PythonNode, scope: Scope): string {
  const prefix = stringPrefix(node);
  if (prefix.includes('b')) {
    throw failure('schema/value', node, `${excerpt(node)} is bytes`, 'JSON has no bytes: use text');
  }
  const raw = prefix.includes('r');
  if (!/[ft]/.test(prefix)) return decodeEscapes(stringBody(node), raw, node);
  if (prefix.includes('t')) throw unknown(node);
  return node.children
    .map(part => {
      if (part.type === 'string_content')
        return decodeEscapes(
          part.text.replaceAll(/\{\{|\}\}/g, brace => brace[0]!),
          raw,
          part,
        );
      if (part.type === 'interpolation') return interpolate(part, scope);
      return '';
    })
    .join('');
}

function interpolate(node: PythonNode, scope: Scope): string {
  const value = evaluate(partOf(node, 'expression'), scope);
  const plain = node.children.length === 1;
  if (plain && (value.kind === 'string' || value.kind === 'int')) return String(value.value);
  throw failure(
    'schema/value',
    node,
    `${excerpt(node)} is formatted when the code runs`,
    'write the text out',
  );
}

function elements(item: PythonNode, scope: Scope): readonly Value[] {
  if (item.type !== 'list_splat') return [evaluate(item, scope)];
  return itemsOf(onlyChild(item), scope);
}

function entries(item: PythonNode, scope: Scope): readonly (readonly [Value, Value])[] {
  if (item.type === 'pair') {
    return [[evaluate(partOf(item, 'key'), scope), evaluate(partOf(item, 'value'), scope)]];
  }
  const value = item.type === 'dictionary_splat' ? evaluate(onlyChild(item), scope) : undefined;
  if (value?.kind === 'dict') return value.entries;
  throw unknown(item);
}

function onlyChild(node: PythonNode): PythonNode {
  const child = node.children[0];
  if (child === undefined) throw unknown(node);
  return child;
}

function evaluateReference(node: PythonNode, scope: Scope): Value {
  const found = resolveFully(scope.project, scope.module, node);
  if (found === undefined) {
    throw failure('schema/name', node, `nothing defines ${excerpt(node)}`, 'define it, or mend the name');
  }
  if (found.kind === 'external') {
    const [module] = found.path.split('.');
    throw failure(
      'schema/value',
      node,
      `${excerpt(node)} comes from ${module}, which is not in the project`,
      hint,
    );
  }
  if (found.kind === 'defined') return evaluateDefinition(node, found, scope);
  throw unknown(node);
}

function evaluateDefinition(node: PythonNode, found: Defined, scope: Scope): Value {
  const { definition, module } = found;
  if (scope.depth > 50) throw failure('schema/value', node, `${node.text} is defined by itself`, hint);
  if (definition.kind === 'assignment') {
    return evaluate(definition.node, { ...scopeOf(scope.project, module), depth: scope.depth + 1 });
  }
  if (definition.kind === 'dynamic') {
    const { file, line } = definition.node.span;
    const message = `the value of ${excerpt(node)} is changed when the code runs (${file}:${line})`;
    throw failure('schema/value', node, message, hint);
  }
  throw unknown(node);
}

function evaluateAttribute(node: PythonNode, scope: Scope): Value {
  const object = partOf(node, 'object');
  const name = partOf(node, 'attribute').text;
  const owner = scope.locals.has(object.text) ? undefined : resolveFully(scope.project, scope.module, object);
  if (owner?.kind === 'defined' && owner.definition.kind === 'class') {
    const member = isEnum(owner, scope.project)
      ? membersOf(owner, scope).find(one => one.name === name)
      : undefined;
    return member ?? evaluateReference(node, scope);
  }
  if (owner?.kind === 'module' || owner?.kind === 'external') return evaluateReference(node, scope);
  const value = evaluate(object, scope);
  if (value.kind === 'member' && name === 'value') return value.value;
  if (value.kind === 'member' && name === 'name') return { kind: 'string', value: value.name };
  throw unknown(node);
}

function evaluateSubscript(node: PythonNode, scope: Scope): Value {
  const value = evaluate(partOf(node, 'value'), scope);
  const index = evaluate(partOf(node, 'subscript'), scope);
  if (value.kind === 'list' && index.kind === 'int') {
    const item = value.items.at(Number(index.value));
    if (item !== undefined) return item;
  }
  const found = value.kind === 'dict' ? value.entries.findLast(([key]) => isEqual(key, index)) : undefined;
  if (found !== undefined) return found[1];
  throw unknown(node);
}

function isEqual(one: Value, other: Value): boolean {
  return one.kind === other.kind && 'value' in one && 'value' in other && one.value === other.value;
}

function evaluateComprehension(node: PythonNode, scope: Scope): Value {
  const [body, clause, ...more] = node.children;
  if (body === undefined || clause?.type !== 'for_in_clause' || more.length > 0) throw unknown(node);
  const target = partOf(clause, 'left');
  if (target.type !== 'identifier') throw unknown(target);
  const items = itemsOf(partOf(clause, 'right'), scope).map(item =>
    evaluate(body, { ...scope, locals: new Map(scope.locals).set(target.text, item) }),
  );
  return { kind: 'list', items };
}

function evaluateCall(node: PythonNode, scope: Scope): Value {
  const callee = partOf(node, 'function');
  const args = partOf(node, 'arguments').children;
  if (callee.type === 'attribute' && args.length === 0) {
    const name = partOf(callee, 'attribute').text;
    const value = evaluate(partOf(callee, 'object'), scope);
    if (value.kind === 'dict' && name === 'keys')
      return { kind: 'list', items: value.entries.map(([key]) => key) };
    if (value.kind === 'dict' && name === 'values')
      return { kind: 'list', items: value.entries.map(([, item]) => item) };
    throw unknown(node);
  }
  const found = resolveFully(scope.project, scope.module, callee);
  const name = found?.kind === 'external' ? found.path : callee.text;
  const [argument] = args;
  if (args.length !== 1 || argument === undefined || argument.type === 'keyword_argument')
    throw unknown(node);
  switch (name) {
    case 'builtins.list':
    case 'builtins.tuple':
      return { kind: 'list', items: itemsOf(argument, scope) };
    case 'sorted':
      return { kind: 'list', items: sorted(itemsOf(argument, scope), node) };
    case 'len':
      return { kind: 'int', value: BigInt(itemsOf(argument, scope).length) };
    default:
      throw unknown(node);
  }
}

function sorted(items: readonly Value[], node: PythonNode): Value[] {
  if (items.every(item => item.kind === 'string')) {
    return items.toSorted((a, b) => Buffer.compare(Buffer.from(a.value), Buffer.from(b.value)));
  }
  if (items.every(item => item.kind === 'int')) {
    return items.toSorted((a, b) => (a.value < b.value ? -1 : Number(a.value > b.value)));
  }
  throw unknown(node);
}

/** What iterating over an expression gives: of a list, a dict's keys, an enum's members. */
function itemsOf(node: PythonNode, scope: Scope): readonly Value[] {
  const found = scope.locals.has(node.text) ? undefined : resolveFully(scope.project, scope.module, node);
  if (found?.kind === 'defined' && isEnum(found, scope.project)) return membersOf(found, scope);
  const value = evaluate(node, scope);
  if (value.kind === 'list') return value.items;
  if (value.kind === 'dict') return value.entries.map(([key]) => key);
  throw failure('schema/value', node, `${excerpt(node)} is ${kindName(value)}, not a list`, 'use a list');
}

/** The members of an enum in their order. Throws `schema/value` for one whose value only running the code tells. */
export function membersOf(found: Defined, scope: Scope): Extract<Value, { kind: 'member' }>[] {
  const inner = { ...scopeOf(scope.project, found.module), depth: scope.depth + 1 };
  const strings = basesOf(scope.project, found).some(
    base => base.kind === 'external' && base.path === 'enum.StrEnum',
  );
  const members: Extract<Value, { kind: 'member' }>[] = [];
  for (const [name, { kind, node }] of classMembers(found.definition.node)) {
    if (kind !== 'assignment' || name.startsWith('_')) continue;
    const automatic = node.type === 'call' && /^(enum\.)?auto$/.test(partOf(node, 'function').text);
    const locals = new Map<string, Value>(members.map(member => [member.name, member.value]));
    const value = automatic ? nextValue(name, members, strings, node) : evaluate(node, { ...inner, locals });
    members.push({ kind: 'member', name, value });
  }
  return members;
}

function nextValue(
  name: string,
  members: readonly { readonly value: Value }[],
  strings: boolean,
  node: PythonNode,
): Value {
  if (strings) return { kind: 'string', value: name.toLowerCase() };
  const last = members.at(-1)?.value ?? { kind: 'int', value: 0n };
  if (last.kind === 'int') return { kind: 'int', value: last.value + 1n };
  throw failure('schema/value', node, 'auto() follows a member that is no integer', 'write the value out');
}

/** The keyword's value in a call's argument list. */
export function keywordOf(list: PythonNode, name: string): PythonNode | undefined {
  const found = list.children.find(
    child => child.type === 'keyword_argument' && partOf(child, 'name').text === name,
  );
  return found === undefined ? undefined : childOf(found, 'value');
}
