// Classes that describe an object: cog.BaseModel, pydantic.BaseModel, TypedDict and dataclasses, with what they inherit.
// Their fields become the properties of an output; a TypedDict is also an input, there as any object.
import { excerpt, failure } from './failure.ts';
import { basesOf, type Project, resolveFully } from './project.ts';
import { childOf, type PythonNode, partOf } from './tree.ts';
import { type Defined, type Type, withoutNone } from './type.ts';
import { typeOf } from './types.ts';
import { keywordOf } from './values.ts';

export type ModelKind = 'cog' | 'pydantic' | 'typed-dict' | 'dataclass';

export type Field = {
  readonly name: string;
  readonly type: Type;
  readonly nullable: boolean;
  readonly required: boolean;
};

/** Which kind of description a class is; undefined if it is none. */
export function modelKind(project: Project, found: Defined): ModelKind | undefined {
  if (found.definition.kind !== 'class') return undefined;
  for (const base of basesOf(project, found)) {
    const kind =
      base.kind === 'defined' ? modelKind(project, base) : base.kind === 'external' && baseKinds[base.path];
    if (kind) return kind;
  }
  const isDataclass = found.definition.decorators.some(decorator => {
    const expression = decorator.children[0]!;
    const callee = expression.type === 'call' ? partOf(expression, 'function') : expression;
    const decorated = resolveFully(project, found.module, callee);
    return decorated?.kind === 'external' && dataclassDecorators.has(decorated.path);
  });
  return isDataclass ? 'dataclass' : undefined;
}

const baseKinds: Readonly<Record<string, ModelKind | undefined>> = {
  'cog.BaseModel': 'cog',
  'pydantic.BaseModel': 'pydantic',
  'typing.TypedDict': 'typed-dict',
};

const dataclassDecorators = new Set(['dataclasses.dataclass', 'pydantic.dataclass']);

/** The fields of a description, inherited ones first. Throws what `typeOf` throws. */
export function fieldsOf(project: Project, found: Defined): Field[] {
  const kind = modelKind(project, found);
  const fields = new Map<string, Field>();
  const bases = basesOf(project, found).filter(base => base.kind === 'defined');
  // Annotations of a TypedDict's bases come in the order written; dataclasses and pydantic go through the bases backwards.
  for (const base of kind === 'typed-dict' ? bases : bases.toReversed()) {
    if (modelKind(project, base) === undefined) continue;
    for (const field of fieldsOf(project, base)) fields.set(field.name, field);
  }
  for (const field of ownFields(project, found, kind)) fields.set(field.name, field);
  return [...fields.values()];
}

function ownFields(project: Project, found: Defined, kind: ModelKind | undefined): Field[] {
  const { node } = found.definition;
  const superclasses = childOf(node, 'superclasses');
  const total = superclasses === undefined ? undefined : keywordOf(superclasses, 'total');
  return partOf(node, 'body').children.flatMap(statement => {
    const assignment = statement.type === 'expression_statement' ? statement.children[0] : undefined;
    const annotation = assignment?.type === 'assignment' ? childOf(assignment, 'type') : undefined;
    if (assignment === undefined || annotation === undefined) return [];
    const name = partOf(assignment, 'left').text;
    if (isClassVariable(project, found, annotation) || (kind === 'pydantic' && name.startsWith('_')))
      return [];
    const { type, nullable } = withoutNone(typeOf(project, found.module, annotation));
    if (type.kind === 'none') {
      throw failure(
        'schema/type',
        annotation,
        `the field ${name} is always None`,
        'leave it out, or say what it can be',
      );
    }
    const byKey =
      kind === 'typed-dict'
        ? (keyRequired(project, found, annotation) ?? total?.text !== 'False')
        : undefined;
    const required = (byKey ?? !nullable) && !hasLiteral(childOf(assignment, 'right'));
    return [{ name, type, nullable, required }];
  });
}

/** As in cog, a field is optional in an output if its default is a literal; Field(…) and names leave it required. */
function hasLiteral(value: PythonNode | undefined): boolean {
  const literals =
    /^(none|true|false|integer|float|string|concatenated_string|list|tuple|dictionary|set|unary_operator)$/;
  return value !== undefined && literals.test(value.type);
}

function headPath(project: Project, found: Defined, annotation: PythonNode): string | undefined {
  const node = annotation.type === 'type' ? annotation.children[0]! : annotation;
  const head = childOf(node, 'value') ?? (node.type === 'generic_type' ? node.children[0]! : node);
  const resolved = resolveFully(project, found.module, head);
  return resolved?.kind === 'external' ? resolved.path : undefined;
}

function isClassVariable(project: Project, found: Defined, annotation: PythonNode): boolean {
  return headPath(project, found, annotation) === 'typing.ClassVar';
}

function keyRequired(project: Project, found: Defined, annotation: PythonNode): boolean | undefined {
  const path = headPath(project, found, annotation);
  if (path === 'typing.Required') return true;
  return path === 'typing.NotRequired' ? false : undefined;
}

/** The error for a class that describes nothing a schema can hold. */
export function notAModel(node: PythonNode): Error {
  return failure(
    'schema/type',
    node,
    `${excerpt(node)} is a class, but no BaseModel, TypedDict, dataclass or enum`,
    `let it inherit from cog.BaseModel; or, if its value is JSON, write Annotated[${excerpt(node)}, cog.Opaque]`,
  );
}
