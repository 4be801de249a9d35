// What names mean while a program is compiled: each variable has the JavaScript name that holds it.

export type Variable = {
  /** The JavaScript expression that gives it. */
  readonly code: string;
  /** Whether it is always a value, never a thunk. */
  readonly evaluated: boolean;
};

export type Scope = { readonly variables: ReadonlyMap<string, Variable>; readonly outer: Scope | undefined };

/** The object literal that an expression stands in, as JavaScript names. */
export type ObjectScope = { readonly self: string; readonly layer: string; readonly dollar: string };

export function extend(outer: Scope | undefined, variables: Iterable<readonly [string, Variable]>): Scope {
  return { variables: new Map(variables), outer };
}

export function find(scope: Scope | undefined, name: string): Variable | undefined {
  for (let here = scope; here !== undefined; here = here.outer) {
    const variable = here.variables.get(name);
    if (variable !== undefined) return variable;
  }
  return undefined;
}

/** Every name that can be used here. */
export function* namesIn(scope: Scope | undefined): Iterable<string> {
  for (let here = scope; here !== undefined; here = here.outer) yield* here.variables.keys();
}
