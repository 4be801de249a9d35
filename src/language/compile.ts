// Turns a syntax tree into JavaScript text, once for each file. Variables become JavaScript variables, so V8 does the
// scoping and optimises the user's program as it does any other. What may fail calls src/language/runtime.ts with the
// number of its place in the program.
import type {
  Bind,
  Clause,
  Expression,
  ExpressionOf,
  FieldName,
  Member,
  Parameter,
  Range,
} from '../../grammar/index.ts';
import { didYouMean } from '../base/did-you-mean.ts';
import { CogpackError } from '../base/error.ts';
import { type Location, locate, type SourceFile, spanIn } from './location.ts';
import { extend, find, namesIn, type ObjectScope, type Scope, type Variable } from './scope.ts';
import { type Field, type Template, template } from './shape.ts';
import { JFunction, type Value } from './values.ts';

/** The standard library as the compiler sees it. */
export type StandardNames = {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** A function tells which of its arguments may stay thunks. */
  get(name: string): unknown;
};
export type CompileOptions = {
  readonly file: SourceFile;
  readonly std: StandardNames;
  /** Variables that are there besides `std`. */
  readonly globals?: readonly string[];
};

// One JavaScript function under construction: the variables that it declares.
type Body = { readonly declared: string[] };
type Context = {
  readonly scope: Scope | undefined;
  readonly object: ObjectScope | undefined;
  readonly body: Body;
};

/** A function body that takes the runtime's functions by `parameters` and gives the file's value; and what it names. */
export type Compiled = { readonly code: string; readonly templates: readonly Template[] };

