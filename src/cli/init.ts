// cogpack init: writes cogpack.jsonnet from what a project has, and says why each field has its value.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CogpackError } from '../base/error.ts';
import { writeFileAtomic } from '../base/files.ts';
import { type Described, describeInput, findInput, type Input, noInput } from '../inputs/index.ts';

type Flags = { readonly force?: boolean; readonly json?: boolean };

const written = 'cogpack.jsonnet';

export function add(program: Command): void {
  program
    .command('init')
    .summary('write a description of a project')
    .description(
      'Write cogpack.jsonnet from cog.yaml, pyproject.toml with uv.lock, pylock.toml or requirements.txt, and explain each choice.',
    )
    .argument('[dir]', "the project's folder", '.')
    .option('--force', 'write over a cogpack.jsonnet that is there')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ cogpack init && cogpack lock')
    .action(run);
}

function run(dir: string, flags: Flags): void {
  const file = join(dir, written);
  if (existsSync(file) && flags.force !== true) {
    throw new CogpackError('inputs/exists', `${file} is there already`, {
      hint: 'cogpack init --force writes over it',
    });
  }
  const input = findInput(dir, { description: false });
  if (input === undefined) throw noInput(dir, { description: false });
  const described = describeInput(input);
  writeFileAtomic(file, described.text);
  process.stdout.write(flags.json === true ? asJson(file, input, described) : asText(file, input, described));
}

function asJson(file: string, input: Input, { explanations, image, text }: Described): string {
  const from = join(input.dir, input.file);
  return `${JSON.stringify({ file, from, ...(image !== undefined && { image }), explanations, text }, null, 2)}\n`;
}

function asText(file: string, { dir, file: from }: Input, { explanations, image }: Described): string {
  const push = image === undefined ? '' : ` --push ${image}`;
  const path = dir === '.' ? '' : ` ${dir}`;
  return [
    `${file}, made of ${join(dir, from)}:`,
    ...explanations.map(
      ({ field, reason, source }) => `  ${field}: ${reason} (${source.file}:${source.line})`,
    ),
    `next: cogpack lock${path} && cogpack realise${path}${push}`,
    '',
  ].join('\n');
}
