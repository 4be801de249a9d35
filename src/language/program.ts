// A whole program as `cogpack jsonnet` runs it: flags as plain data in, texts as plain data out, so that it can run on
// a thread of its own. Nothing is written here.
import { resolve } from 'node:path';
import { CogpackError } from '../base/error.ts';
import { runWithBigStack, withBigStack } from './big-stack.ts';
import { type ExternalArguments, evaluateFile, evaluateSnippet } from './evaluate.ts';
import { elements, fieldNames, getField, manifestJson } from './host.ts';
import { projectImporter } from './importer.ts';
import { typeOf, type Value } from './values.ts';

export type ProgramRequest = {
  /** A file, or a text with the name that messages give it. */
  readonly source: { readonly file: string } | { readonly code: string; readonly name: string };
  /** The folder that relative paths of the program start from. */
  readonly folder: string;
  readonly libraryPaths: readonly string[];
  readonly external: ExternalArguments;
  readonly topLevel: ExternalArguments;
  readonly maxStack: number;
  readonly maxSteps: number | undefined;
  /** Frames in a trace; 0 for all. */
  readonly maxTrace: number;
  /** What is made of the value: one text, a text for each field, or a stream of documents. */
  readonly form: 'single' | 'multi' | 'stream';
  /** Strings are texts as they are, not as JSON. */
  readonly string: boolean;
  /** A text ends with a line break. */
  readonly lineBreak: boolean;
};

/** A text for each file; the name is '' where the form is not `multi`. */
export type ProgramOutput = readonly { readonly name: string; readonly text: string }[];

/** Evaluates a program. Throws CogpackError `jsonnet/…`; `jsonnet/host-stack` only where a larger stack may help. */
export function evaluateProgram(request: ProgramRequest, trace?: (line: string) => void): ProgramOutput {
  const value = evaluated(request, trace);
  switch (request.form) {
    case 'single':
      return [{ name: '', text: textOf(value, request) }];
    case 'multi':
      must(typeOf(value) === 'object', 'with -m the value is an object', value);
      return fieldNames(value).map(name => ({ name, text: textOf(getField(value, name), request) }));
    case 'stream': {
      must(typeOf(value) === 'array', 'with -y the value is an array', value);
      const documents = elements(value).map(item => `---\n${manifestJson(item)}\n`);
      return [{ name: '', text: documents.length === 0 ? '' : `${documents.join('')}...\n` }];
    }
  }
}

type ThreadArgument = { readonly request: ProgramRequest; readonly traced: number };

/** Evaluates a program with as much stack as it needs. Lines of std.trace go to stderr, each once. */
export function runProgram(request: ProgramRequest): Promise<ProgramOutput> {
  let traced = 0;
  const trace = (line: string): void => {
    traced += 1;
    process.stderr.write(`${line}\n`);
  };
  const here = new URL(import.meta.url);
  return withBigStack(
    () => evaluateProgram(request, trace),
    () => runWithBigStack<ThreadArgument, ProgramOutput>(here, 'runOnThread', { request, traced }),
  );
}

/** The thread's side of runProgram: the lines of std.trace that were written already are left out. */
export function runOnThread({ request, traced }: ThreadArgument): ProgramOutput {
  let line = 0;
  return evaluateProgram(request, text => {
    line += 1;
    if (line > traced) process.stderr.write(`${text}\n`);
  });
}

function evaluated(request: ProgramRequest, trace: ((line: string) => void) | undefined): Value {
  const { source, folder, libraryPaths, external, topLevel, maxStack, maxSteps, maxTrace } = request;
  const options = {
    importer: projectImporter({ libraryPaths }),
    extVars: external,
    tlas: topLevel,
    maxStack,
    maxTrace,
    ...(maxSteps !== undefined && { maxSteps }),
    ...(trace !== undefined && { trace }),
  };
  return 'file' in source
    ? evaluateFile({ ...options, file: resolve(folder, source.file), shown: source.file })
    : evaluateSnippet({ ...options, code: source.code, file: source.name, base: `${folder}/` });
}

function textOf(value: Value, { string, lineBreak }: ProgramRequest): string {
  if (string) must(typeof value === 'string', 'with -S the value is a string', value);
  return (string ? (value as string) : manifestJson(value)) + (lineBreak ? '\n' : '');
}

function must(holds: boolean, expected: string, value: Value): void {
  if (!holds) throw new CogpackError('jsonnet/manifest', `${expected}; found ${typeOf(value)}`);
}
