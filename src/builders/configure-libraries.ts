// Which libraries /etc/ld.so.cache has to name (ldconfig(8), ld.so.conf(5)): those in the folders of
// /etc/ld.so.conf.d/*.conf, in the order of the files' names, then those in the loader's built-in folders. No cache is
// needed while the configured folders that hold libraries are built in, as nearly all of Debian's are.
import { posix } from 'node:path';
import type { Machine } from '../check/machine.ts';
import { type CachedLibrary, loaderCache } from '../formats/loader-cache.ts';
import { comparePaths } from '../formats/paths.ts';
import { type SystemFiles, usrPath } from './configure-files.ts';

const maxLinks = 8;

/** True for a file's path in an image where a loader's configuration stands. */
export function isLoaderConfiguration(path: string): boolean {
  return /^etc\/ld\.so\.conf\.d\/[^/]+\.conf$/.test(path);
}

/** True for a name that ldconfig takes for a library's. */
export function isLibraryName(name: string): boolean {
  return /^(?:lib|ld-).*\.so(?:\.|$)/.test(name);
}

/** The bytes of /etc/ld.so.cache; undefined when the loader finds all without it. */
export function loaderCacheOf(files: SystemFiles, machine: Machine): Buffer | undefined {
  const builtIn = [`/lib/${machine.triple}`, `/usr/lib/${machine.triple}`, '/lib', '/usr/lib'];
  const isBuiltIn = new Set(builtIn.map(usrPath));
  const configured = configuredFolders(files);
  const byFolder = librariesByFolder(files, machine);
  if (!configured.some(folder => !isBuiltIn.has(usrPath(folder)) && byFolder.has(usrPath(folder)))) {
    return undefined;
  }
  const libraries = [...configured, ...builtIn].flatMap(folder =>
    (byFolder.get(usrPath(folder)) ?? []).map((name): CachedLibrary => ({ name, path: `${folder}/${name}` })),
  );
  return loaderCache(libraries, machine.number);
}

function configuredFolders(files: SystemFiles): string[] {
  const paths = [...files.contents.keys()].filter(isLoaderConfiguration).sort(comparePaths);
  return paths
    .flatMap(path => files.contents.get(path)!.toString('utf8').split('\n'))
    .map(line => line.replace(/#.*/, '').trim())
    .filter(line => line.startsWith('/'))
    .map(line => posix.normalize(line).replace(/(.)\/$/, '$1'));
}

/** Names by the folder's path in the image, in the order of their bytes. */
function librariesByFolder(files: SystemFiles, machine: Machine): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const path of [...files.entries.keys()].sort(comparePaths)) {
    const { dir, base } = posix.parse(path);
    if (!isLibraryName(base) || machineBehind(files, path) !== machine.number) continue;
    const names = folders.get(dir) ?? [];
    names.push(base);
    folders.set(dir, names);
  }
  return folders;
}

function machineBehind(files: SystemFiles, path: string): number | undefined {
  let at = path;
  for (let links = 0; links <= maxLinks; links += 1) {
    const entry = files.entries.get(at);
    if (entry?.type !== 'link') return entry?.type === 'file' ? entry.machine : undefined;
    at = usrPath(posix.resolve(`/${posix.dirname(at)}`, entry.target));
  }
  return undefined;
}
