// The parameters of a model's function as the properties of its input schema (cog's docs/python.md, "Input and output
// types"). A default of None on a type that cannot be None means "no default": such an input is required, except a
// secret, which may then be left out.
import type { Json } from '../base/canonical.ts';
import { excerpt, failure } from './failure.ts';
import { type InputFacts, inputFacts } from './input-call.ts';
import { choicesSchema, type JsonObject, primitiveSchema, titleOf } from './json-schema.ts';
import { modelKind, notAModel } from './models.ts';
import type { Module } from './modules.ts';
import type { Project } from './project.ts';
import { childOf, type PythonNode, partOf } from './tree.ts';
import { type Type, withoutNone } from './type.ts';
import { typeOf } from './types.ts';
import { scopeOf } from './values.ts';

/** The properties in order, the names of those that must be given, and the components that choices became. */
export type Inputs = {
  readonly properties: JsonObject;
  readonly required: readonly string[];
  readonly enums: JsonObject;
};

type Input = {
  readonly name: string;
  readonly order: number;
  readonly type: Type;
  readonly nullable: boolean;
  readonly facts: InputFacts;
};

/** Reads the parameters of a function; of a method, all but the first. Throws `schema/input` and what types throw. */
export function readInputs(
  project: Project,
  module: Module,
  callable: PythonNode,
  isMethod: boolean,
): Inputs {
  const parameters = partOf(callable, 'parameters').children.filter(({ type }) => !/_separator$/.test(type));
  const properties: [string, Json][] = [];
  const enums: [string, Json][] = [];
  const required: string[] = [];
  for (const [order, parameter] of parameters.slice(isMethod ? 1 : 0).entries()) {
    const input = readInput(project, module, parameter, order);
    const { property, choices, isRequired } = propertyOf(project, input);
    properties.push([input.name, property]);
    if (isRequired) required.push(input.name);
    if (choices !== undefined) enums.push([input.name, choices]);
  }
  return { properties: Object.fromEntries(properties), required, enums: Object.fromEntries(enums) };
}

function readInput(project: Project, module: Module, parameter: PythonNode, order: number): Input {
  const nameNode = childOf(parameter, 'name') ?? parameter.children[0] ?? parameter;
  if (/splat/.test(parameter.type) || /splat/.test(nameNode.type)) {
    const hint = 'name each input: a request has a field for each';
    throw failure(
      'schema/input',
      parameter,
      `${excerpt(parameter)} takes inputs that have no name here`,
      hint,
    );
  }
  const name = nameNode.text;
  const annotation = childOf(parameter, 'type');
  if (annotation === undefined) {
    throw failure('schema/input', parameter, `the input ${name} has no type`, `write ${name}: str, say`);
  }
  const { type, nullable } = withoutNone(typeOf(project, module, annotation));
  const value = childOf(parameter, 'value');
  const facts = value === undefined ? {} : inputFacts(value, scopeOf(project, module));
  return {
    name,
    order,
    type,
    nullable,
    facts: check({ name, order, type, nullable, facts }, value ?? parameter),
  };
}

function check(input: Input, node: PythonNode): InputFacts {
  const { name, type, facts } = input;
  const bounds = facts.ge ?? facts.le ?? facts.minLength ?? facts.maxLength ?? facts.regex;
  const hasChoices = (facts.choices?.length ?? 0) > 0;
  if (type.kind === 'union' && (bounds !== undefined || hasChoices)) {
    throw failure(
      'schema/input',
      node,
      `${name} has several types, so it can have no bounds or choices`,
      'give it one type',
    );
  }
  const item = type.kind === 'list' ? type.item : type;
  const isFile = item.kind === 'primitive' && (item.name === 'Path' || item.name === 'File');
  if (facts.accept !== undefined && !isFile) {
    throw failure(
      'schema/input',
      node,
      `${name} is no file, so accept does not apply to it`,
      'use it on a Path',
    );
  }
  if (type.kind !== 'choices') return facts;
  if (hasChoices) {
    throw failure(
      'schema/input',
      node,
      `${name} has choices in its type and in Input`,
      'keep one of the two',
    );
  }
  return { ...facts, choices: choicesSchema(type).enum };
}

