// Arbitrary syntax trees, with every kind of node; offsets are all 0, since printing and parsing makes new ones.
import fc from 'fast-check';
import type { Bind, Clause, Expression, FieldName, Member, Parameter } from '../../grammar/index.ts';

const at = { start: 0, end: 0 };
const keywords = new Set(
  'assert else error false for function if import importstr importbin in local null self super tailstrict then true'.split(
    ' ',
  ),
);
const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,4}$/).filter(word => !keywords.has(word));
const identifier = name.map(text => ({ name: text, ...at }));
const text = fc.string({ unit: 'grapheme', maxLength: 8 }).map(value => value.toWellFormed());

const binaryOperators = [
  ...['*', '/', '%', '+', '-', '<<', '>>', '<', '<=', '>', '>=', '==', '!=', 'in'],
  ...['&', '^', '|', '&&', '||'],
] as const;

const number = fc
  .oneof(fc.nat(), fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }))
  .map((value): Expression => ({ kind: 'number', value, text: String(value), ...at }));

const leaf: fc.Arbitrary<Expression> = fc.oneof(
  fc.constantFrom<Expression>(
    { kind: 'null', ...at },
    { kind: 'self', ...at },
    { kind: 'dollar', ...at },
    { kind: 'boolean', value: true, ...at },
    { kind: 'boolean', value: false, ...at },
  ),
  number,
  text.map((value): Expression => ({ kind: 'string', value, ...at })),
  name.map((word): Expression => ({ kind: 'variable', name: word, ...at })),
  identifier.map((id): Expression => ({ kind: 'super-field', name: id, ...at })),
  fc
    .tuple(fc.constantFrom('import', 'importstr', 'importbin'), text)
    .map(([how, path]): Expression => ({ kind: 'import', how, path, pathRange: at, ...at })),
);

const uniqueBy = <T extends { readonly name: string }>(item: fc.Arbitrary<T>, minLength: number) =>
  fc.uniqueArray(item, { minLength, maxLength: 3, selector: ({ name: word }) => word });

