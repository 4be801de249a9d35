// Paths inside archives and images: relative, `/` between names, nothing that could leave the root.

/** Why a path is not safe inside a root, or undefined when it is: `a/b`, without a trailing slash. */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'it is empty';
  if (path.startsWith('/')) return 'it is absolute';
  if (path.includes('\0')) return 'it has a NUL character';
  if (path.includes('\ufffd')) return 'it is not UTF-8';
  if (!path.isWellFormed()) return 'it has half a surrogate pair';
  if (Buffer.byteLength(path) > 4095) return 'it is longer than 4,095 bytes';
  for (const name of path.split('/')) {
    if (name === '') return 'it has an empty name';
    if (name === '.' || name === '..') return `it has "${name}" in it`;
    if (name.length > 63 && Buffer.byteLength(name) > 255) return 'it has a name longer than 255 bytes';
  }
  return undefined;
}

/** The folders above a path, outermost first: `a/b/c` → `a`, `a/b`. */
export function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    parents.push(path.slice(0, slash));
  }
  return parents;
}

/** Orders by the paths' UTF-8 bytes. */
export function comparePaths(a: string, b: string): number {
  if (isAscii(a) && isAscii(b)) return a < b ? -1 : a > b ? 1 : 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}
