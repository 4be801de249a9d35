// Evaluates programs: parses and compiles each file once, gives the code its runtime, and resolves imports, external
// variables and native functions.
import { resolve } from 'node:path';
import { parse } from '../../grammar/index.ts';
import { CogpackError } from '../base/error.ts';
import * as calls from './calls.ts';
import { compile } from './compile.ts';
import { type Bounds, callerLocation, failure, inside, programAt } from './failure.ts';
import type { ImportedFile, Importer } from './importer.ts';
import { type Location, locate, remember, type SourceFile, spanIn, spanOf } from './location.ts';
import { toText } from './manifest.ts';
import { comprehension, namedObject, object, type RoundField, superField } from './objects.ts';
import * as operators from './operators.ts';
import { standardLibrary } from './std/index.ts';
import { JArray, JFunction, type Lazy, Thunk, typeOf, type Value } from './values.ts';

/** An external variable or top-level argument: a string, or code that is evaluated when it is used. */
export type ExternalArguments = Readonly<
  Record<string, { readonly kind: 'string' | 'code'; readonly text: string }>
>;

/** A function of the host, for std.native. */
export type Native = {
  readonly params: readonly string[];
  readonly call: (args: readonly Value[], place: { readonly span: CogpackError['span'] }) => Value;
};

export type EvaluationOptions = {
  readonly importer: Importer;
  readonly natives?: Readonly<Record<string, Native>>;
  readonly extVars?: ExternalArguments;
  readonly tlas?: ExternalArguments;
  readonly maxStack?: number;
  readonly maxSteps?: number;
  /** Frames in the trace of an error; 0 for all. */
  readonly maxTrace?: number;
  /** Takes the lines of std.trace; stderr unless given. */
  readonly trace?: (line: string) => void;
};

/** Evaluates a file. Throws CogpackError `jsonnet/…` with the span of the cause. */
export function evaluateFile(
  options: EvaluationOptions & { readonly file: string; readonly shown?: string },
): Value {
  const shown = options.shown ?? options.file;
  const found = options.importer.find(resolve(options.file), '/', '/');
  if ('problem' in found) {
    throw new CogpackError('jsonnet/import', `${shown}: ${found.problem}`, { hint: found.hint });
  }
  return start(options, evaluator => evaluator.file({ ...found, shown }));
}

/** Evaluates a text; `file` is its name in messages, and its imports are relative to `base`. */
export function evaluateSnippet(
  options: EvaluationOptions & { readonly code: string; readonly file: string; readonly base: string },
): Value {
  return start(options, evaluator => evaluator.snippet(options.code, options.file, options.base));
}

function start(options: EvaluationOptions, action: (evaluator: Evaluator) => Value): Value {
  const bounds: Bounds = {
    maxStack: options.maxStack ?? 500,
    maxSteps: options.maxSteps ?? Number.POSITIVE_INFINITY,
    maxTrace: options.maxTrace ?? 20,
  };
  return inside(() => {
    const evaluator = createEvaluator(options);
    const value = action(evaluator);
    const tlas = Object.entries(options.tlas ?? {});
    if (!(value instanceof JFunction)) {
      if (tlas.length === 0) return value;
      throw failure(
        'jsonnet/arguments',
        `top-level arguments were given, but the program is not a function: it is ${typeOf(value)}`,
        0,
      );
    }
    const names = tlas.map(([name]) => name);
    const known = value.parameters.map(({ name }) => name);
    const missing = value.parameters.find(({ name, optional }) => !optional && !names.includes(name));
    if (missing !== undefined && names.every(name => known.includes(name))) {
      throw failure('jsonnet/arguments', `the program was not given its argument "${missing.name}"`, 0, {
        hint: `give it with --tla-str ${missing.name}=…`,
      });
    }
    return calls.callNamed(
      value,
      [],
      names,
      tlas.map(([name]) => evaluator.external(options.tlas!, name, 'top-level argument')),
      0,
    );
  }, bounds);
}

type Evaluator = {
  file(found: ImportedFile): Value;
  snippet(code: string, shown: string, path: string): Value;
  external(variables: ExternalArguments, name: string, what: string): Value;
};

const runtimeBase = {
  ...operators,
  ...calls,
  object,
  namedObject,
  comprehension,
  pushRound,
  noCode: () => null,
  superField,
  JArray,
  JFunction,
  Thunk,
  raise,
  assert,
  items,
};

