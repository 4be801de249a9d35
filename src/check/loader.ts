// Finds libraries as the dynamic loader of glibc does (ld.so(8), "Description" and "Rpath token expansion"): a name is
// looked for in the DT_RPATH of the file that needs it and of those that loaded it, unless that file has a DT_RUNPATH;
// then in LD_LIBRARY_PATH, in its own DT_RUNPATH, in the folders of /etc/ld.so.conf where the image has ld.so.cache,
// and in the folders that are built into the loader. Files of another machine or class are passed over.
import { posix } from 'node:path';
import type { Elf } from '../formats/elf.ts';
import type { ImageFile, ImageFiles } from './image-files.ts';
import type { Machine } from './machine.ts';

/** A loaded file: `path` as it was found, which is what $ORIGIN stands for. */
export type Loaded = {
  readonly path: string;
  readonly file: ImageFile;
  readonly elf: Elf;
  readonly loader: Loaded | undefined;
};

export type Loader = {
  /** The file for a name, or the path of one that is passed over because of its machine. */
  find(name: string, by: Loaded): { readonly found: Loaded } | { readonly passedOver: string | undefined };
  readonly systemFolders: readonly string[];
};

/** The ELF facts of a file that a loader could load. */
export function loadable(file: ImageFile | undefined): Elf | undefined {
  const elf = file?.elf;
  if (elf === undefined || 'fault' in elf) return undefined;
  return elf.type === 'shared' || elf.type === 'executable' ? elf : undefined;
}

export function createLoader(
  files: ImageFiles,
  machine: Machine,
  env: Readonly<Record<string, string>>,
): Loader {
  const libraryPath = split(env.LD_LIBRARY_PATH ?? '', /[:;]/);
  const cached = files.file('etc/ld.so.cache') === undefined ? [] : configuredFolders(files);
  const systemFolders = [...cached, ...builtInFolders(files, machine)];
  const known = new Map<string, ImageFile | undefined>();

  const lookUp = (path: string): ImageFile | undefined => {
    if (!known.has(path)) known.set(path, files.file(path));
    return known.get(path);
  };

  const candidates = function* (name: string, by: Loaded): Generator<string> {
    if (name.includes('/')) {
      if (name.startsWith('/')) yield name.slice(1);
      return;
    }
    const folders = function* () {
      if (by.elf.runpath === undefined) {
        for (let at: Loaded | undefined = by; at !== undefined; at = at.loader) {
          if (at.elf.runpath === undefined) yield* expand(at.elf.rpath, at, machine);
        }
      }
      for (const entry of libraryPath) yield* expand(entry, by, machine);
      yield* expand(by.elf.runpath, by, machine);
      yield* systemFolders;
    };
    for (const folder of folders()) yield `${folder}/${name}`;
  };

  return {
    systemFolders,
    find(name, by) {
      let passedOver: string | undefined;
      for (const path of candidates(name, by)) {
        const file = lookUp(path);
        const elf = loadable(file);
        if (file === undefined || elf === undefined) continue;
        if (elf.machine === machine.number && elf.class === machine.class) {
          return { found: { path, file, elf, loader: by } };
        }
        passedOver ??= file.path;
      }
      return { passedOver };
    },
  };
}

/** The folders of an RPATH, RUNPATH or LD_LIBRARY_PATH; those relative to the current folder are left out. */
function* expand(list: string | undefined, { path, file }: Loaded, machine: Machine): Generator<string> {
  if (list === undefined) return;
  for (const entry of split(list, /:/)) {
    // A file that is found through a link has its origin where it was found; Python opens it by that path too.
    const origins = path === file.path ? [path] : [path, file.path];
    for (const origin of entry.includes('ORIGIN') ? origins : [path]) {
      const folder = entry
        .replace(/\$(?:ORIGIN\b|\{ORIGIN\})/g, `/${posix.dirname(origin)}`)
        .replace(/\$(?:LIB\b|\{LIB\})/g, `lib/${machine.triple}`)
        .replace(/\$(?:PLATFORM\b|\{PLATFORM\})/g, machine.platformToken);
      // Not normalized: `..` after a link leads out of the link's target.
      if (folder.startsWith('/')) yield folder.replace(/^\/+/, '').replace(/\/+$/, '');
    }
  }
}

function split(list: string, separator: RegExp): string[] {
  return list.split(separator).filter(entry => entry !== '');
}

/** Debian's loader knows the multiarch folders; that of other distributions lib64. */
function builtInFolders(files: ImageFiles, { triple, class: elfClass }: Machine): string[] {
  const isMultiarch = files.folder(`usr/lib/${triple}`) !== undefined;
  const multiarch = isMultiarch ? [`lib/${triple}`, `usr/lib/${triple}`] : [];
  const wide = elfClass === 64 && !isMultiarch ? ['lib64', 'usr/lib64'] : [];
  return [...multiarch, ...wide, 'lib', 'usr/lib'];
}

/** The folders of /etc/ld.so.conf (ldconfig(8)), whose libraries stand in /etc/ld.so.cache. */
function configuredFolders(files: ImageFiles): string[] {
  const seen = new Set<string>();
  const read = (path: string): string[] => {
    if (seen.has(path)) return [];
    seen.add(path);
    return (files.file(path)?.text ?? '').split('\n').flatMap(line => {
      const text = line.replace(/#.*/, '').trim();
      const include = /^include\s+(.+)$/.exec(text)?.[1];
      if (include === undefined) return text.startsWith('/') ? [text.replace(/^\/+|\/+$/g, '')] : [];
      return matching(files, posix.resolve(`/${posix.dirname(path)}`, include).slice(1)).flatMap(read);
    });
  };
  return read('etc/ld.so.conf');
}

function matching(files: ImageFiles, pattern: string): string[] {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  const expression = new RegExp(`^${escaped}$`);
  return [...files.files.keys()].filter(path => expression.test(path)).sort();
}
