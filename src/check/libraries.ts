// Whether every library that an ELF file names is found, with the symbol versions it needs. Each file is loaded, so to
// say: it, what it needs, what that needs, in the loader's order, where a name that is loaded already is not looked for
// again. What a file needs counts as found when it is found in one of these runs: as part of another's load a library
// has its loader's RPATH and finds what was loaded before it. docs/check.md tells the rules.
import { posix } from 'node:path';
import type { Elf } from '../formats/elf.ts';
import { isDriverLibrary } from './driver.ts';
import type { ImageFile, ImageFiles } from './image-files.ts';
import { type Loaded, type Loader, loadable } from './loader.ts';
import type { Machine } from './machine.ts';

/** How one need of one file ends. `assumed`: not by the loader, but the package has it and is to load it first. */
export type Outcome =
  | { readonly kind: 'found' | 'driver' }
  | { readonly kind: 'assumed'; readonly provider: string }
  | { readonly kind: 'version'; readonly missing: readonly string[]; readonly provider: ImageFile }
  | { readonly kind: 'missing'; readonly passedOver: string | undefined };

export type Need = { readonly file: ImageFile; readonly soname: string; readonly outcome: Outcome };

const rank: Readonly<Record<Outcome['kind'], number>> = {
  found: 4,
  driver: 4,
  assumed: 3,
  version: 2,
  missing: 1,
};

/** The needs of all files that the platform's loader could load, ordered by path as `files` is. */
export function resolveNeeds(files: ImageFiles, loader: Loader, machine: Machine): Need[] {
  const roots = [...files.files.values()].flatMap(file => {
    const elf = loadable(file);
    const isOurs = elf !== undefined && elf.machine === machine.number && elf.class === machine.class;
    return isOurs ? [{ path: file.path, file, elf, loader: undefined }] : [];
  });
  const outcomes = new Map<ImageFile, Map<string, Outcome>>();
  const note = (file: ImageFile, soname: string, outcome: Outcome): void => {
    let ofFile = outcomes.get(file);
    if (ofFile === undefined) {
      ofFile = new Map();
      outcomes.set(file, ofFile);
    }
    const before = ofFile.get(soname);
    if (before === undefined || rank[outcome.kind] > rank[before.kind]) ofFile.set(soname, outcome);
  };
  for (const root of roots) load(root, loader, note);
  const siblings = createSiblings(roots);
  return roots.flatMap(({ file }) =>
    [...(outcomes.get(file) ?? [])].map(([soname, outcome]) => {
      const provider = outcome.kind === 'missing' ? siblings(file, soname) : undefined;
      return { file, soname, outcome: provider === undefined ? outcome : { kind: 'assumed', provider } };
    }),
  );
}

/** Breadth-first, as the loader goes. */
function load(
  root: Loaded,
  loader: Loader,
  note: (file: ImageFile, soname: string, outcome: Outcome) => void,
): void {
  const loaded = new Map<string, Loaded>([[root.path, root]]);
  if (root.elf.soname !== undefined) loaded.set(root.elf.soname, root);
  const queue = [root];
  for (const object of queue) {
    for (const soname of object.elf.needed) {
      let provider = loaded.get(soname);
      if (provider === undefined) {
        const result = loader.find(soname, object);
        if (!('found' in result)) {
          const kind = isDriverLibrary(soname) ? 'driver' : 'missing';
          note(object.file, soname, kind === 'driver' ? { kind } : { kind, passedOver: result.passedOver });
          continue;
        }
        provider = loaded.get(result.found.file.path) ?? result.found;
        if (provider === result.found) queue.push(provider);
        loaded.set(soname, provider);
        loaded.set(provider.file.path, provider);
        if (provider.elf.soname !== undefined && !loaded.has(provider.elf.soname)) {
          loaded.set(provider.elf.soname, provider);
        }
      }
      const missing = missingVersions(object.elf, soname, provider.elf);
      note(
        object.file,
        soname,
        missing.length === 0 ? { kind: 'found' } : { kind: 'version', missing, provider: provider.file },
      );
    }
  }
}

/** A library without versions satisfies every version: the loader lets it pass. */
function missingVersions(elf: Elf, soname: string, provider: Elf): string[] {
  if (provider.versions.length === 0) return [];
  const defined = new Set(provider.versions);
  return elf.versionNeeds
    .filter(({ file }) => file === soname)
    .flatMap(({ versions }) => versions.filter(version => !defined.has(version)));
}

const pythonLibrary = /^libpython3[0-9.]*[a-z]*\.so/;
const sitePackages = /^(.*\/(?:site|dist)-packages)\//;

/**
 * A file that a program loads before the one in need: one of the same package, or of the same site-packages folder
 * (as torch's for torchvision), or the interpreter's own library.
 */
function createSiblings(all: readonly Loaded[]): (file: ImageFile, soname: string) => string | undefined {
  const byName = new Map<string, ImageFile[]>();
  for (const { file, elf } of all) {
    for (const name of new Set([elf.soname, posix.basename(file.path)])) {
      if (name !== undefined) byName.set(name, [...(byName.get(name) ?? []), file]);
    }
  }
  return (file, soname) => {
    const site = sitePackages.exec(file.path)?.[1];
    const provider = byName
      .get(posix.basename(soname))
      ?.find(
        other =>
          other !== file &&
          (pythonLibrary.test(soname) ||
            (file.owner !== undefined && other.owner === file.owner && other.layer === file.layer) ||
            (site !== undefined && other.path.startsWith(`${site}/`))),
      );
    return provider?.path;
  };
}