function propertyOf(project: Project, { name, order, type, nullable, facts }: Input) {
  const given = facts.choices ?? [];
  const schema = inputSchema(project, type, nullable);
  const choices =
    given.length > 0
      ? { title: name, description: 'An enumeration.', enum: given, type: choiceType(schema) }
      : undefined;
  const isSecret = type.kind === 'primitive' && type.name === 'Secret';
  const canBeNone = nullable || (isSecret && facts.default === null);
  const hasDefault = facts.default !== undefined && (facts.default !== null || canBeNone);
  const property: JsonObject = {
    'x-order': order,
    ...(choices === undefined
      ? { title: titleOf(name), ...schema }
      : { allOf: [{ $ref: `#/components/schemas/${name}` }] }),
    ...(hasDefault && { default: facts.default }),
    ...(canBeNone && { nullable: true }),
    ...(facts.description !== undefined && { description: facts.description }),
    ...(facts.ge !== undefined && { minimum: facts.ge }),
    ...(facts.le !== undefined && { maximum: facts.le }),
    ...(facts.minLength !== undefined && { minLength: facts.minLength }),
    ...(facts.maxLength !== undefined && { maxLength: facts.maxLength }),
    ...(facts.regex !== undefined && { pattern: facts.regex }),
    ...(facts.deprecated && { deprecated: true }),
    ...(facts.accept !== undefined && { 'x-cog-accept': facts.accept }),
  };
  return { property, choices, isRequired: !hasDefault && (type.kind === 'union' || !nullable) };
}

function choiceType(schema: JsonObject): Json {
  const items = schema.items as JsonObject | undefined;
  return (items ?? schema).type ?? 'object';
}

function inputSchema(project: Project, type: Type, nullable: boolean): JsonObject {
  if (type.kind !== 'union') return itemSchema(project, type, true);
  const variants = type.members.map(member => {
    checkVariant(member.kind === 'list' ? member.item : member);
    return { ...itemSchema(project, member, true), ...(nullable && { nullable: true }) };
  });
  return { anyOf: variants };
}

function checkVariant(type: Type): void {
  if (type.kind === 'primitive' && (type.name === 'Path' || type.name === 'File' || type.name === 'Secret')) {
    throw failure(
      'schema/type',
      type.node,
      `${type.name} cannot be one of several types of an input`,
      'make it an input of its own',
    );
  }
}

function itemSchema(project: Project, type: Type, listsAllowed: boolean): JsonObject {
  switch (type.kind) {
    case 'primitive':
      return primitiveSchema(type.name);
    case 'any':
    case 'dict':
      return { type: 'object' };
    case 'choices':
      if (!type.isPlainEnum) return choicesSchema(type);
      throw unusable(
        type,
        'a request gives a value, not a member: let the enum inherit from str or int as well',
      );
    case 'list':
      if (type.bare) throw unusable(type, 'say of what: list[str]');
      if (listsAllowed) return { type: 'array', items: itemSchema(project, type.item, false) };
      throw unusable(type, 'a list in an input holds single values: use Any, or a list of dict');
    case 'class': {
      const kind = modelKind(project, type.found);
      if (kind === 'typed-dict') return { type: 'object' };
      throw kind === undefined
        ? notAModel(type.node)
        : unusable(type, 'take its fields as inputs, or a dict or a TypedDict');
    }
    case 'union':
    case 'iterator':
    case 'none':
      throw unusable(type, 'see docs/schema.md for the types that inputs can have');
  }
}

function unusable(type: Type, hint: string): Error {
  return failure('schema/type', type.node, `${excerpt(type.node)} cannot be the type of an input here`, hint);
}
