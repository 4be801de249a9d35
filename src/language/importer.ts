// Where imports are found. A path is relative to the file that imports it, then to each library folder. Symbolic links
// are resolved before it is checked that a file is inside the project, a library folder or the stdlib.
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { didYouMean } from '../base/did-you-mean.ts';
import { isSystemError } from '../base/error.ts';

export type ImportedFile = {
  /** The real path; a file is evaluated once for each. */
  readonly path: string;
  /** As messages name it. */
  readonly shown: string;
  readonly bytes: Buffer;
  readonly library: boolean;
};

export type ImportResult = ImportedFile | { readonly problem: string; readonly hint?: string };

export type Importer = {
  /** `from` is the real path of the importing file, `shownFrom` its name in messages. */
  find(path: string, from: string, shownFrom: string): ImportResult;
  /** The real paths of the files that were read, in order. */
  readonly read: readonly string[];
};

export type ImporterOptions = {
  /** Imports stay inside this folder (and those below); undefined for no bound. */
  readonly root?: string | undefined;
  readonly libraryPaths: readonly string[];
  /** The folder of `import 'cogpack'`. */
  readonly stdlib?: string | undefined;
};

/** Finds imports in the file system. */
export function projectImporter({ root, libraryPaths, stdlib }: ImporterOptions): Importer {
  const read: string[] = [];
  const allowed = [root, ...libraryPaths, stdlib].flatMap(folder =>
    folder === undefined ? [] : [realOf(folder) ?? resolve(folder)],
  );
  const library = stdlib === undefined ? undefined : realOf(stdlib);

  const load = (candidate: string, shown: string): ImportResult | undefined => {
    const real = realOf(candidate);
    if (real === undefined || !statSync(real).isFile()) return undefined;
    if (root !== undefined && !allowed.some(folder => isInside(real, folder))) {
      return {
        problem: `${shown} is outside the project`,
        hint: 'imports stay inside the project, the library paths and the stdlib',
      };
    }
    read.push(real);
    return {
      path: real,
      shown,
      bytes: readFileSync(real),
      library: library !== undefined && isInside(real, library),
    };
  };

  return {
    read,
    find(path, from, shownFrom) {
      if (library !== undefined && path === 'cogpack')
        return load(join(library, 'cogpack.libsonnet'), 'cogpack.libsonnet')!;
      if (isAbsolute(path)) return load(path, path) ?? notFound(path, []);
      const beside = load(join(folderOf(from), path), join(dirname(shownFrom), path));
      if (beside !== undefined) return beside;
      for (const folder of libraryPaths) {
        const found = load(join(folder, path), join(folder, path));
        if (found !== undefined) return found;
      }
      return notFound(path, libraryPaths, nearestFile(join(folderOf(from), path), path));
    },
  };
}

function notFound(path: string, libraryPaths: readonly string[], near?: string): ImportResult {
  const where = libraryPaths.length > 0 ? ' or a library path' : '';
  return {
    problem: `there is no file ${path} beside this one${where}`,
    hint: near === undefined ? 'a path is relative to the file that imports it' : `did you mean ${near}?`,
  };
}

// The file of that folder whose name is nearest, as the import would name it.
function nearestFile(wanted: string, path: string): string | undefined {
  const folder = dirname(wanted);
  if (path.startsWith('..') || realOf(folder) === undefined) return undefined;
  const near = didYouMean(basename(wanted), readdirSync(folder).sort());
  return near && join(dirname(path), near);
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function realOf(path: string): string | undefined {
  if (path.includes('\0')) return undefined;
  try {
    return realpathSync(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
}

// A text that is in no file is named by its folder, with a slash at the end.
const folderOf = (from: string): string => (from.endsWith(sep) ? from : dirname(from));
