// cogpack jsonnet: evaluates a program, with the flags of the reference implementation's command.
import { existsSync, mkdirSync, readFileSync, writeSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { CogpackError, isSystemError } from '../base/error.ts';
import { writeFileAtomic } from '../base/files.ts';
import type { ExternalArguments } from '../language/evaluate.ts';
import { type ProgramOutput, type ProgramRequest, runProgram } from '../language/program.ts';
import { positiveInteger, wholeNumber } from './numbers.ts';

type Flags = {
  readonly exec?: boolean;
  readonly jpath: readonly string[];
  readonly string?: boolean;
  readonly multi?: string;
  readonly yamlStream?: boolean;
  readonly trailingNewline: boolean;
  readonly outputFile?: string;
  readonly createOutputDirs?: boolean;
  readonly maxStack: number;
  readonly maxSteps?: number;
  readonly maxTrace: number;
  readonly external: ExternalArguments;
  readonly topLevel: ExternalArguments;
};

export function add(program: Command): void {
  const external: Record<string, ExternalArguments[string]> = {};
  const topLevel: Record<string, ExternalArguments[string]> = {};
  const command = program
    .command('jsonnet')
    .description('Evaluate a Jsonnet program; print its value as JSON.')
    .argument('<file>', 'the program; with -e its text; - for stdin')
    .option('-e, --exec', 'take the argument as the program itself')
    .option(
      '-J, --jpath <dir>',
      'a library folder for imports; the last given is searched first',
      collect,
      [],
    )
    .option('-S, --string', 'print a string as it is')
    .option('-m, --multi <dir>', 'write each field of the value to a file in DIR; print their names')
    .option('-y, --yaml-stream', 'print an array as a stream of YAML documents')
    .option('--no-trailing-newline', 'do not end what is written with a line break')
    .option('-o, --output-file <file>', 'write to a file')
    .option('-c, --create-output-dirs', 'make the folders of the files that are written')
    .addOption(
      new Option('-s, --max-stack <n>', 'frames that may be open').argParser(positiveInteger).default(500),
    )
    .addOption(
      new Option('--max-steps <n>', 'frames that may be entered altogether').argParser(positiveInteger),
    )
    .addOption(
      new Option('-t, --max-trace <n>', 'frames in the trace of an error; 0 for all')
        .argParser(wholeNumber)
        .default(20),
    );
  for (const [name, target, what] of [
    ['ext', external, 'an external variable'],
    ['tla', topLevel, 'a top-level argument'],
  ] as const) {
    const short = name === 'ext' ? '-V' : '-A';
    command
      .option(`${short}, --${name}-str <name=value>`, `${what}, a string`, text =>
        set(target, text, 'string', false),
      )
      .option(`--${name}-str-file <name=file>`, `${what}, a string from a file`, text =>
        set(target, text, 'string', true),
      )
      .option(`--${name}-code <name=code>`, `${what}, code`, text => set(target, text, 'code', false))
      .option(`--${name}-code-file <name=file>`, `${what}, code from a file`, text =>
        set(target, text, 'code', true),
      );
  }
  command
    .addHelpText('after', "\nExample:\n  $ cogpack jsonnet -e '{ sum: 1 + 2 }'")
    .action((file: string, flags: Flags) => run(file, { ...flags, external, topLevel }));
}

const collect = (value: string, before: readonly string[]): string[] => [value, ...before];

function set(
  target: Record<string, ExternalArguments[string]>,
  text: string,
  kind: 'string' | 'code',
  fromFile: boolean,
): void {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  const value = at < 0 ? process.env[name] : text.slice(at + 1);
  if (value === undefined) {
    throw new CogpackError('jsonnet/external', `the environment has no variable ${name}`, {
      hint: `write ${name}=value`,
    });
  }
  // A file is an import, so that its own imports and its errors are its own.
  target[name] = fromFile
    ? { kind: 'code', text: `${kind === 'string' ? 'importstr' : 'import'} ${JSON.stringify(value)}` }
    : { kind, text: value };
}

async function run(file: string, flags: Flags): Promise<void> {
  const output = await runProgram(request(file, flags));
  const printed = flags.multi === undefined ? output[0]!.text : writeFiles(output, flags.multi, flags);
  if (flags.outputFile !== undefined) write(flags.outputFile, printed, flags);
  else print(printed);
}

// To the descriptor itself, since making process.stdout takes 3 ms. A pipe that is full is left to process.stdout; one
// that nobody reads any more needs nothing.
function print(text: string): void {
  const bytes = Buffer.from(text);
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(1, bytes, done);
  } catch (error) {
    if (isSystemError(error, 'EAGAIN')) process.stdout.on('error', unlessClosed).write(bytes.subarray(done));
    else unlessClosed(error);
  }
}

function unlessClosed(error: unknown): void {
  if (!isSystemError(error, 'EPIPE')) throw error;
}

function request(file: string, flags: Flags): ProgramRequest {
  const fromEnvironment = (process.env.JSONNET_PATH ?? '').split(delimiter).filter(path => path !== '');
  return {
    source: source(file, flags),
    folder: process.cwd(),
    libraryPaths: [...flags.jpath, ...fromEnvironment],
    external: flags.external,
    topLevel: flags.topLevel,
    maxStack: flags.maxStack,
    maxSteps: flags.maxSteps,
    maxTrace: flags.maxTrace,
    form: flags.multi !== undefined ? 'multi' : flags.yamlStream ? 'stream' : 'single',
    string: flags.string === true,
    lineBreak: flags.trailingNewline,
  };
}

function source(file: string, { exec }: Flags): ProgramRequest['source'] {
  if (exec) return { code: file, name: '<cmdline>' };
  return file === '-' ? { code: readFileSync(0, 'utf8'), name: '<stdin>' } : { file };
}

/** Writes a file for each field; gives the lines that name them. */
function writeFiles(output: ProgramOutput, dir: string, flags: Flags): string {
  return output
    .map(({ name, text }) => {
      const path = join(dir, name);
      write(path, text, flags);
      return `${path}\n`;
    })
    .join('');
}

// A file that is the same already keeps its time.
function write(path: string, text: string, { createOutputDirs }: Flags): void {
  const folder = dirname(path);
  if (createOutputDirs) mkdirSync(folder, { recursive: true });
  else if (!existsSync(folder)) {
    throw new CogpackError('jsonnet/output', `${path} cannot be written: there is no folder ${folder}`, {
      hint: 'make it, or use --create-output-dirs',
    });
  }
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileAtomic(path, text);
}