function createEvaluator(options: EvaluationOptions): Evaluator {
  const { importer } = options;
  const values = new Map<string, Value | 'evaluating'>();
  const library = standardLibrary({
    trace: options.trace ?? (line => process.stderr.write(`${line}\n`)),
    extVar: (name, location) => {
      if (Object.hasOwn(options.extVars ?? {}, name))
        return external(options.extVars!, name, 'external variable');
      throw failure('jsonnet/external', `there is no external variable ${name}`, location, {
        hint: `give it with --ext-str ${name}=…`,
      });
    },
    native: (name, location) => native(options.natives ?? {}, name, location),
  });

  let isBegun = false;
  const run = (text: string, source: SourceFile, path: string): Value => {
    remember(source);
    const { tree, problems } = parse(text);
    if (tree === undefined) throw parseError(source, problems);
    if (!isBegun) {
      isBegun = true;
      programAt(locate(source, tree));
    }
    const { code, templates } = compile(tree, { file: source, std: library });
    const runtime = {
      ...runtimeBase,
      std: () => library.objectFor(source.name),
      stdMember: library.get,
      importFile: (wanted: string, location: Location) => importFile(wanted, path, source, location, file),
      importstrFile: (wanted: string, location: Location) =>
        importFile(wanted, path, source, location, asText),
      importbinFile: (wanted: string, location: Location) =>
        importFile(wanted, path, source, location, asBytes),
    };
    const names = Object.keys(runtime).map(name => `R_${name}`);
    return new Function('T', ...names, `"use strict"; ${code}`)(
      templates,
      ...Object.values(runtime),
    ) as Value;
  };

  const file = (found: ImportedFile, location: Location = 0): Value => {
    const known = values.get(found.path);
    if (known === 'evaluating') {
      throw failure('jsonnet/import', `${found.shown} imports itself`, location, {
        hint: 'two files may import each other only where one uses the other inside an object or a function',
      });
    }
    if (known !== undefined) return known;
    values.set(found.path, 'evaluating');
    try {
      const text = found.bytes.toString('utf8');
      const value = run(text, { name: found.shown, text, library: found.library }, found.path);
      values.set(found.path, value);
      return value;
    } catch (error) {
      values.delete(found.path);
      throw error;
    }
  };

  const importFile = (
    wanted: string,
    from: string,
    { name }: SourceFile,
    location: Location,
    read: (found: ImportedFile, location: Location) => Value,
  ): Value => {
    const found = importer.find(wanted, from, name);
    if ('problem' in found) throw failure('jsonnet/import', found.problem, location, { hint: found.hint });
    return read(found, location);
  };

  const snippet = (code: string, shown: string, path: string) =>
    run(code, { name: shown, text: code, library: false }, path);

  const external = (variables: ExternalArguments, name: string, what: string): Value => {
    const { kind, text } = variables[name]!;
    return kind === 'string' ? text : snippet(text, `<${what} ${name}>`, `${process.cwd()}/`);
  };

  return { file, snippet, external };
}

const asText = ({ bytes }: ImportedFile): Value => bytes.toString('utf8');
const asBytes = ({ bytes }: ImportedFile): Value => new JArray([...bytes]);

function parseError(
  source: SourceFile,
  problems: readonly { start: number; end: number; message: string; hint?: string }[],
) {
  const [first, ...others] = problems;
  const span = spanIn(source, first!.start, first!.end);
  return new CogpackError('jsonnet/parse', first!.message, {
    span,
    hint: first!.hint,
    trace: others
      .slice(0, 9)
      .map(({ start, end, message }) => ({ what: `also: ${message}`, span: spanIn(source, start, end) })),
  });
}

function native(natives: Readonly<Record<string, Native>>, name: string, location: Location): Value {
  if (!Object.hasOwn(natives, name)) return null;
  const { params, call } = natives[name]!;
  return new JFunction(
    `std.native("${name}")`,
    params.map(param => ({ name: param, optional: false })),
    (...args: readonly Lazy[]) => {
      const place = {
        get span() {
          return spanOf(callerLocation() || location);
        },
      };
      return call(args.map(operators.force), place);
    },
  );
}

function raise(message: Value, location: Location): never {
  throw failure('jsonnet/error', toText(message, location), location);
}

function assert(
  condition: Value,
  message: (() => Value) | undefined,
  tested: Location,
  location: Location,
): void {
  if (operators.boolean(condition, tested)) return;
  const text = message === undefined ? 'this assertion does not hold' : toText(message(), location);
  throw failure('jsonnet/assert', text, location);
}

function items(value: Value, location: Location): readonly unknown[] {
  if (value instanceof JArray) return value.items;
  throw failure('jsonnet/type', `a comprehension goes over an array; found ${typeOf(value)}`, location);
}

function pushRound(
  out: RoundField[],
  name: string | null,
  plus: boolean,
  location: Location,
  place: Location,
  run: RoundField['run'],
): void {
  if (name !== null) out.push({ name, plus, location, place, run });
}
