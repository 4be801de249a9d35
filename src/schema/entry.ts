// The function that answers in a Python file that is named alone: the one class with run() or predict(), or the one
// function of such a name; else the same for train().
import { CogpackError } from '../base/error.ts';
import type { Mode } from './callable.ts';
import { loadFile, memberOf, openProject, type ReadFile } from './project.ts';
import { loadPython } from './tree.ts';

export type Entry = { readonly reference: string; readonly mode: Mode };

const methods: Readonly<Record<Mode, readonly string[]>> = { predict: ['run', 'predict'], train: ['train'] };

/** What a file's model is served by. Throws `schema/file`, `schema/syntax`, `schema/not-found`. */
export async function findEntry(file: string, readFile: ReadFile, root: string): Promise<Entry> {
  const project = openProject(await loadPython(), readFile, root);
  const module = loadFile(project, file);
  if (module === undefined) {
    throw new CogpackError('schema/file', `${file} is not in the project`, { hint: 'name a Python file' });
  }
  for (const mode of ['predict', 'train'] as const) {
    const names = [...module.definitions].flatMap(([name, definition]) => {
      if (definition.kind === 'function') return methods[mode].includes(name) ? [name] : [];
      if (definition.kind !== 'class') return [];
      const owner = { kind: 'defined', definition, module } as const;
      return methods[mode].some(method => memberOf(project, owner, method) !== undefined) ? [name] : [];
    });
    if (names.length > 1) {
      throw new CogpackError('schema/not-found', `${file} has several models: ${names.join(', ')}`, {
        hint: `say which one: ${file}:${names[0]}`,
      });
    }
    if (names[0] !== undefined) return { reference: `${file}:${names[0]}`, mode };
  }
  throw new CogpackError(
    'schema/not-found',
    `${file} has no class with run() or predict(), and no such function`,
    {
      hint: 'name another file, or add the method',
    },
  );
}
