// The function that answers: of a reference such as predict.py:Predictor, run() or the older predict() of a class, its
// own or inherited, train() for trainings, or a plain function; and what its decorators say (cog's docs/python.md).
import { CogpackError } from '../base/error.ts';
import { excerpt, failure } from './failure.ts';
import { loadFile, memberOf, type Project, type Resolved, resolveFully, resolveName } from './project.ts';
import { childOf, type PythonNode, partOf } from './tree.ts';
import type { Defined } from './type.ts';
import { evaluate, scopeOf } from './values.ts';

export type Mode = 'predict' | 'train';

export type Callable = {
  readonly found: Defined;
  readonly isMethod: boolean;
  readonly isAsync: boolean;
  /** Marked with @cog.streaming: answers may be read while they are made. */
  readonly streams: boolean;
  /** Of @cog.concurrent(max=…). */
  readonly concurrency: number | undefined;
};

/** Splits `file.py:Name`. Throws `schema/reference`. */
export function parseReference(reference: string): { readonly file: string; readonly name: string } {
  const [, path, name] = /^(?:\.\/)?([^:]+\.py):([^\W\d]\w*)$/u.exec(reference) ?? [];
  const parts = path?.split('/') ?? ['..'];
  if (path === undefined || name === undefined || parts.some(part => ['', '.', '..'].includes(part))) {
    throw new CogpackError(
      'schema/reference',
      `${JSON.stringify(reference)} does not name a class or function`,
      {
        hint: 'write file.py:Name, the file inside the project',
      },
    );
  }
  return { file: path, name };
}

/** Finds what a reference names. Throws `schema/file`, `schema/not-found`, `schema/callable`. */
export function findCallable(project: Project, reference: string, mode: Mode): Callable {
  const { file, name } = parseReference(reference);
  const module = loadFile(project, file);
  if (module === undefined) {
    throw new CogpackError('schema/file', `${file} is not in the project`, {
      hint: `mend ${reference}, or add the file`,
    });
  }
  const found = fully(project, resolveName(project, module, name));
  if (found?.kind !== 'defined') {
    const names = [...module.definitions].filter(([, { kind }]) => kind === 'class' || kind === 'function');
    throw new CogpackError('schema/not-found', `${file} has no ${name}`, {
      hint: `it has ${names.map(([known]) => known).join(', ') || 'no classes or functions'}`,
    });
  }
  if (found.definition.kind === 'function') return describe(project, found, false);
  if (found.definition.kind === 'class') return describe(project, methodOf(project, found, name, mode), true);
  throw failure(
    'schema/callable',
    found.definition.node,
    `${name} is no class and no function`,
    'name one of these',
  );
}

function fully(project: Project, found: Resolved | undefined): Resolved | undefined {
  if (found?.kind !== 'defined' || found.definition.kind !== 'assignment') return found;
  return resolveFully(project, found.module, found.definition.node) ?? found;
}

function methodOf(project: Project, owner: Defined, name: string, mode: Mode): Defined {
  const methods = (mode === 'train' ? ['train'] : ['run', 'predict']).flatMap(method => {
    const found = memberOf(project, owner, method);
    return found?.definition.kind === 'function' ? [found] : [];
  });
  const { node } = owner.definition;
  const place = childOf(node, 'name') ?? node;
  if (methods.length > 1) {
    throw failure(
      'schema/callable',
      place,
      `${name} has run() and predict()`,
      'keep one of them: the server takes no class with both',
    );
  }
  if (methods[0] !== undefined) return methods[0];
  const method = mode === 'train' ? 'train' : 'run';
  throw failure('schema/callable', place, `${name} has no method ${method}()`, `add def ${method}(self, …)`);
}

function describe(project: Project, found: Defined, isMethod: boolean): Callable {
  const { definition, module } = found;
  if (definition.kind !== 'function') throw new Error(`${definition.kind} is not a function`);
  const { node, decorators } = definition;
  const isAsync = node.children.some(child => child.type === 'async');
  let streams = false;
  let isStatic = false;
  let concurrency: number | undefined;
  for (const decorator of decorators) {
    const expression = decorator.children[0]!;
    const call = expression.type === 'call' ? expression : undefined;
    const callee = call === undefined ? expression : partOf(call, 'function');
    const path = resolveFully(project, module, callee);
    const name = path?.kind === 'external' ? path.path : '';
    streams ||= name === 'cog.streaming';
    isStatic ||= callee.text === 'staticmethod';
    if (name === 'cog.concurrent') concurrency = maximum(project, found, call);
  }
  return { found, isMethod: isMethod && !isStatic, isAsync, streams, concurrency };
}

function maximum(project: Project, { module }: Defined, call: PythonNode | undefined): number {
  const [argument, ...more] = call === undefined ? [] : partOf(call, 'arguments').children;
  if (argument === undefined) return 1;
  const value =
    more.length === 0 && argument.type === 'keyword_argument' && partOf(argument, 'name').text === 'max'
      ? evaluate(partOf(argument, 'value'), scopeOf(project, module))
      : undefined;
  if (value?.kind === 'int' && value.value >= 1n && value.value <= 1_000_000n) return Number(value.value);
  throw failure(
    'schema/callable',
    argument,
    `${excerpt(argument)} is no number of predictions`,
    'write max=4, say',
  );
}
