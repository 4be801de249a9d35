// Programs that are scripts: whether the interpreter that their first line names is in the image (execve(2), "Interpreter
// scripts"), and where that is /usr/bin/env, the program that env(1) is told to look for in PATH. Looked at are the
// programs of PATH's folders, by links too, and those that wheels put beside their environment's interpreter.
import { posix } from 'node:path';
import type { ImageFile, ImageFiles } from './image-files.ts';

export type BrokenScript = {
  readonly file: ImageFile;
  /** As the script names it: a path, or a name that is in no folder of PATH. */
  readonly interpreter: string;
};

/** PATH where an image sets none, as container runtimes do. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Ordered by path. `isOfWheel` tells the files of wheels. */
export function brokenScripts(
  files: ImageFiles,
  env: Readonly<Record<string, string>>,
  isOfWheel: (file: ImageFile) => boolean,
): BrokenScript[] {
  const folders = (env.PATH ?? defaultPath).split(':').filter(folder => folder.startsWith('/'));
  const programs = new Set<ImageFile>();
  const inPath = new Set(folders.flatMap(folder => files.folder(relative(folder)) ?? []));
  for (const file of files.files.values()) {
    if (file.script === undefined) continue;
    const folder = posix.dirname(file.path);
    const isBeside = posix.basename(folder) === 'bin' && !file.path.includes('-packages/') && isOfWheel(file);
    if (inPath.has(folder) || isBeside) programs.add(file);
  }
  for (const path of files.links) {
    const file = inPath.has(posix.dirname(path)) ? files.file(path) : undefined;
    if (file?.script !== undefined) programs.add(file);
  }
  const has = (name: string): boolean =>
    name.includes('/')
      ? files.file(relative(name)) !== undefined
      : [...inPath].some(folder => files.file(posix.join(folder, name)) !== undefined);
  return [...programs]
    .flatMap(file => {
      const missing = interpretersOf(file.script!).find(name => !has(name));
      return missing === undefined ? [] : [{ file, interpreter: missing }];
    })
    .sort((a, b) => (a.file.path < b.file.path ? -1 : 1));
}

/** `/usr/bin/env -S python3 -u` → `/usr/bin/env`, `python3`. One that is not absolute depends on where it is started from. */
export function interpretersOf(line: string): string[] {
  const [interpreter = '', ...words] = line.split(/[ \t]+/);
  if (!interpreter.startsWith('/')) return [];
  if (posix.basename(interpreter) !== 'env') return [interpreter];
  const rest = words.map(word => word.replace(/^(?:-S|-vS|--split-string=)(?=.)/, ''));
  const program = rest.find(
    (word, at) => !/^-|=/.test(word) && !/^(?:-u|-C|--unset|--chdir)$/.test(rest[at - 1] ?? ''),
  );
  return program === undefined || !/^[\w./+-]+$/.test(program) || /^[^/]+\//.test(program)
    ? [interpreter]
    : [interpreter, program];
}

function relative(path: string): string {
  return path.replace(/^\/+/, '').replace(/\/+$/, '');
}
