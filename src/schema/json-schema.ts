// Types as OpenAPI 3.0 schemas, in the shapes of cog's documents: files are URIs, secrets passwords, iterators arrays
// with `x-cog-array-type`, objects are written out where they are used, and one that holds itself is any object.
import type { Json } from '../base/canonical.ts';
import { excerpt, failure } from './failure.ts';
import { toJson } from './literals.ts';
import { fieldsOf, modelKind, notAModel } from './models.ts';
import type { Project } from './project.ts';
import { type Primitive, type Type, withoutNone } from './type.ts';

export type JsonObject = { readonly [key: string]: Json };

const primitiveSchemas: Readonly<Record<Primitive, JsonObject>> = {
  str: { type: 'string' },
  int: { type: 'integer' },
  float: { type: 'number' },
  bool: { type: 'boolean' },
  Path: { type: 'string', format: 'uri' },
  File: { type: 'string', format: 'uri' },
  Secret: { type: 'string', format: 'password', writeOnly: true, 'x-cog-secret': true },
};

const anyObject: JsonObject = { type: 'object' };

export function primitiveSchema(name: Primitive): JsonObject {
  return primitiveSchemas[name];
}

/** `{type, enum}` of choices. */
export function choicesSchema(type: Extract<Type, { kind: 'choices' }>): {
  readonly type: string;
  readonly enum: readonly Json[];
} {
  const values = type.values.map(value => toJson(value, type.node));
  return { type: typeof values[0] === 'string' ? 'string' : 'integer', enum: values };
}

/** `guidance_scale` as `Guidance Scale`. */
export function titleOf(name: string): string {
  return name
    .split('_')
    .map(word => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(' ');
}

/** The schema of what a model gives back. Throws `schema/output`, `schema/type`. */
export function outputSchema(
  project: Project,
  type: Type,
  within: ReadonlySet<unknown> = new Set(),
): JsonObject {
  switch (type.kind) {
    case 'primitive':
      return primitiveSchema(type.name);
    case 'any':
      return anyObject;
    case 'list':
      return { type: 'array', items: outputSchema(project, type.item, within) };
    case 'dict':
      if (type.value === undefined) return anyObject;
      return { type: 'object', additionalProperties: outputSchema(project, type.value, within) };
    case 'choices':
      return choicesSchema(type);
    case 'iterator':
      return iteratorSchema(project, type, within);
    case 'class':
      return objectSchema(project, type, within);
    case 'union':
      throw unionOutput(type);
    case 'none':
      throw failure(
        'schema/output',
        type.node,
        'a model that gives back None has no output',
        'return a value',
      );
  }
}

function iteratorSchema(
  project: Project,
  type: Extract<Type, { kind: 'iterator' }>,
  within: ReadonlySet<unknown>,
): JsonObject {
  if (type.concatenate && !(type.item.kind === 'primitive' && type.item.name === 'str')) {
    throw failure(
      'schema/output',
      type.item.node,
      `${excerpt(type.node)} can only be of str`,
      'use Iterator[…] for others',
    );
  }
  return {
    type: 'array',
    items: outputSchema(project, type.item, within),
    'x-cog-array-type': 'iterator',
    ...(type.concatenate && { 'x-cog-array-display': 'concatenate' }),
  };
}

function objectSchema(
  project: Project,
  type: Extract<Type, { kind: 'class' }>,
  within: ReadonlySet<unknown>,
): JsonObject {
  const { node } = type.found.definition;
  if (modelKind(project, type.found) === undefined) throw notAModel(type.node);
  if (within.has(node)) return anyObject;
  const inner = new Set(within).add(node);
  const fields = fieldsOf(project, type.found);
  const required = fields.filter(field => field.required).map(field => field.name);
  const properties = fields.map(field => [
    field.name,
    {
      ...outputSchema(project, field.type, inner),
      ...(field.nullable && { nullable: true }),
      title: titleOf(field.name),
    },
  ]);
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
  };
}

function unionOutput(type: Type): Error {
  const { nullable } = withoutNone(type);
  const hint = nullable
    ? 'a prediction gives a value or fails: raise an error instead, or make the field of a BaseModel optional'
    : 'return a BaseModel with a field for each';
  return failure('schema/output', type.node, `an output cannot be ${excerpt(type.node)}`, hint);
}
