// Roots: what people built, so that a collection keeps it. One small file for each target of each description; the
// file's time is when it was last realised.
import { readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../base/canonical.ts';
import { digestSchema, sha256 } from '../base/digest.ts';
import { isSystemError } from '../base/error.ts';
import { writeFileAtomic } from '../base/files.ts';
import type { Store } from './store.ts';

const rootSchema = z.strictObject({
  /** The description's real path. */
  description: z.string(),
  target: z.string(),
  derivation: digestSchema,
});
export type Root = z.infer<typeof rootSchema>;
export type FoundRoot = Root & { readonly path: string; readonly usedMs: number };

/** Remembers that a target was realised just now. */
export function recordRoot(store: Store, root: Root): void {
  const name = sha256(canonicalJson([root.description, root.target])).slice(7, 39);
  const path = join(folder(store), `${name}.json`);
  const text = `${canonicalJson(root)}\n`;
  if (readOr(path) === text) utimesSync(path, new Date(), new Date());
  else writeFileAtomic(path, text);
}

/** The last used first. A file that is not a root is left out. */
export function readRoots(store: Store): FoundRoot[] {
  let names: string[];
  try {
    names = readdirSync(folder(store));
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
  const roots = names.flatMap(name => {
    const path = join(folder(store), name);
    const text = name.endsWith('.json') ? readOr(path) : undefined;
    if (text === undefined) return [];
    const root = rootSchema.safeParse(parse(text));
    return root.success ? [{ ...root.data, path, usedMs: statSync(path).mtimeMs }] : [];
  });
  return roots.sort((a, b) => b.usedMs - a.usedMs || (a.path < b.path ? -1 : 1));
}

export function removeRoot(root: FoundRoot): void {
  rmSync(root.path, { force: true });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

const folder = (store: Store): string => join(store.dir, 'cogpack', 'roots');
