// How messages name a file: from the folder in which the command runs, where it is below that.
import { relative, resolve } from 'node:path';

export function shownPath(file: string): string {
  const path = relative(process.cwd(), resolve(file));
  return path === '' || path.startsWith('..') ? resolve(file) : path;
}
