// Which package a file of a layer belongs to: wheels say so in <name>.dist-info/RECORD (packaging.python.org, "Recording
// installed projects"), Debian packages in the md5sums beside their status. Where two packages list one path, the
// first of them is taken to have brought its first occurrence, as layers are joined in that order.
import { posix } from 'node:path';
import { normalName, parseRecord } from '../formats/wheel-metadata.ts';
import type { Owner } from './summary.ts';

const recordPattern = /^(.*?)([^/]+)-[^-/]+\.dist-info\/RECORD$/;
const md5sumsPattern =
  /^var\/lib\/dpkg\/(?:status\.d|info)\/([a-z0-9][a-z0-9.+-]*)(?::[a-z0-9-]+)?\.md5sums$/;
const mergedFolder = /^(?:s?bin|lib(?:32|64|o32|x32)?)\//;

/** True for a file whose content `readOwner` reads. */
export function isOwnerList(path: string): boolean {
  return path.endsWith('.dist-info/RECORD') || md5sumsPattern.test(path);
}

/** The package that a list at `path` is of, and its files' paths in the image. */
export function readOwner(
  path: string,
  text: string,
): { readonly owner: Owner; readonly paths: readonly string[] } | undefined {
  const record = recordPattern.exec(path);
  if (record !== null) {
    const [, folder = '', name = ''] = record;
    const lines = parseRecord(text) ?? [];
    const paths = lines.map(line => posix.join(folder, line.path));
    return { owner: { kind: 'wheel', name: normalName(name) }, paths };
  }
  const deb = md5sumsPattern.exec(path)?.[1];
  if (deb === undefined) return undefined;
  const paths = text.split('\n').flatMap(line => {
    const file = /^[0-9a-f]{32} {2}(.+)$/.exec(line)?.[1];
    return file === undefined ? [] : [mergedFolder.test(file) ? `usr/${file}` : file];
  });
  return { owner: { kind: 'deb', name: deb }, paths };
}
