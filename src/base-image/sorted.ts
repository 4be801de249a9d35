// What the readers of an image share: orders and folders.
import { posix } from 'node:path';

/** By the code units of the keys, one after the other. */
export function sortedBy<T>(list: readonly T[], keys: (item: T) => readonly string[]): T[] {
  return list.toSorted((a, b) => {
    const [left, right] = [keys(a), keys(b)];
    const at = left.findIndex((key, index) => key !== right[index]);
    return at < 0 ? 0 : left[at]! < right[at]! ? -1 : 1;
  });
}

/** The folder of a path in an image. */
export function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === '.' ? '' : folder;
}