export function compile(tree: Expression, options: CompileOptions): Compiled {
  const templates: Template[] = [];
  const usedStd = new Set<string>();
  const { file } = options;
  let counter = 0;
  const fresh = (name: string) => {
    counter += 1;
    return `${name}_${counter}`;
  };
  const at = (range: Range): Location => locate(file, range);
  const text = JSON.stringify;

  const fail = (code: string, range: Range, message: string, hint?: string): never => {
    throw new CogpackError(code, message, { span: spanIn(file, range.start, range.end), hint });
  };

  // An arrow function whose body gives `make`'s expression.
  const arrow = (
    parameters: string,
    context: Context,
    make: (inner: Context) => string,
    before = '',
  ): string => {
    const body: Body = { declared: [] };
    const code = make({ ...context, body });
    const declared = body.declared.length > 0 ? `let ${body.declared.join(', ')};` : '';
    return declared + before === ''
      ? `${parameters} => (${code})`
      : `${parameters} => { ${declared} ${before} return ${code}; }`;
  };

  const thunk = (tree: Expression, context: Context): string =>
    `new R_Thunk(${arrow('()', context, inner => strict(tree, inner))}, ${at(tree)})`;

  // What can stand for itself needs no thunk.
  const constant = (tree: Expression): boolean => ['null', 'boolean', 'number', 'string'].includes(tree.kind);

  const lazy = (tree: Expression, context: Context): string => {
    if (constant(tree) || tree.kind === 'function' || tree.kind === 'self' || tree.kind === 'dollar')
      return strict(tree, context);
    if (tree.kind === 'variable') {
      const variable = find(context.scope, tree.name);
      if (variable !== undefined) return variable.code;
    }
    const sum = counted(tree, context);
    if (sum !== undefined) return sum;
    return thunk(tree, context);
  };

  // `n - 1` of a number that is known already is computed at once: that cannot fail, and takes less than a thunk.
  const counted = (tree: Expression, context: Context): string | undefined => {
    if (tree.kind !== 'binary' || (tree.operator !== '+' && tree.operator !== '-')) return undefined;
    if (tree.left.kind !== 'variable' || tree.right.kind !== 'number' || tree.right.value > 1e15)
      return undefined;
    const variable = find(context.scope, tree.left.name);
    if (variable === undefined) return undefined;
    const { code } = variable;
    return `(typeof ${code} === 'number' ? ${code} ${tree.operator} ${tree.right.value} : ${thunk(tree, context)})`;
  };

  // The variables of one group may be used by each other before they are all assigned, so none stands for another.
  const bound = (tree: Expression, context: Context): string =>
    isEvaluated(tree) ? strict(tree, context) : thunk(tree, context);

  const isEvaluated = (tree: Expression): boolean =>
    constant(tree) || tree.kind === 'function' || tree.kind === 'self' || tree.kind === 'dollar';

  const strict = (tree: Expression, context: Context, tail = false): string => {
    switch (tree.kind) {
      case 'null':
        return 'null';
      case 'boolean':
        return String(tree.value);
      case 'number':
        return String(tree.value);
      case 'string':
        return text(tree.value);
      case 'self':
        return objectOf(tree, context, 'self').self;
      case 'dollar':
        return objectOf(tree, context, '$').dollar;
      case 'variable':
        return variable(tree, context);
      case 'array':
        return `new R_JArray([${tree.elements.map(element => lazy(element, context)).join(', ')}], ${at(tree)})`;
      case 'array-comprehension':
        return arrayComprehension(tree, context);
      case 'object':
        return object(tree.members, context);
      case 'object-comprehension':
        return objectComprehension(tree, context);
      case 'index':
        return `R_index(${strict(tree.target, context)}, ${strict(tree.index, context)}, ${at(tree)})`;
      case 'field-access':
        return fieldAccess(tree, context);
      case 'slice': {
        const part = (value: Expression | undefined) =>
          value === undefined ? 'null' : strict(value, context);
        return `R_slice(${strict(tree.target, context)}, ${part(tree.from)}, ${part(tree.to)}, ${part(tree.step)}, ${at(tree)})`;
      }
      case 'super-field': {
        const { self, layer } = objectOf(tree, context, 'super');
        return `R_superField(${self}, ${layer}, ${text(tree.name.name)}, ${at(tree)})`;
      }
      case 'super-index': {
        const { self, layer } = objectOf(tree, context, 'super');
        return `R_superField(${self}, ${layer}, R_fieldName(${strict(tree.index, context)}, ${at(tree.index)}), ${at(tree)})`;
      }
      case 'in-super': {
        const { self, layer } = objectOf(tree, context, 'super');
        return `R_inSuper(${self}, ${layer}, ${strict(tree.left, context)}, ${at(tree)})`;
      }
      case 'apply':
        return apply(tree, context, tail);
      case 'apply-object':
        return `R_add(${strict(tree.left, context)}, ${strict(tree.right, context)}, ${at(tree)})`;
      case 'local': {
        const { inner, assignments } = group(tree.binds, context);
        return `(${assignments.join(', ')}, ${strict(tree.body, inner, tail)})`;
      }
      case 'if': {
        const otherwise = tree.otherwise === undefined ? 'null' : strict(tree.otherwise, context, tail);
        return `(${condition(tree.condition, context)} ? ${strict(tree.then, context, tail)} : ${otherwise})`;
      }
      case 'binary':
        return binary(tree, context);
      case 'unary':
        return `R_${unaryNames[tree.operator]}(${strict(tree.operand, context)}, ${at(tree)})`;
      case 'function':
        return functionCode('anonymous', tree, context);
      case 'assert':
        return `(${assertion(tree, { ...tree, end: (tree.message ?? tree.condition).end }, context)}, ${strict(tree.body, context, tail)})`;
      case 'error':
        return `R_raise(${strict(tree.message, context)}, ${at(tree)})`;
      case 'import':
        return `R_${tree.how}File(${text(tree.path)}, ${at(tree)})`;
    }
  };

  const variable = (tree: ExpressionOf<'variable'>, { scope }: Context): string => {
    const found = find(scope, tree.name);
    if (found !== undefined) return found.evaluated ? found.code : forced(found.code);
    if (tree.name === 'std') return 'R_std()';
    const near = didYouMean(tree.name, [...namesIn(scope), 'std']);
    return fail(
      'jsonnet/unknown-variable',
      tree,
      `there is no variable ${tree.name} here`,
      near === undefined ? `define it with: local ${tree.name} = …;` : `did you mean ${near}?`,
    );
  };

  // Asked here, since most variables that may be thunks are values already.
  const forced = (code: string): string =>
    `(${code} instanceof R_Thunk ? (${code} = R_force(${code})) : ${code})`;

  const objectOf = (range: Range, { object }: Context, word: string): ObjectScope =>
    object ??
    fail(
      'jsonnet/outside-object',
      range,
      `${word} has a meaning only inside an object`,
      'put it into a field of an object',
    );

  // An expression that must give a boolean.
  const condition = (tree: Expression, context: Context): string =>
    isBoolean(tree) ? strict(tree, context) : `R_boolean(${strict(tree, context)}, ${at(tree)})`;

  const group = (binds: readonly Bind[], context: Context): { inner: Context; assignments: string[] } => {
    const variables = binds.map(({ name, value }): [string, Variable] => {
      const code = fresh(name);
      context.body.declared.push(code);
      return [name, { code, evaluated: isEvaluated(value) }];
    });
    const inner = { ...context, scope: extend(context.scope, variables) };
    const assignments = binds.map(
      ({ name, value }, index) =>
        `${variables[index]![1].code} = ${named(name, value, inner) ?? bound(value, inner)}`,
    );
    return { inner, assignments };
  };

  const named = (name: string, value: Expression, context: Context): string | undefined =>
    value.kind === 'function' ? functionCode(name, value, context) : undefined;

  const functionCode = (name: string, tree: ExpressionOf<'function'>, context: Context): string => {
    const { parameters, body } = tree;
    const variables = parameters.map((parameter): [string, Variable] => [
      parameter.name,
      { code: fresh(parameter.name), evaluated: false },
    ]);
    const inner = { ...context, scope: extend(context.scope, variables) };
    const defaults = (within: Context) =>
      parameters
        .map(({ value }, index) => {
          const { code } = variables[index]![1];
          return value === undefined ? '' : `if (${code} === undefined) ${code} = ${bound(value, within)};`;
        })
        .join(' ');
    const info = parameters.map(
      (parameter: Parameter) =>
        `{ name: ${text(parameter.name)}, optional: ${parameter.value !== undefined} }`,
    );
    const run = arrow(
      `(${variables.map(([, { code }]) => code).join(', ')})`,
      inner,
      within => strict(body, within, true),
      defaults(inner),
    );
    return `new R_JFunction(${text(name)}, [${info.join(', ')}], ${run}, ${at(tree)})`;
  };

  const fieldAccess = (tree: ExpressionOf<'field-access'>, context: Context): string => {
    const std = stdMember(tree, context);
    if (std !== undefined) return std;
    return `R_field(${strict(tree.target, context)}, ${text(tree.name.name)}, ${at(tree)})`;
  };

  // std.name where std is the library itself.
  const stdMember = (
    { target, name }: ExpressionOf<'field-access'>,
    { scope }: Context,
  ): string | undefined => {
    if (target.kind !== 'variable' || target.name !== 'std' || find(scope, 'std') !== undefined)
      return undefined;
    if (options.std.has(name.name)) {
      usedStd.add(name.name);
      return `S_${name.name}`;
    }
    if (name.name === 'thisFile') return text(file.name);
    const near = didYouMean(name.name, options.std.names);
    return fail(
      'jsonnet/unknown-field',
      name,
      `std has no ${name.name}`,
      near === undefined ? sharedWord(name.name, options.std.names) : `did you mean std.${near}?`,
    );
  };

  const apply = (tree: ExpressionOf<'apply'>, context: Context, tail: boolean): string => {
    const { target, positional, named: byName, tailstrict } = tree;
    const std = target.kind === 'field-access' ? stdMember(target, context) : undefined;
    const callee = std ?? strict(target, context);
    const name = std === undefined ? '' : (target as ExpressionOf<'field-access'>).name.name;
    const known = options.std.has(name) ? options.std.get(name) : undefined;
    const parameters = known instanceof JFunction ? known.parameters : [];
    const isEager = (index: number) => tailstrict || parameters[index]?.lazy === false;
    const argument = (value: Expression, index: number) =>
      isEager(index) ? strict(value, context) : lazy(value, context);
    const list = positional.map(argument);
    const place = at(tree);
    if (byName.length > 0) {
      const names = byName.map(({ name }) => text(name));
      const values = byName.map(({ value }) => (tailstrict ? strict(value, context) : lazy(value, context)));
      return `R_callNamed(${callee}, [${list.join(', ')}], [${names.join(', ')}], [${values.join(', ')}], ${place})`;
    }
    if (tail && tailstrict) return `R_tailCall(${callee}, [${list.join(', ')}], ${place})`;
    if (list.length > 3) return `R_call(${callee}, [${list.join(', ')}], ${place})`;
    return `R_call${list.length}(${[callee, ...list, place].join(', ')})`;
  };

  const binary = (tree: ExpressionOf<'binary'>, context: Context): string => {
    switch (tree.operator) {
      case '&&':
        return `(${condition(tree.left, context)} && ${condition(tree.right, context)})`;
      case '||':
        return `(${condition(tree.left, context)} || ${condition(tree.right, context)})`;
      case '==':
      case '!=':
        // What is no array, object or function equals what it is identical to.
        if (!constant(tree.left) && !constant(tree.right)) break;
        return `(${strict(tree.left, context)} ${tree.operator}= ${strict(tree.right, context)})`;
    }
    const general = `R_${binaryNames[tree.operator]}(${strict(tree.left, context)}, ${strict(tree.right, context)}, ${at(tree)})`;
    return bounded(tree, context, general) ?? general;
  };

  // `n <= 1`, most often of a number.
  const bounded = (
    { operator, left, right }: ExpressionOf<'binary'>,
    context: Context,
    general: string,
  ): string | undefined => {
    if (!/^[<>]=?$/.test(operator) || left.kind !== 'variable' || right.kind !== 'number') return undefined;
    const variable = find(context.scope, left.name);
    if (variable === undefined) return undefined;
    const value = strict(left, context);
    return `(typeof ${value} === 'number' ? ${variable.code} ${operator} ${right.value} : ${general})`;
  };

  const assertion = (
    { condition: test, message }: { condition: Expression; message?: Expression },
    place: Range,
    context: Context,
  ): string => {
    const told = message === undefined ? 'undefined' : arrow('()', context, inner => strict(message, inner));
    return `R_assert(${strict(test, context)}, ${told}, ${at(test)}, ${at(place)})`;
  };

  const arrayComprehension = (tree: ExpressionOf<'array-comprehension'>, context: Context): string => {
    const { body, clauses } = tree;
    const out = fresh('out');
    const loops = loop(clauses, tree, context, inner => `${out}.push(${lazy(body, inner)})`);
    return `(${out} => { ${loops} return new R_JArray(${out}); })([])`;
  };

  // Statements that run `make`'s expression once for each round of the clauses.
  const loop = (
    clauses: readonly Clause[],
    place: Range,
    context: Context,
    make: (inner: Context) => string,
  ): string => {
    const [clause, ...rest] = clauses;
    if (clause === undefined) return `${make(context)};`;
    const own: Body = { declared: [] };
    const declared = () => (own.declared.length > 0 ? `let ${own.declared.join(', ')};` : '');
    if (clause.kind === 'if') {
      const inside = loop(rest, place, { ...context, body: own }, make);
      const outer: Body = { declared: [] };
      const test = condition(clause.condition, { ...context, body: outer });
      const before = outer.declared.length > 0 ? `let ${outer.declared.join(', ')};` : '';
      return `{ ${before} if (${test}) { ${declared()} ${inside} } }`;
    }
    const outer: Body = { declared: [] };
    const source = strict(clause.source, { ...context, body: outer });
    const before = outer.declared.length > 0 ? `let ${outer.declared.join(', ')};` : '';
    const code = fresh(clause.name);
    const scope = extend(context.scope, [[clause.name, { code, evaluated: false }]]);
    const inside = loop(rest, place, { ...context, scope, body: own }, make);
    return `{ ${before} for (let ${code} of R_items(${source}, ${at(place)})) { ${declared()} ${inside} } }`;
  };

  const objectScope = (context: Context): ObjectScope => {
    const self = fresh('self');
    return { self, layer: fresh('layer'), dollar: context.object?.dollar ?? self };
  };

  const object = (members: readonly Member[], context: Context): string => {
    const scope = objectScope(context);
    const frame = fresh('frame');
    const binds = members.flatMap(member => (member.kind === 'local' ? [member.bind] : []));
    const variables = binds.map(({ name, value }, index): [string, Variable] => [
      name,
      { code: `${frame}.${name}_${index}`, evaluated: isEvaluated(value) },
    ]);
    const inner = {
      ...context,
      object: scope,
      scope: variables.length > 0 ? extend(context.scope, variables) : context.scope,
    };
    const fields = members.filter(member => member.kind === 'field');
    const asserts = members.filter(member => member.kind === 'assert');
    const cases = [
      ...fields.map(member => caseOf(inner, within => fieldCode(member, within))),
      ...asserts.map(member =>
        caseOf(inner, within => assertion(member, member.message ?? member.condition, within)),
      ),
    ];
    const code = literalCode(cases, `${scope.self}, ${scope.layer}, ${frame}`);
    templates.push(
      template(
        fields.map((member, at) => fieldOf(member, at)),
        asserts.length,
        fields.length,
        true,
      ),
    );
    const made = `T[${templates.length - 1}]`;
    const bind =
      binds.length === 0
        ? 'undefined'
        : arrow(
            `(${scope.self}, ${scope.layer})`,
            inner,
            within => {
              const assign = binds.map(
                ({ name, value }, index) =>
                  `${variables[index]![1].code} = ${named(name, value, within) ?? bound(value, within)}`,
              );
              return `(${assign.join(', ')}, ${frame})`;
            },
            `const ${frame} = { ${variables.map(([, { code }]) => `${code.slice(frame.length + 1)}: undefined`).join(', ')} };`,
          );
    if (fields.every(member => member.name.kind === 'fixed')) return `R_object(${made}, ${code}, ${bind})`;
    const names = fields.map(({ name }) => nameCode(name, context));
    return `R_namedObject(${made}, [${names.join(', ')}], ${code}, ${bind})`;
  };

  type FieldMember = Member & { readonly kind: 'field' };

  const caseOf = (context: Context, make: (within: Context) => string): string => {
    const body: Body = { declared: [] };
    const code = make({ ...context, body });
    return body.declared.length === 0
      ? `return ${code};`
      : `{ let ${body.declared.join(', ')}; return ${code}; }`;
  };

  // One function for all of a literal's fields, so that evaluating the literal makes one closure.
  const literalCode = (cases: readonly string[], parameters: string): string => {
    const [only] = cases;
    if (only === undefined) return 'R_noCode';
    const at = fresh('at');
    if (cases.length === 1) return `(${at}, ${parameters}) => { ${only} }`;
    return `(${at}, ${parameters}) => { switch (${at}) { ${cases.map((code, index) => `case ${index}: ${code}`).join(' ')} } }`;
  };

  // The name is outside the object, the value inside.
  const nameCode = (name: FieldName, outer: Context): string =>
    name.kind === 'fixed'
      ? text(name.name)
      : `R_computedName(${strict(name.expression, outer)}, ${at(name.expression)})`;

  const fieldCode = ({ name, value }: FieldMember, within: Context): string =>
    named(name.kind === 'fixed' ? name.name : 'anonymous', value, within) ?? strict(value, within);

  const fieldOf = ({ name, visibility, plus, value }: FieldMember, position: number): Field => ({
    name: name.kind === 'fixed' ? name.name : '',
    visibility,
    plus,
    location: at(name),
    place: at(value),
    at: position,
    constant: constantValue(value),
  });

  const objectComprehension = (tree: ExpressionOf<'object-comprehension'>, context: Context): string => {
    const {
      locals,
      field: { name, plus, value },
      clauses,
    } = tree;
    const out = fresh('out');
    const scope = objectScope(context);
    const loops = loop(clauses, tree, context, inner => {
      const parameters = `(${scope.self}, ${scope.layer})`;
      const expression = (name as { expression: Expression }).expression;
      const run = arrow(parameters, { ...inner, object: scope }, within => {
        const { inner: withLocals, assignments } = group(locals, within);
        return `(${[...assignments, strict(value, withLocals)].join(', ')})`;
      });
      return `R_pushRound(${out}, R_computedName(${strict(expression, inner)}, ${at(expression)}), ${plus}, ${at(name)}, ${at(value)}, ${run})`;
    });
    return `(${out} => { ${loops} return R_comprehension(${out}); })([])`;
  };

  const globals = (options.globals ?? []).map((name): [string, Variable] => [
    name,
    { code: `R_globals.${name}`, evaluated: false },
  ]);
  const code = arrow(
    '()',
    { scope: extend(undefined, globals), object: undefined, body: { declared: [] } },
    inner => strict(tree, inner),
  );
  const used = [...usedStd].map(name => `S_${name} = R_stdMember(${text(name)})`);
  const library = used.length > 0 ? `const ${used.join(', ')};` : '';
  return { code: `${library} return (${code})();`, templates };
}

