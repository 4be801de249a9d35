// Options that several commands share.

import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Json } from '../base/canonical.ts';
import { CogpackError } from '../base/error.ts';
import type { DescriptionOptions, Evaluated } from '../description/evaluate.ts';
import { projectOf } from '../description/project.ts';
import type { Input } from '../inputs/find.ts';
import type { ExternalArguments } from '../language/index.ts';
import { defaultStoreDir } from '../store/store.ts';
import { positiveInteger } from './numbers.ts';

export const defaultDescription = './cogpack.jsonnet';

export type DescriptionFlags = {
  readonly tlaStr: ExternalArguments;
  readonly store: string;
  /** Where PATH is no description: a file of the project, and the description that is made of it if it is not one. */
  readonly described?: { readonly file: string; readonly text: string | undefined };
};

/** Adds PATH, `-A` and `--store`. */
export function withDescription(
  command: Command,
  what = 'the description, or a folder with one or with a cog.yaml, uv.lock, pylock.toml or requirements.txt',
): Command {
  return command
    .argument('[path]', what, defaultDescription)
    .hook('preAction', (command, action) => (action === command ? describeIfNone(action) : undefined))
    .addOption(
      new Option(
        '-A, --tla-str <name=value>',
        'a top-level argument, as a string; without a value, from the environment',
      )
        .argParser(addArgument)
        .default({}, 'none'),
    )
    .addOption(storeOption());
}

// What makes a description is loaded only where there is none.
async function describeIfNone(command: Command): Promise<void> {
  const path = command.processedArgs[0] as string;
  if (path.endsWith('.jsonnet') && existsSync(path)) return;
  const { findInput, inputAt, noInput } = await import('../inputs/find.ts');
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const dir = path === defaultDescription ? '.' : isFolder ? path : undefined;
  const input = dir === undefined ? inputAt(path) : findInput(dir);
  if (input === undefined && dir !== undefined) throw noInput(dir);
  if (input === undefined) return;
  const text = input.kind === 'description' ? undefined : await describe(input);
  command.setOptionValue('described', { file: join(input.dir, input.file), text });
}

async function describe(input: Input): Promise<string> {
  const { describeInput } = await import('../inputs/index.ts');
  return describeInput(input).text;
}

export function storeOption(): Option {
  return new Option('--store <dir>', 'the store').default(
    defaultStoreDir(process.env),
    '$COGPACK_STORE or the cache folder',
  );
}

export function jobsOption(): Option {
  return new Option('--jobs <n>', 'builders at one time')
    .argParser(positiveInteger)
    .default(availableParallelism(), 'one for each core');
}

function addArgument(text: string, before: ExternalArguments): ExternalArguments {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  const value = at < 0 ? process.env[name] : text.slice(at + 1);
  if (value === undefined)
    throw new InvalidArgumentError(`the environment has no variable ${name}; write ${name}=value`);
  return { ...before, [name]: { kind: 'string', text: value } };
}

/** Whether PATH, of a command that takes images too, is to be evaluated. */
export function isDescription(path: string, { described }: Pick<DescriptionFlags, 'described'>): boolean {
  return described !== undefined || path.endsWith('.jsonnet');
}

export function lockFileOf(description: string): string {
  return join(projectOf(description), 'cogpack.lock');
}

/** Evaluates with the lock beside the description. Throws `lock/missing`, naming every request without an answer. */
export async function evaluateLocked(
  path: string,
  flags: DescriptionFlags,
  more: Pick<DescriptionOptions, 'histories' | 'withPlans'> = {},
): Promise<Evaluated> {
  const { evaluateDescription } = await import('../description/evaluate.ts');
  const { readLock } = await import('../lock/lock-file.ts');
  const options = evaluationOptions(path, flags, readLock(lockFileOf(path)));
  const evaluated = await evaluateDescription({ ...options, ...more });
  if (evaluated.missing.length === 0) return evaluated;
  const list = evaluated.missing.map(request => `  ${JSON.stringify(request)}`);
  throw new CogpackError('lock/missing', `cogpack.lock has no answer to:\n${list.join('\n')}`, {
    hint: `run: cogpack lock${path === defaultDescription ? '' : ` ${path}`}`,
  });
}

export function evaluationOptions(
  path: string,
  flags: DescriptionFlags,
  answers: ReadonlyMap<string, Json>,
): DescriptionOptions {
  return {
    file: flags.described?.file ?? path,
    text: flags.described?.text,
    answers,
    topLevelArguments: flags.tlaStr,
    cacheDir: join(flags.store, 'cogpack', 'stat'),
  };
}
