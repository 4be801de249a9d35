// The file system that an image's layers give, one over the other (image-spec layer.md): later entries stand over
// earlier ones, whiteouts remove, links are followed inside the image. Paths are relative to its root.
import { posix } from 'node:path';
import type { Summary, SummaryEntry, SummaryFile } from './summary.ts';

/** A layer's summary, and what to call the layer: its line of the image's history. */
export type NamedSummary = { readonly name: string; readonly summary: Summary };

export type ImageFile = SummaryFile & {
  /** An index into the layers. */
  readonly layer: number;
};

export type ImageFiles = {
  /** Every regular file (hard links too), by its own path. */
  readonly files: ReadonlyMap<string, ImageFile>;
  /** The paths of links. */
  readonly links: readonly string[];
  /** The file that a path leads to through links; undefined for a folder, a broken link, or nothing. */
  file(path: string): ImageFile | undefined;
  /** The path of a folder with its links followed; undefined when it is none. A folder may be empty. */
  folder(path: string): string | undefined;
};

type Node =
  | ImageFile
  | { readonly type: 'folder' | 'other'; readonly path: string; readonly layer: number }
  | { readonly type: 'link'; readonly path: string; readonly layer: number; readonly target: string };

const maxLinks = 40;
const whiteout = '.wh.';
const opaque = '.wh..wh..opq';

export function imageFiles(layers: readonly NamedSummary[]): ImageFiles {
  const nodes = new Map<string, Node>();
  for (const [index, { summary }] of layers.entries()) addLayer(nodes, summary.entries, index);
  const files = new Map<string, ImageFile>();
  const links: string[] = [];
  for (const [path, node] of nodes) {
    if (node.type === 'file') files.set(path, node);
    else if (node.type === 'link') links.push(path);
  }

  const folders = impliedFolders(nodes);
  const resolved = new Map<string, string | undefined>();
  const resolve = (path: string): string | undefined => {
    if (resolved.has(path)) return resolved.get(path);
    const result = follow(nodes, path);
    resolved.set(path, result);
    return result;
  };
  return {
    files,
    links,
    file(path) {
      const real = resolve(path);
      return real === undefined ? undefined : files.get(real);
    },
    folder(path) {
      const real = resolve(path);
      if (real === undefined || real === '') return real;
      return nodes.get(real)?.type === 'folder' || folders.has(real) ? real : undefined;
    },
  };
}

function addLayer(nodes: Map<string, Node>, entries: readonly SummaryEntry[], layer: number): void {
  const parents = new Map<string, string>();
  const placeOf = (path: string): string => {
    const { dir, base } = posix.parse(path);
    let parent = parents.get(dir);
    if (parent === undefined) {
      parent = follow(nodes, dir) ?? dir;
      parents.set(dir, parent);
    }
    return parent === '' ? base : `${parent}/${base}`;
  };
  for (const { path } of entries) {
    const { dir, base } = posix.parse(path);
    if (base === opaque) remove(nodes, placeOf(`${dir}/x`).slice(0, -2), false);
    else if (base.startsWith(whiteout)) {
      remove(nodes, placeOf(posix.join(dir, base.slice(whiteout.length))), true);
      parents.clear();
    }
  }
  for (const entry of entries) {
    if (posix.basename(entry.path).startsWith(whiteout)) continue;
    const path = placeOf(entry.path);
    const before = nodes.get(path);
    if (before?.type === 'folder' && entry.type !== 'folder') remove(nodes, path, true);
    if (before?.type === 'link' || entry.type === 'link') parents.clear();
    switch (entry.type) {
      case 'hard link': {
        const target = nodes.get(placeOf(entry.target));
        if (target?.type === 'file') nodes.set(path, { ...target, path, layer });
        break;
      }
      case 'link':
        nodes.set(path, { type: 'link', path, layer, target: entry.target });
        break;
      case 'file':
        nodes.set(path, { ...entry, path, layer });
        break;
      default:
        nodes.set(path, { type: entry.type, path, layer });
    }
  }
}

function remove(nodes: Map<string, Node>, path: string, itself: boolean): void {
  if (itself) nodes.delete(path);
  const below = path === '' ? '' : `${path}/`;
  for (const other of [...nodes.keys()]) if (other.startsWith(below)) nodes.delete(other);
}

/** A path without links on it, `''` for the root; undefined when links lead round in a circle or out of sight. */
function follow(nodes: ReadonlyMap<string, Node>, path: string): string | undefined {
  const names = path.split('/').reverse();
  let real = '';
  let links = 0;
  while (names.length > 0) {
    const name = names.pop()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      real = real.includes('/') ? real.slice(0, real.lastIndexOf('/')) : '';
      continue;
    }
    const next = real === '' ? name : `${real}/${name}`;
    const node = nodes.get(next);
    if (node?.type !== 'link') {
      real = next;
      continue;
    }
    links += 1;
    if (links > maxLinks) return undefined;
    if (node.target.startsWith('/')) real = '';
    names.push(...node.target.split('/').reverse());
  }
  return real;
}

/** Folders that have no entry of their own. */
function impliedFolders(nodes: ReadonlyMap<string, Node>): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const path of nodes.keys()) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return folders;
}
