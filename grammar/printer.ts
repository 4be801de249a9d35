// Tree → text, on one line, with the fewest parentheses that keep the tree: parsing the text gives the tree again.
import type { Bind, Clause, Expression, FieldName, Member, Parameter } from './ast.ts';
import { precedenceOf } from './parser.ts';

const strongest = 12;
const unaryStrength = 11;

/** The text of a tree. */
export function print(tree: Expression): string {
  switch (tree.kind) {
    case 'null':
    case 'self':
      return tree.kind;
    case 'dollar':
      return '$';
    case 'boolean':
      return String(tree.value);
    case 'number':
      return tree.text;
    case 'string':
      return JSON.stringify(tree.value);
    case 'variable':
      return tree.name;
    case 'array':
      return `[${tree.elements.map(print).join(', ')}]`;
    case 'array-comprehension':
      return `[${print(tree.body)} ${clauses(tree.clauses)}]`;
    case 'object':
      return `{ ${tree.members.map(member).join(', ')} }`;
    case 'object-comprehension':
      return `{ ${[...tree.locals.map(bind => `local ${printBind(bind)}`), member(tree.field)].join(', ')} ${clauses(tree.clauses)} }`;
    case 'index':
      return `${at(tree.target, strongest)}[${print(tree.index)}]`;
    case 'field-access':
      return `${at(tree.target, strongest)}.${tree.name.name}`;
    case 'slice':
      return `${at(tree.target, strongest)}[${[tree.from, tree.to, tree.step].map(part => (part ? print(part) : '')).join(' : ')}]`;
    case 'super-index':
      return `super[${print(tree.index)}]`;
    case 'super-field':
      return `super.${tree.name.name}`;
    case 'in-super':
      return `${at(tree.left, precedenceOf('in'))} in super`;
    case 'apply': {
      const list = [
        ...tree.positional.map(print),
        ...tree.named.map(({ name, value }) => `${name}=${print(value)}`),
      ];
      return `${at(tree.target, strongest)}(${list.join(', ')})${tree.tailstrict ? ' tailstrict' : ''}`;
    }
    case 'apply-object':
      return `${at(tree.left, strongest)} ${print(tree.right)}`;
    case 'local':
      return `local ${tree.binds.map(printBind).join(', ')}; ${print(tree.body)}`;
    case 'if': {
      const otherwise = tree.otherwise === undefined ? '' : ` else ${print(tree.otherwise)}`;
      const then = otherwise !== '' && endsWithOpenIf(tree.then) ? `(${print(tree.then)})` : print(tree.then);
      return `if ${print(tree.condition)} then ${then}${otherwise}`;
    }
    case 'binary': {
      const strength = precedenceOf(tree.operator);
      return `${at(tree.left, strength)} ${tree.operator} ${at(tree.right, strength + 1)}`;
    }
    case 'unary':
      return `${tree.operator}${at(tree.operand, unaryStrength)}`;
    case 'function':
      return `function(${tree.parameters.map(parameter).join(', ')}) ${print(tree.body)}`;
    case 'assert':
      return `assert ${print(tree.condition)}${tree.message ? ` : ${print(tree.message)}` : ''}; ${print(tree.body)}`;
    case 'error':
      return `error ${print(tree.message)}`;
    case 'import':
      return `${tree.how} ${JSON.stringify(tree.path)}`;
  }
}

/** The text of an operand where an operator of `strength` takes it. */
function at(tree: Expression, strength: number): string {
  const text = print(tree);
  return strengthOf(tree) >= strength ? text : `(${text})`;
}

// What reaches as far to the right as it can (local, if, function, …) is as weak as can be.
function strengthOf(tree: Expression): number {
  switch (tree.kind) {
    case 'binary':
      return precedenceOf(tree.operator);
    case 'in-super':
      return precedenceOf('in');
    case 'unary':
      return unaryStrength;
    case 'local':
    case 'if':
    case 'function':
    case 'assert':
    case 'error':
    case 'import':
      return 0;
    default:
      return strongest;
  }
}

// An `if` without `else` at the end of the text would take the `else` that follows it.
function endsWithOpenIf(tree: Expression): boolean {
  switch (tree.kind) {
    case 'if':
      return tree.otherwise === undefined || endsWithOpenIf(tree.otherwise);
    case 'local':
    case 'function':
    case 'assert':
      return endsWithOpenIf(tree.body);
    case 'error':
      return endsWithOpenIf(tree.message);
    default:
      return false;
  }
}

function clauses(list: readonly Clause[]): string {
  return list
    .map(clause =>
      clause.kind === 'for'
        ? `for ${clause.name} in ${print(clause.source)}`
        : `if ${print(clause.condition)}`,
    )
    .join(' ');
}

function member(item: Member): string {
  switch (item.kind) {
    case 'local':
      return `local ${printBind(item.bind)}`;
    case 'assert':
      return `assert ${print(item.condition)}${item.message ? ` : ${print(item.message)}` : ''}`;
    case 'field':
      return `${fieldName(item.name)}${item.plus ? '+' : ''}${item.visibility} ${print(item.value)}`;
  }
}

function fieldName(name: FieldName): string {
  if (name.kind === 'computed') return `[${print(name.expression)}]`;
  return name.quoted ? JSON.stringify(name.name) : name.name;
}

const printBind = ({ name, value }: Bind): string => `${name} = ${print(value)}`;
const parameter = ({ name, value }: Parameter): string =>
  value === undefined ? name : `${name}=${print(value)}`;
