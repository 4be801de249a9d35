// Where a wheel's files go in a virtual environment (packaging.python.org, binary distribution format, "Installing a
// wheel"), and what the wheel must be for that: safe names, plain files, one place each.
import { posix } from 'node:path';
import { CogpackError } from '../base/error.ts';
import { pathFault } from '../formats/paths.ts';
import type { ZipEntry } from '../formats/zip.ts';

/** A virtual environment's folders, relative to the image's root. */
export type Venv = {
  readonly prefix: string;
  readonly bin: string;
  readonly site: string;
  readonly include: string;
};

/** `/opt/venv` and `3.11` → its folders. Pure and platform libraries share one. */
export function venvOf(prefix: string, python: string): Venv {
  const root = prefix.slice(1);
  return {
    prefix: root,
    bin: `${root}/bin`,
    site: `${root}/lib/python${python}/site-packages`,
    include: `${root}/include/site/python${python}`,
  };
}

export type PlacedEntry = { readonly entry: ZipEntry; readonly path: string; readonly isScript: boolean };

const typeBits = 0o170_000;
const regularFile = 0o100_000;

/**
 * The place of every file of a wheel; folder entries are left out. `distribution` names its folder of headers.
 * Throws `wheel/path` and `wheel/scheme`, naming the wheel and the entry.
 */
export function placeEntries(
  wheel: string,
  entries: readonly ZipEntry[],
  venv: Venv,
  distribution: string,
): PlacedEntry[] {
  const places = new Map<string, string>();
  return entries.flatMap(entry => {
    const isFolder = checkEntry(wheel, entry);
    if (isFolder) return [];
    const placed = placeOf(wheel, entry, venv, distribution);
    const other = places.get(placed.path);
    if (other !== undefined) {
      throw new CogpackError('wheel/path', `${wheel}: ${other} and ${entry.name} both go to /${placed.path}`);
    }
    places.set(placed.path, entry.name);
    return [placed];
  });
}

/** True for a folder. */
function checkEntry(wheel: string, { name, mode }: ZipEntry): boolean {
  const isFolder = name.endsWith('/');
  // Elsewhere a backslash is a character like others; in a zip it may be meant as Windows' separator.
  const path = isFolder ? name.slice(0, -1) : name;
  const fault = path.includes('\\') ? 'it has a backslash' : pathFault(path);
  if (fault !== undefined) {
    throw new CogpackError(
      'wheel/path',
      `${wheel}: entry ${JSON.stringify(name)} is not a safe path: ${fault}`,
    );
  }
  const type = mode & typeBits;
  if (!isFolder && type !== 0 && type !== regularFile) {
    const kind = type === 0o120_000 ? 'a symbolic link' : 'no regular file';
    throw new CogpackError(
      'wheel/path',
      `${wheel}: entry ${name} is ${kind}; a wheel holds regular files only`,
    );
  }
  return isFolder;
}

function placeOf(wheel: string, entry: ZipEntry, venv: Venv, distribution: string): PlacedEntry {
  const [top = '', scheme = '', ...rest] = entry.name.split('/');
  if (!top.endsWith('.data')) return { entry, path: `${venv.site}/${entry.name}`, isScript: false };
  const roots: Readonly<Record<string, string>> = {
    purelib: venv.site,
    platlib: venv.site,
    scripts: venv.bin,
    headers: `${venv.include}/${distribution}`,
    data: venv.prefix,
  };
  const root = Object.hasOwn(roots, scheme) ? roots[scheme] : undefined;
  if (root === undefined || rest.length === 0) {
    const expected = Object.keys(roots).join(', ');
    throw new CogpackError(
      'wheel/scheme',
      `${wheel}: entry ${entry.name} lies in none of ${top}'s folders ${expected}`,
    );
  }
  return { entry, path: `${root}/${rest.join('/')}`, isScript: scheme === 'scripts' };
}

/** As pip does: scripts, and regular files that the zip marks as executable. */
export function isExecutable({ entry, isScript }: PlacedEntry): boolean {
  return isScript || ((entry.mode & typeBits) === regularFile && (entry.mode & 0o111) !== 0);
}

/** A path as RECORD has it: relative to site-packages. */
export function recordPath(venv: Venv, path: string): string {
  return posix.relative(`/${venv.site}`, `/${path}`);
}
