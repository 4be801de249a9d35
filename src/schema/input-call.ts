// Input(…): the default, the bounds and the texts of one input, wherever the call stands: at the parameter itself, in
// an attribute of a class, in a constant, or in a function that returns it. Every argument is worked out or refused;
// none is left out in silence.
import type { Json } from '../base/canonical.ts';
import { excerpt, failure } from './failure.ts';
import { kindName, toJson, type Value } from './literals.ts';
import { resolveFully } from './project.ts';
import { childOf, type PythonNode, partOf } from './tree.ts';
import { evaluate, type Scope, scopeOf } from './values.ts';

/** What Input(…) says; what it does not say, or says is None, is undefined. Only a default can be null. */
export type InputFacts = {
  readonly default?: Json | undefined;
  readonly description?: string | undefined;
  readonly ge?: number | undefined;
  readonly le?: number | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly regex?: string | undefined;
  readonly choices?: readonly Json[] | undefined;
  readonly deprecated?: boolean | undefined;
  readonly accept?: string | undefined;
};

type Call = { readonly args: PythonNode; readonly scope: Scope };

/** What stands behind `=` in a parameter: an Input(…), directly or by reference, or else a plain default. */
export function inputFacts(node: PythonNode, scope: Scope): InputFacts {
  const call = findInputCall(node, scope, 0);
  if (call === undefined) return { default: toJson(evaluate(node, scope), node) };
  return factsOf(call);
}

function findInputCall(node: PythonNode, scope: Scope, depth: number): Call | undefined {
  if (depth > 20) return undefined;
  if (node.type === 'parenthesized_expression') return findInputCall(node.children[0]!, scope, depth + 1);
  const callee = node.type === 'call' ? partOf(node, 'function') : node;
  if (callee.type !== 'identifier' && callee.type !== 'attribute') return undefined;
  const found = resolveFully(scope.project, scope.module, callee);
  if (node.type === 'call') {
    const args = partOf(node, 'arguments');
    if (found?.kind === 'external' && found.path === 'cog.Input') return { args, scope };
    if (found?.kind !== 'defined' || found.definition.kind !== 'function') return undefined;
    const returned = returnedValue(found.definition.node);
    if (returned === undefined) return undefined;
    const inner = scopeOf(scope.project, found.module);
    const call = findInputCall(returned, inner, depth + 1);
    if (call === undefined) return undefined;
    return {
      args: call.args,
      scope: { ...call.scope, locals: bind(found.definition.node, inner, args, scope) },
    };
  }
  if (found?.kind !== 'defined' || found.definition.kind !== 'assignment') return undefined;
  return findInputCall(found.definition.node, scopeOf(scope.project, found.module), depth + 1);
}

/** What a function gives back, if all it does is to return it. */
function returnedValue(node: PythonNode): PythonNode | undefined {
  const statements = partOf(node, 'body').children.filter(
    ({ type, children }) => !(type === 'expression_statement' && children[0]?.type === 'string'),
  );
  return statements.length === 1 && statements[0]!.type === 'return_statement'
    ? statements[0]!.children[0]
    : undefined;
}

function bind(node: PythonNode, inner: Scope, args: PythonNode, scope: Scope): ReadonlyMap<string, Value> {
  const names: string[] = [];
  const values = new Map<string, Value>();
  for (const parameter of partOf(node, 'parameters').children) {
    if (!/^(identifier|(typed_|default_|typed_default_)parameter)$/.test(parameter.type)) continue;
    const name = (childOf(parameter, 'name') ?? parameter.children[0] ?? parameter).text;
    const value = childOf(parameter, 'value');
    if (name !== 'self' && name !== 'cls') names.push(name);
    if (value !== undefined) values.set(name, evaluate(value, inner));
  }
  args.children.forEach((argument, index) => {
    const named = argument.type === 'keyword_argument';
    const name = named ? partOf(argument, 'name').text : names[index];
    if (name !== undefined) values.set(name, evaluate(named ? partOf(argument, 'value') : argument, scope));
  });
  return values;
}

const readers: Readonly<Record<string, (node: PythonNode, scope: Scope) => InputFacts>> = {
  default: (node, scope) => ({ default: toJson(evaluate(node, scope), node) }),
  description: (node, scope) => ({ description: text(node, scope) }),
  ge: (node, scope) => ({ ge: number(node, scope) }),
  le: (node, scope) => ({ le: number(node, scope) }),
  min_length: (node, scope) => ({ minLength: length(node, scope) }),
  max_length: (node, scope) => ({ maxLength: length(node, scope) }),
  regex: (node, scope) => ({ regex: text(node, scope) }),
  choices: (node, scope) => ({ choices: list(node, scope) }),
  deprecated: (node, scope) => ({ deprecated: truth(node, scope) }),
  accept: (node, scope) => ({ accept: text(node, scope) }),
};

function factsOf({ args, scope }: Call): InputFacts {
  let facts: InputFacts = {};
  args.children.forEach((argument, index) => {
    const named = argument.type === 'keyword_argument';
    const name = named ? partOf(argument, 'name').text : index === 0 ? 'default' : '';
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (reader === undefined || /splat$/.test(argument.type)) throw unknownArgument(argument, name);
    facts = { ...facts, ...reader(named ? partOf(argument, 'value') : argument, scope) };
  });
  return facts;
}

function unknownArgument(argument: PythonNode, name: string): Error {
  const hint =
    name === 'default_factory'
      ? 'give a literal default, or default=None and make the value when the model runs'
      : `Input takes ${Object.keys(readers).join(', ')}`;
  return failure('schema/input', argument, `Input cannot be given ${excerpt(argument)}`, hint);
}

function expect<T>(
  node: PythonNode,
  scope: Scope,
  what: string,
  take: (value: Value) => T | undefined,
): T | undefined {
  const value = evaluate(node, scope);
  if (value.kind === 'none') return undefined;
  const taken = take(value.kind === 'member' ? value.value : value);
  if (taken !== undefined) return taken;
  throw failure(
    'schema/input',
    node,
    `${excerpt(node)} is ${kindName(value)}; expected ${what}`,
    `give ${what}`,
  );
}

function text(node: PythonNode, scope: Scope): string | undefined {
  return expect(node, scope, 'a string', value => (value.kind === 'string' ? value.value : undefined));
}

function number(node: PythonNode, scope: Scope): number | undefined {
  return expect(node, scope, 'a finite number', value => {
    const taken = value.kind === 'int' || value.kind === 'float' ? Number(value.value) : Number.NaN;
    return Number.isFinite(taken) ? taken : undefined;
  });
}

function length(node: PythonNode, scope: Scope): number | undefined {
  return expect(node, scope, 'an integer of 0 or more', value => {
    const taken = value.kind === 'int' ? Number(value.value) : -1;
    return taken >= 0 && Number.isSafeInteger(taken) ? taken : undefined;
  });
}

function truth(node: PythonNode, scope: Scope): boolean | undefined {
  return expect(node, scope, 'True or False', value => (value.kind === 'bool' ? value.value : undefined));
}

function list(node: PythonNode, scope: Scope): readonly Json[] | undefined {
  return expect(node, scope, 'a list', value =>
    value.kind === 'list' ? value.items.map(item => toJson(item, node)) : undefined,
  );
}
