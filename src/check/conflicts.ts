// Files that two packages write to one path with different bytes: only one of them can be there, and the other package
// is broken.
import type { NamedSummary } from './image-files.ts';
import type { SummaryFile } from './summary.ts';

export type PathConflict = {
  readonly path: string;
  /** Two or more, in the image's order; the last one stands in the image. */
  readonly packages: readonly string[];
};

type Written = { readonly file: SummaryFile; readonly package: string; readonly isWheel: boolean };

/** Those that a wheel has a part in, ordered by path: Debian's packages are kept apart by their own relations. */
export function pathConflicts(layers: readonly NamedSummary[]): PathConflict[] {
  const written = new Map<string, Written[]>();
  for (const { summary } of layers) {
    for (const entry of summary.entries) {
      const owner =
        entry.type === 'file' && entry.owner !== undefined ? summary.owners[entry.owner] : undefined;
      if (entry.type !== 'file' || owner === undefined) continue;
      const before = written.get(entry.path);
      const one = { file: entry, package: `${owner.name} (${owner.kind})`, isWheel: owner.kind === 'wheel' };
      if (before === undefined) written.set(entry.path, [one]);
      else before.push(one);
    }
  }
  return [...written]
    .filter(([, files]) => files.some(({ isWheel }) => isWheel))
    .filter(([, files]) => new Set(files.map(({ file }) => `${file.crc} ${file.size}`)).size > 1)
    .map(([path, files]) => ({ path: `/${path}`, packages: [...new Set(files.map(file => file.package))] }))
    .filter(({ packages }) => packages.length > 1)
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