/** Every kind of expression. */
export const expression: fc.Arbitrary<Expression> = fc.letrec<{ any: Expression }>(tie => {
  const any = tie('any');
  const optional = fc.option(any, { nil: undefined });
  const bind: fc.Arbitrary<Bind> = fc.tuple(name, any).map(([word, value]) => ({ name: word, value, ...at }));
  const parameter: fc.Arbitrary<Parameter> = fc
    .tuple(name, optional)
    .map(([word, value]) => ({ name: word, ...at, ...(value && { value }) }));
  const assertion = fc
    .tuple(any, optional)
    .map(([condition, message]) => ({ condition, ...(message && { message }) }));
  const clauses: fc.Arbitrary<Clause[]> = fc
    .tuple(
      fc.tuple(name, any).map(([word, source]): Clause => ({ kind: 'for', name: word, source, ...at })),
      fc.array(
        fc.oneof(
          fc.tuple(name, any).map(([word, source]): Clause => ({ kind: 'for', name: word, source, ...at })),
          any.map((condition): Clause => ({ kind: 'if', condition, ...at })),
        ),
        { maxLength: 2 },
      ),
    )
    .map(([first, rest]) => [first, ...rest]);
  const computed = any.map((inner): FieldName => ({ kind: 'computed', expression: inner, ...at }));
  const fieldName: fc.Arbitrary<FieldName> = fc.oneof(
    name.map((word): FieldName => ({ kind: 'fixed', name: word, quoted: false, ...at })),
    text.map((word): FieldName => ({ kind: 'fixed', name: word, quoted: true, ...at })),
    computed,
  );
  const member: fc.Arbitrary<Member> = fc.oneof(
    { weight: 4, arbitrary: field(fieldName, fc.boolean(), fc.constantFrom(':', '::', ':::'), any) },
    { weight: 1, arbitrary: bind.map((inner): Member => ({ kind: 'local', bind: inner, ...at })) },
    { weight: 1, arbitrary: assertion.map((inner): Member => ({ kind: 'assert', ...inner, ...at })) },
  );
  const expressions = fc.array(any, { maxLength: 3 });
  const compound: fc.Arbitrary<Expression> = fc.oneof(
    expressions.map((elements): Expression => ({ kind: 'array', elements, ...at })),
    fc
      .tuple(any, clauses)
      .map(([body, list]): Expression => ({ kind: 'array-comprehension', body, clauses: list, ...at })),
    fc
      .uniqueArray(member, { maxLength: 4, selector: memberKey })
      .map((members): Expression => ({ kind: 'object', members, ...at })),
    fc.tuple(uniqueBy(bind, 0), field(computed, fc.boolean(), fc.constant(':'), any), clauses).map(
      ([locals, inner, list]): Expression => ({
        kind: 'object-comprehension',
        locals,
        field: inner,
        clauses: list,
        ...at,
      }),
    ),
    fc.tuple(any, any).map(([target, index]): Expression => ({ kind: 'index', target, index, ...at })),
    fc
      .tuple(any, identifier)
      .map(([target, id]): Expression => ({ kind: 'field-access', target, name: id, ...at })),
    fc.tuple(any, optional, optional, optional).map(
      ([target, from, to, step]): Expression => ({
        kind: 'slice',
        target,
        ...(from && { from }),
        ...(to && { to }),
        ...(step && { step }),
        ...at,
      }),
    ),
    any.map((index): Expression => ({ kind: 'super-index', index, ...at })),
    any.map((left): Expression => ({ kind: 'in-super', left, ...at })),
    fc.tuple(any, expressions, uniqueBy(bind, 0), fc.boolean()).map(
      ([target, positional, named, tailstrict]): Expression => ({
        kind: 'apply',
        target,
        positional,
        named,
        tailstrict,
        ...at,
      }),
    ),
    fc.tuple(any, fc.uniqueArray(member, { maxLength: 2, selector: memberKey })).map(
      ([left, members]): Expression => ({
        kind: 'apply-object',
        left,
        right: { kind: 'object', members, ...at },
        ...at,
      }),
    ),
    fc
      .tuple(uniqueBy(bind, 1), any)
      .map(([binds, body]): Expression => ({ kind: 'local', binds, body, ...at })),
    fc.tuple(any, any, optional).map(
      ([condition, then, otherwise]): Expression => ({
        kind: 'if',
        condition,
        then,
        ...(otherwise && { otherwise }),
        ...at,
      }),
    ),
    fc
      .tuple(fc.constantFrom(...binaryOperators), any, any)
      .map(([operator, left, right]): Expression => ({ kind: 'binary', operator, left, right, ...at })),
    fc
      .tuple(fc.constantFrom('-', '+', '!', '~'), any)
      .map(([operator, operand]): Expression => ({ kind: 'unary', operator, operand, ...at })),
    fc
      .tuple(uniqueBy(parameter, 0), any)
      .map(([parameters, body]): Expression => ({ kind: 'function', parameters, body, ...at })),
    fc.tuple(assertion, any).map(([inner, body]): Expression => ({ kind: 'assert', ...inner, body, ...at })),
    any.map((message): Expression => ({ kind: 'error', message, ...at })),
  );
  return { any: fc.oneof({ maxDepth: 5, withCrossShrink: true }, leaf, compound) };
}).any;

function field(
  fieldName: fc.Arbitrary<FieldName>,
  plus: fc.Arbitrary<boolean>,
  visibility: fc.Arbitrary<':' | '::' | ':::'>,
  value: fc.Arbitrary<Expression>,
): fc.Arbitrary<Member & { kind: 'field' }> {
  return fc.tuple(fieldName, plus, visibility, value).map(([word, adds, seen, inner]) => ({
    kind: 'field',
    name: word,
    plus: adds,
    visibility: seen,
    value: inner,
    ...at,
  }));
}

let computedCount = 0;

// No two locals and no two fields of one name.
function memberKey(member: Member): string {
  if (member.kind === 'local') return `local ${member.bind.name}`;
  if (member.kind === 'field' && member.name.kind === 'fixed') return `field ${member.name.name}`;
  computedCount += 1;
  return String(computedCount);
}
