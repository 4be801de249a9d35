// Python's arithmetic on constants, as far as bounds and lists of choices use it: + - * / // % ** on numbers, + and *
// on text and lists. Integers are exact; division and floats are IEEE doubles, as in Python.
import { excerpt, failure } from './failure.ts';
import { kindName, type Value } from './literals.ts';
import { type PythonNode, partOf } from './tree.ts';

const maxBits = 4096;

/** `-x` and `+x`. Throws `schema/value`. */
export function negate(node: PythonNode, value: Value): Value {
  const operator = node.text[0];
  if (value.kind === 'int' && operator === '-') return { kind: 'int', value: -value.value };
  if (value.kind === 'float' && operator === '-') return { kind: 'float', value: -value.value };
  if ((value.kind === 'int' || value.kind === 'float') && operator === '+') return value;
  throw failure(
    'schema/value',
    node,
    `${excerpt(node)} is only known when the code runs`,
    'write the value out',
  );
}

/** `left operator right`. Throws `schema/value`. */
export function binary(node: PythonNode, left: Value, right: Value): Value {
  const operator = partOf(node, 'operator').text;
  const value = onSequences(operator, left, right) ?? onNumbers(operator, left, right);
  if (value !== undefined) return value;
  const found = `${kindName(left)} ${operator} ${kindName(right)}`;
  throw failure(
    'schema/value',
    node,
    `${excerpt(node)} (${found}) is not worked out here`,
    'write the value out',
  );
}

function onSequences(operator: string, left: Value, right: Value): Value | undefined {
  if (operator !== '+') return undefined;
  if (left.kind === 'string' && right.kind === 'string')
    return { kind: 'string', value: left.value + right.value };
  if (left.kind === 'list' && right.kind === 'list')
    return { kind: 'list', items: [...left.items, ...right.items] };
  return undefined;
}

function onNumbers(operator: string, left: Value, right: Value): Value | undefined {
  if (left.kind === 'int' && right.kind === 'int') {
    const value = onIntegers(operator, left.value, right.value);
    if (value !== undefined) return { kind: 'int', value };
  }
  const isNumber = (value: Value) => value.kind === 'int' || value.kind === 'float';
  if (!isNumber(left) || !isNumber(right)) return undefined;
  const value = onFloats(operator, Number(left.value), Number(right.value));
  return value === undefined || !Number.isFinite(value) ? undefined : { kind: 'float', value };
}

function onIntegers(operator: string, a: bigint, b: bigint): bigint | undefined {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '**':
      return b >= 0n && BigInt(a.toString(2).length) * b <= maxBits ? a ** b : undefined;
    case '//':
      return b === 0n ? undefined : floorDivide(a, b);
    case '%':
      return b === 0n ? undefined : a - floorDivide(a, b) * b;
    case '<<':
      return b >= 0n && b < maxBits ? a << b : undefined;
    default:
      return undefined;
  }
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

function onFloats(operator: string, a: number, b: number): number | undefined {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '**':
      return a ** b;
    default:
      return undefined;
  }
}