const comparisons = new Set(['<', '<=', '>', '>=', '==', '!=', 'in', '&&', '||']);

const isBoolean = (tree: Expression): boolean =>
  tree.kind === 'boolean' ||
  tree.kind === 'in-super' ||
  (tree.kind === 'binary' && comparisons.has(tree.operator)) ||
  (tree.kind === 'unary' && tree.operator === '!');

// The value of an expression that is one without being evaluated.
function constantValue(tree: Expression): Value | undefined {
  switch (tree.kind) {
    case 'null':
      return null;
    case 'boolean':
    case 'number':
    case 'string':
      return tree.value;
    default:
      return undefined;
  }
}

// toUpper → asciiUpper: functions that have a word of the name.
function sharedWord(name: string, known: Iterable<string>): string | undefined {
  const words = (text: string) => text.split(/(?=[A-Z])/).map(word => word.toLowerCase());
  const wanted = words(name).filter(word => word.length > 3);
  const found = [...known].filter(candidate => words(candidate).some(word => wanted.includes(word)));
  if (found.length === 0) return undefined;
  return `std has ${found
    .slice(0, 4)
    .map(candidate => `std.${candidate}`)
    .join(', ')}`;
}

const unaryNames = { '-': 'negate', '+': 'positive', '!': 'not', '~': 'complement' } as const;
const binaryNames = {
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulo',
  '+': 'add',
  '-': 'subtract',
  '<<': 'shiftLeft',
  '>>': 'shiftRight',
  '<': 'less',
  '<=': 'lessOrEqual',
  '>': 'greater',
  '>=': 'greaterOrEqual',
  '==': 'equal',
  '!=': 'notEqual',
  in: 'isIn',
  '&': 'bitAnd',
  '^': 'bitXor',
  '|': 'bitOr',
} as const;
