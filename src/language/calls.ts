// Calls: arguments to parameters, frames, and tail calls that keep the stack flat.
import { didYouMean } from '../base/did-you-mean.ts';
import { enter, failure, leave } from './failure.ts';
import type { Location } from './location.ts';
import { JFunction, type Lazy, typeOf, type Value } from './values.ts';

// What `f(…) tailstrict` gives as the last thing in a function: the caller makes the call in its stead.
class TailCall {
  readonly target: JFunction;
  readonly args: readonly (Lazy | undefined)[];
  readonly location: Location;
  constructor(target: JFunction, args: readonly (Lazy | undefined)[], location: Location) {
    this.target = target;
    this.args = args;
    this.location = location;
  }
}

function settle(result: Value | TailCall): Value {
  let next = result;
  while (next instanceof TailCall) {
    enter(next.location);
    next = next.target.run(...next.args) as Value | TailCall;
    leave();
  }
  return next;
}

function isFunction(target: Value, location: Location): JFunction {
  if (target instanceof JFunction) return target;
  throw failure('jsonnet/type', `only a function can be called; found ${typeOf(target)}`, location, {
    hint: 'a value that is not a function is used without parentheses after it',
  });
}

export function call0(target: Value, location: Location): Value {
  if (!(target instanceof JFunction) || target.arity !== 0) return call(target, [], location);
  enter(location);
  const value = settle(target.run());
  leave();
  return value;
}

export function call1(target: Value, a: Lazy, location: Location): Value {
  if (!(target instanceof JFunction) || target.arity !== 1) return call(target, [a], location);
  enter(location);
  const value = settle(target.run(a));
  leave();
  return value;
}

export function call2(target: Value, a: Lazy, b: Lazy, location: Location): Value {
  if (!(target instanceof JFunction) || target.arity !== 2) return call(target, [a, b], location);
  enter(location);
  const value = settle(target.run(a, b));
  leave();
  return value;
}

export function call3(target: Value, a: Lazy, b: Lazy, c: Lazy, location: Location): Value {
  if (!(target instanceof JFunction) || target.arity !== 3) return call(target, [a, b, c], location);
  enter(location);
  const value = settle(target.run(a, b, c));
  leave();
  return value;
}

/** A call with positional arguments. Throws `jsonnet/arguments`. */
export function call(target: Value, args: readonly Lazy[], location: Location): Value {
  return callNamed(target, args, [], [], location);
}

export function callNamed(
  target: Value,
  args: readonly Lazy[],
  names: readonly string[],
  values: readonly Lazy[],
  location: Location,
): Value {
  const callee = isFunction(target, location);
  const bound = bindArguments(callee, args, names, values, location);
  enter(location);
  const value = settle(callee.run(...bound));
  leave();
  return value;
}

export function tailCall(target: Value, args: readonly Lazy[], location: Location): Value {
  const callee = isFunction(target, location);
  return new TailCall(callee, bindArguments(callee, args, [], [], location), location) as unknown as Value;
}

function bindArguments(
  { name, parameters }: JFunction,
  args: readonly Lazy[],
  names: readonly string[],
  values: readonly Lazy[],
  location: Location,
): (Lazy | undefined)[] {
  const called = name === 'anonymous' ? 'the function' : name;
  if (args.length > parameters.length) {
    throw failure(
      'jsonnet/arguments',
      `${called} takes ${count(parameters.length)}; found ${args.length}`,
      location,
      {
        hint: `its parameters are ${signature(parameters)}`,
      },
    );
  }
  const bound: (Lazy | undefined)[] = [...args];
  for (let index = args.length; index < parameters.length; index += 1) bound.push(undefined);
  names.forEach((given, index) => {
    const at = parameters.findIndex(parameter => parameter.name === given);
    if (at < 0) {
      const near = didYouMean(
        given,
        parameters.map(parameter => parameter.name),
      );
      throw failure('jsonnet/arguments', `${called} has no parameter "${given}"`, location, {
        hint: near === undefined ? `its parameters are ${signature(parameters)}` : `did you mean "${near}"?`,
      });
    }
    if (bound[at] !== undefined)
      throw failure('jsonnet/arguments', `${called} was given "${given}" twice`, location);
    bound[at] = values[index];
  });
  const missing = parameters.filter((parameter, index) => bound[index] === undefined && !parameter.optional);
  if (missing.length > 0) {
    throw failure(
      'jsonnet/arguments',
      `${called} was not given ${missing.map(item => `"${item.name}"`).join(', ')}`,
      location,
      {
        hint: `its parameters are ${signature(parameters)}`,
      },
    );
  }
  return bound;
}

const count = (number: number) => (number === 1 ? '1 argument' : `${number} arguments`);

function signature(parameters: JFunction['parameters']): string {
  return `(${parameters.map(({ name, optional }) => (optional ? `${name}=…` : name)).join(', ')})`;
}
