// The syntax tree of Jsonnet (the specification's abstract syntax, with sugar kept). Every node has the offsets of its
// text: `start` inclusive, `end` exclusive, in UTF-16 code units.

export type Range = { readonly start: number; readonly end: number };

type Node<Kind extends string, Fields> = Range & { readonly kind: Kind } & Readonly<Fields>;

export type BinaryOperator =
  | '*'
  | '/'
  | '%'
  | '+'
  | '-'
  | '<<'
  | '>>'
  | '<'
  | '<='
  | '>'
  | '>='
  | '=='
  | '!='
  | 'in'
  | '&'
  | '^'
  | '|'
  | '&&'
  | '||';
export type UnaryOperator = '-' | '+' | '!' | '~';

export type Visibility = ':' | '::' | ':::';

export type Identifier = Range & { readonly name: string };

export type Parameter = Range & { readonly name: string; readonly value?: Expression };
export type Bind = Range & { readonly name: string; readonly value: Expression };
export type NamedArgument = Range & { readonly name: string; readonly value: Expression };

/** The parts of a comprehension after its body: the first is a `for`. */
export type Clause =
  | Node<'for', { name: string; source: Expression }>
  | Node<'if', { condition: Expression }>;

export type FieldName =
  | Node<'fixed', { name: string; quoted: boolean }>
  | Node<'computed', { expression: Expression }>;

export type Member =
  | Node<'field', { name: FieldName; plus: boolean; visibility: Visibility; value: Expression }>
  | Node<'local', { bind: Bind }>
  | Node<'assert', { condition: Expression; message?: Expression }>;

export type Expression =
  | Node<'null', unknown>
  | Node<'boolean', { value: boolean }>
  | Node<'number', { value: number; text: string }>
  | Node<'string', { value: string }>
  | Node<'self', unknown>
  | Node<'dollar', unknown>
  | Node<'variable', { name: string }>
  | Node<'array', { elements: readonly Expression[] }>
  | Node<'array-comprehension', { body: Expression; clauses: readonly Clause[] }>
  | Node<'object', { members: readonly Member[] }>
  | Node<
      'object-comprehension',
      { locals: readonly Bind[]; field: Member & { readonly kind: 'field' }; clauses: readonly Clause[] }
    >
  | Node<'index', { target: Expression; index: Expression }>
  | Node<'field-access', { target: Expression; name: Identifier }>
  | Node<'slice', { target: Expression; from?: Expression; to?: Expression; step?: Expression }>
  | Node<'super-index', { index: Expression }>
  | Node<'super-field', { name: Identifier }>
  | Node<'in-super', { left: Expression }>
  | Node<
      'apply',
      {
        target: Expression;
        positional: readonly Expression[];
        named: readonly NamedArgument[];
        tailstrict: boolean;
      }
    >
  | Node<'apply-object', { left: Expression; right: Expression }>
  | Node<'local', { binds: readonly Bind[]; body: Expression }>
  | Node<'if', { condition: Expression; then: Expression; otherwise?: Expression }>
  | Node<'binary', { operator: BinaryOperator; left: Expression; right: Expression }>
  | Node<'unary', { operator: UnaryOperator; operand: Expression }>
  | Node<'function', { parameters: readonly Parameter[]; body: Expression }>
  | Node<'assert', { condition: Expression; message?: Expression; body: Expression }>
  | Node<'error', { message: Expression }>
  | Node<'import', { how: 'import' | 'importstr' | 'importbin'; path: string; pathRange: Range }>;

export type ExpressionOf<Kind extends Expression['kind']> = Extract<Expression, { readonly kind: Kind }>;

/** Something wrong with a text; `expected` and `hint` may say what to write in its place. */
export type ParseProblem = Range & { readonly message: string; readonly hint?: string };
