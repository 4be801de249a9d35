// std: numbers.
import { power } from '../numbers.ts';
import { equal, force, modulo } from '../operators.ts';
import { characterOf } from '../strings.ts';
import type { Lazy, Value } from '../values.ts';
import { bool, finite, type Group, number } from './define.ts';

const unary = (name: string, compute: (value: number) => number): Group => ({
  [name]: [
    name === 'abs' || name === 'sign' ? 'n' : 'x',
    (x: Value) => finite(name, compute(number(name, x))),
  ],
});

function exponent(value: number): number {
  if (value === 0) return 0;
  let guess = Math.floor(Math.log2(Math.abs(value))) + 1;
  while (Math.abs(value) / 2 ** guess >= 1) guess += 1;
  while (Math.abs(value) / 2 ** guess < 0.5) guess -= 1;
  return guess;
}

// Halves away from zero; keeps the sign of zero.
function round(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

export const math: Group = {
  ...unary('abs', Math.abs),
  ...unary('sign', Math.sign),
  ...unary('exp', Math.exp),
  ...unary('log', Math.log),
  ...unary('log2', Math.log2),
  ...unary('log10', Math.log10),
  ...unary('floor', Math.floor),
  ...unary('ceil', Math.ceil),
  ...unary('sqrt', Math.sqrt),
  ...unary('sin', Math.sin),
  ...unary('cos', Math.cos),
  ...unary('tan', Math.tan),
  ...unary('asin', Math.asin),
  ...unary('acos', Math.acos),
  ...unary('atan', Math.atan),
  ...unary('round', round),
  ...unary('deg2rad', value => (value * Math.PI) / 180),
  ...unary('rad2deg', value => (value * 180) / Math.PI),
  ...unary('exponent', exponent),
  ...unary('mantissa', value => (value === 0 ? value : value / 2 ** exponent(value))),
  atan2: ['y x', (y, x) => Math.atan2(number('atan2', y), number('atan2', x))],
  hypot: ['a b', (a, b) => finite('hypot', Math.hypot(number('hypot', a), number('hypot', b)))],
  pow: ['x n', (x, n) => finite('pow', power(number('pow', x), number('pow', n)))],
  max: ['a b', (a, b) => (number('max', a) > number('max', b) ? a : b)],
  min: ['a b', (a, b) => (number('min', a) < number('min', b) ? a : b)],
  clamp: [
    'x minVal ~maxVal',
    (x, least, mostLazy: Lazy) => {
      if (number('clamp', x) < number('clamp', least)) return least;
      const most = number('clamp', force(mostLazy));
      return Math.min(x, most);
    },
  ],
  mod: ['a b', (a, b) => modulo(a, b, 0)],
  modulo: ['x y', (x, y) => finite('modulo', number('modulo', x) % number('modulo', y))],
  isEven: ['x', x => Math.trunc(number('isEven', x)) % 2 === 0],
  isOdd: ['x', x => Math.trunc(number('isOdd', x)) % 2 !== 0],
  isInteger: ['x', x => Number.isInteger(number('isInteger', x))],
  isDecimal: ['x', x => !Number.isInteger(number('isDecimal', x))],
  xor: ['x y', (x, y) => bool('xor', x) !== bool('xor', y)],
  xnor: ['x y', (x, y) => bool('xnor', x) === bool('xnor', y)],
  equals: ['a b', (a, b) => equal(a, b, 0)],
  primitiveEquals: ['x y', (x, y) => equal(x, y, 0)],
  char: ['n', n => characterOf(number('char', n), 0)],
};
