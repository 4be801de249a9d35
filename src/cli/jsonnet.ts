// cogpack jsonnet: evaluates a program, with the flags of the reference implementation's command.
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { CogpackError } from '../base/error.ts';
import { writeFileAtomic } from '../base/files.ts';
import {
  type ExternalArguments,
  elements,
  evaluateFile,
  evaluateSnippet,
  fieldNames,
  getField,
  manifestJson,
  projectImporter,
  typeOf,
  type Value,
} from '../language/index.ts';
import { positiveInteger } from './numbers.ts';

type Flags = {
  readonly exec?: boolean;
  readonly jpath: readonly string[];
  readonly string?: boolean;
  readonly multi?: string;
  readonly yamlStream?: boolean;
  readonly outputFile?: string;
  readonly createOutputDirs?: boolean;
  readonly maxStack: number;
  readonly maxSteps?: number;
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
    .option('-o, --output-file <file>', 'write to a file')
    .option('-c, --create-output-dirs', 'make the folders of the files that are written')
    .addOption(
      new Option('-s, --max-stack <n>', 'frames that may be open').argParser(positiveInteger).default(500),
    )
    .addOption(
      new Option('--max-steps <n>', 'frames that may be entered altogether').argParser(positiveInteger),
    )
    .addOption(new Option('-t, --max-trace <n>', 'lines of a trace').argParser(positiveInteger).default(20));
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
  target[name] = { kind, text: fromFile ? readFileSync(value, 'utf8') : value };
}

function run(file: string, flags: Flags): void {
  const value = evaluate(file, flags);
  const written = output(value, flags);
  if (flags.outputFile !== undefined) writeOut(flags.outputFile, written, flags);
  else process.stdout.write(written);
}

function evaluate(file: string, flags: Flags): Value {
  const options = {
    importer: projectImporter({ libraryPaths: flags.jpath }),
    extVars: flags.external,
    tlas: flags.topLevel,
    maxStack: flags.maxStack,
    ...(flags.maxSteps !== undefined && { maxSteps: flags.maxSteps }),
  };
  if (flags.exec)
    return evaluateSnippet({ ...options, code: file, file: '<cmdline>', base: `${process.cwd()}/` });
  if (file === '-') {
    return evaluateSnippet({
      ...options,
      code: readFileSync(0, 'utf8'),
      file: '<stdin>',
      base: `${process.cwd()}/`,
    });
  }
  return evaluateFile({ ...options, file: resolve(file), shown: file });
}

function output(value: Value, flags: Flags): string {
  if (flags.multi !== undefined) return multi(value, flags.multi, flags);
  if (flags.yamlStream) return stream(value);
  return text(value, flags);
}

function text(value: Value, { string }: Flags): string {
  if (!string) return `${manifestJson(value)}\n`;
  if (typeof value === 'string') return value;
  throw new CogpackError('jsonnet/manifest', `with -S the value is a string; found ${typeOf(value)}`);
}

function stream(value: Value): string {
  if (typeOf(value) !== 'array') {
    throw new CogpackError('jsonnet/manifest', `with -y the value is an array; found ${typeOf(value)}`);
  }
  const documents = elements(value).map(item => `---\n${manifestJson(item)}\n`);
  return documents.length === 0 ? '' : `${documents.join('')}...\n`;
}

function multi(value: Value, dir: string, flags: Flags): string {
  if (typeOf(value) !== 'object') {
    throw new CogpackError('jsonnet/manifest', `with -m the value is an object; found ${typeOf(value)}`);
  }
  return fieldNames(value)
    .map(name => {
      const path = join(dir, name);
      writeOut(path, text(getField(value, name), flags), flags);
      return `${path}\n`;
    })
    .join('');
}

function writeOut(path: string, content: string, { createOutputDirs }: Flags): void {
  if (createOutputDirs) mkdirSync(join(path, '..'), { recursive: true });
  writeFileAtomic(path, content);
}
