// Where this machine finds Debian's archives: an explicit mirror (--debian-mirror, $COGPACK_DEBIAN_MIRROR), else apt's
// sources: sources.list, *.list (one line a source) and *.sources (deb822), as sources.list(5) describes them.
// An archive goes by the name of its root's last folder: `debian`, `debian-security`.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseStanzas } from '../formats/control.ts';

/** The roots of each archive, in the order in which they are tried; no URL ends with a slash. */
export type DebianArchives = ReadonlyMap<string, readonly string[]>;

type Source = {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly signedBy: string;
};

const securityName = 'debian-security';

/** Archives of `mirror` when it is given, else of the apt configuration in `aptDir`. */
export function readDebianArchives(mirror: string | undefined, aptDir = '/etc/apt'): DebianArchives {
  if (mirror) return ofMirror(mirror.replace(/\/+$/, ''));
  const archives = new Map<string, string[]>();
  for (const { uris, suites, signedBy } of sourcesOf(aptDir)) {
    for (const uri of uris.flatMap(mirrorList)) {
      const name = archiveOf(uri, suites, signedBy);
      if (name === undefined) continue;
      const known = archives.get(name) ?? [];
      if (!known.includes(uri)) archives.set(name, [...known, uri]);
    }
  }
  return archives;
}

/** A mirror of Debian has the security archive beside it. */
function ofMirror(mirror: string): DebianArchives {
  return new Map([
    ['debian', [mirror]],
    [securityName, [`${mirror}-security`]],
  ]);
}

function archiveOf(uri: string, suites: readonly string[], signedBy: string): string | undefined {
  const name = /\/([^/]+)$/.exec(uri)?.[1];
  if (name === 'debian' || name === securityName) return name;
  if (!signedBy.includes('debian-archive-keyring')) return undefined;
  return suites.some(suite => /-security$|\/updates$/.test(suite)) ? securityName : 'debian';
}

function sourcesOf(aptDir: string): Source[] {
  const parts = join(aptDir, 'sources.list.d');
  const names = list(parts).sort();
  return [
    ...oneLineSources(read(join(aptDir, 'sources.list'))),
    ...names.filter(name => name.endsWith('.list')).flatMap(name => oneLineSources(read(join(parts, name)))),
    ...names
      .filter(name => name.endsWith('.sources'))
      .flatMap(name => deb822Sources(read(join(parts, name)))),
  ];
}

/** `deb [option=value …] URI suite component…` */
export function oneLineSources(text: string): Source[] {
  return text.split('\n').flatMap(line => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)/.exec(line.replace(/#.*/, ''));
    if (match === null) return [];
    const [, options = '', uri = '', suite = ''] = match;
    return [{ uris: [trimmed(uri)], suites: [suite], signedBy: /signed-by=(\S+)/.exec(options)?.[1] ?? '' }];
  });
}

export function deb822Sources(text: string): Source[] {
  return parseStanzas(text).flatMap(stanza => {
    const words = (field: string) => (stanza.get(field) ?? '').split(/\s+/).filter(word => word !== '');
    if (
      !words('types').includes('deb') ||
      /^(no|false|0|off|without|disable)$/i.test(stanza.get('enabled') ?? '')
    )
      return [];
    return [
      { uris: words('uris').map(trimmed), suites: words('suites'), signedBy: stanza.get('signed-by') ?? '' },
    ];
  });
}

function trimmed(uri: string): string {
  return uri.replace(/\/+$/, '');
}

/** `mirror+file:/path` stands for the URIs in that file, one on a line (apt-transport-mirror(1)). */
function mirrorList(uri: string): string[] {
  const file = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1];
  const uris =
    file === undefined
      ? [uri]
      : read(file)
          .split('\n')
          .map(line => trimmed(line.replace(/#.*/, '').trim().split(/\s+/)[0]!));
  return uris.filter(found => /^https?:\/\//.test(found));
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
