// cogpack schema: the OpenAPI document of a model, from its Python source, without running it. PATH is a Python file,
// with :Name or without, a project (what its cog.yaml names, or what the image of its description has), or an image.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import { CogpackError, isSystemError } from '../base/error.ts';
import { readCogYaml } from '../inputs/cog-yaml.ts';
import { findInput, inputAt } from '../inputs/index.ts';
import { shownPath } from '../inputs/shown.ts';
import { findEntry } from '../schema/entry.ts';
import { generateModelSchema, type ReadFile } from '../schema/index.ts';
import { openStore } from '../store/store.ts';
import { evaluateLocked, storeOption } from './options.ts';
import { schemaLabel, schemaOf } from './target-schema.ts';
import { interruptSignal } from './terminal.ts';

type Flags = { readonly train?: boolean; readonly store: string };

export function add(program: Command): void {
  program
    .command('schema')
    .description('Print the OpenAPI document that the server of a model gives at /openapi.json.')
    .argument(
      '[path]',
      'FILE.py, FILE.py:Name, a folder with a cog.yaml or a cogpack.jsonnet, or an image: a digest or ID of the store, oci:DIR, a reference',
      '.',
    )
    .addOption(storeOption())
    .option('--train', 'with FILE.py:Name: of train(), not of run() or predict()')
    .addHelpText('after', '\nExample:\n  $ cogpack schema predict.py:Predictor')
    .action(async (path: string, flags: Flags) => {
      const document = await documentAt(path, flags);
      process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    });
}

async function documentAt(path: string, flags: Flags): Promise<unknown> {
  const [, file, name] = /^(.+\.py)(?::([^:/]+))?$/.exec(path) ?? [];
  if (file !== undefined) return documentOfFile(file, name, flags);
  const input = path.endsWith('.jsonnet') ? undefined : inputAt(path);
  if (input?.kind === 'cog') return documentOfCogYaml(input.dir, input.file);
  const description = input?.kind === 'description' ? join(input.dir, input.file) : path;
  if (description.endsWith('.jsonnet') && existsSync(description))
    return documentOfDescription(description, flags);
  if (!existsSync(path)) return documentOfImage(path, flags);
  throw new CogpackError('schema/project', `${path} has neither a cog.yaml nor a cogpack.jsonnet`, {
    hint: 'name the Python file: cogpack schema predict.py:Predictor',
  });
}

async function documentOfFile(file: string, name: string | undefined, { train }: Flags): Promise<unknown> {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
    throw new CogpackError('schema/file', `${file} does not exist`, { hint: 'name a Python file' });
  }
  const project = projectFolder(dirname(file));
  const source = sourceOf(project);
  const path = relative(project, file).split(sep).join('/');
  const entry =
    name === undefined
      ? await findEntry(path, source.readFile, source.root)
      : { reference: `${path}:${name}`, mode: train ? 'train' : 'predict' };
  return (await generateModelSchema({ ...source, [entry.mode]: entry.reference }))?.document;
}

async function documentOfCogYaml(dir: string, file: string): Promise<unknown> {
  const path = join(dir, file);
  const cog = readCogYaml(readFileSync(path, 'utf8'), shownPath(path));
  const predict = (cog.run ?? cog.predict)?.value;
  const [train, concurrency] = [cog.train?.value, cog.concurrencyMax?.value];
  const schema = await generateModelSchema({ ...sourceOf(dir), predict, train, concurrency });
  if (schema !== undefined) return schema.document;
  throw new CogpackError('schema/project', `${path} names no model`, { hint: 'add run: run.py:Runner' });
}

async function documentOfImage(text: string, { store }: Flags): Promise<unknown> {
  const { findModel } = await import('../model/find.ts');
  const { schema } = await findModel(text, openStore(store), interruptSignal());
  if (schema !== undefined) return schema;
  throw new CogpackError('schema/project', `the image ${text} has no schema`, {
    hint: `its label ${schemaLabel} would hold it`,
  });
}

async function documentOfDescription(path: string, { store }: Flags): Promise<unknown> {
  const { graph, targets } = await evaluateLocked(path, { tlaStr: {}, store });
  const documents = targets.flatMap(({ digest }) => schemaOf(graph, digest) ?? []);
  if (new Set(documents.map(document => JSON.stringify(document))).size === 1) return documents[0];
  throw new CogpackError(
    'schema/project',
    `${path} describes ${documents.length === 0 ? 'no model with a schema' : 'several models'}`,
    { hint: 'name the Python file: cogpack schema predict.py:Predictor' },
  );
}

/** The folder that imports start at: the nearest one with a description of any kind, or else the file's own. */
function projectFolder(start: string): string {
  for (let dir = resolve(start); ; dir = dirname(dir)) {
    if (findInput(dir) !== undefined) return dir;
    if (dir === dirname(dir)) return resolve(start);
  }
}

function sourceOf(project: string): { readonly root: string; readonly readFile: ReadFile } {
  return {
    root: shownPath(project),
    readFile: path => {
      try {
        return readFileSync(join(project, path), 'utf8');
      } catch (error) {
        if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined;
        throw error;
      }
    },
  };
}
