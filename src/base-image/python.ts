// The Python of an image: interpreters, the virtual environment it works in, and distributions (packaging.python.org,
// "Recording installed projects"; PEP 405 for pyvenv.cfg).
import type { ImageFiles } from '../check/image-files.ts';
import { normalName } from '../formats/wheel-metadata.ts';
import type { BaseMetadata } from './metadata.ts';
import { interpreterBinary, sitePackages } from './places.ts';
import { folderOf, sortedBy } from './sorted.ts';

type Env = BaseMetadata['env'];

/**
 * A program `bin/python3.N` with its standard library beside it. Its full version stands in the program or in libpython;
 * where neither tells it, Debian's package does.
 */
export function pythonsOf(tree: ImageFiles, debian: BaseMetadata['debian']): BaseMetadata['pythons'] {
  const found: { version: string; path: string }[] = [];
  for (const [path, file] of tree.files) {
    const minor = interpreterBinary.exec(path)?.[1];
    if (minor === undefined || !file.executable || !path.endsWith(`bin/python${minor}`)) continue;
    const prefix = folderOf(folderOf(path));
    const inPrefix = (rest: string) => (prefix === '' ? rest : `${prefix}/${rest}`);
    if (tree.file(inPrefix(`lib/python${minor}/os.py`)) === undefined) continue;
    const library = [...tree.files.values()].find(
      each => each.text !== undefined && each.path.endsWith(`/libpython${minor}.so.1.0`),
    );
    const own = tree.file(inPrefix(`lib/libpython${minor}.so.1.0`)) ?? library;
    const packaged = debian.find(({ name }) => name === `python${minor}-minimal`)?.version;
    const version = file.text ?? own?.text ?? /^3\.\d+\.\d+/.exec(packaged ?? '')?.[0];
    if (version !== undefined) found.push({ version, path: `/${path}` });
  }
  return sortedBy(found, ({ path }) => [path]);
}

export function venvOf(tree: ImageFiles, env: Env): BaseMetadata['venv'] {
  const venvs = [...tree.files.values()].flatMap(({ path, text }) => {
    if (text === undefined || !/(?:^|\/)pyvenv\.cfg$/.test(path)) return [];
    const python = /^version(?:_info)?\s*=\s*(3\.\d+)/m.exec(text)?.[1];
    return python === undefined ? [] : [{ path: `/${folderOf(path)}`, python }];
  });
  const wanted = [
    env.VIRTUAL_ENV ?? '',
    ...(env.PATH ?? '').split(':').map(each => each.replace(/\/bin\/*$/, '')),
  ];
  const used = wanted.flatMap(path => venvs.find(venv => venv.path === real(tree, path)) ?? [])[0];
  return used ?? (venvs.length === 1 ? venvs[0] : undefined);
}

/** Distributions in folders that an interpreter searches by custom, and in those of PYTHONPATH. */
export function packagesOf(tree: ImageFiles, env: Env): BaseMetadata['packages'] {
  const searched = new Set((env.PYTHONPATH ?? '').split(':').map(path => real(tree, path)));
  const found = new Map<string, BaseMetadata['packages'][number]>();
  for (const [file, { text }] of tree.files) {
    const place = /^(.*)\/[^/]+(?:\.dist-info\/METADATA|\.egg-info(?:\/PKG-INFO)?)$/.exec(`/${file}`)?.[1];
    if (text === undefined || place === undefined || !(sitePackages.test(place) || searched.has(place)))
      continue;
    const [name = '', version = ''] = text.split('\n');
    if (name === '' || version === '') continue;
    const item = { name: normalName(name), version, path: place };
    found.set(`${item.name} ${place} ${version}`, item);
  }
  return sortedBy([...found.values()], ({ name, path, version }) => [name, path, version]);
}

/** A path with its links followed; as it is where there is no such folder. */
function real(tree: ImageFiles, path: string): string {
  if (!path.startsWith('/')) return path;
  const folder = tree.folder(path);
  return folder === undefined ? path : `/${folder}`;
}
