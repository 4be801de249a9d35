// Where apt gets Debian's packages from: sources.list(5), both the one-line form and deb822. Only entries that carry
// Debian's own suites and its `main` component count; other vendors' repositories on the machine are left alone.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../base/error.ts';
import { parseStanzas } from '../formats/control.ts';

export type AptSource = {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
};

/** Root URLs of an archive (`debian`, `debian-security`), in apt's own order. */
export function aptMirrors(sources: readonly AptSource[], archive: string): string[] {
  const suite = archive === 'debian-security' ? securitySuite : debianSuite;
  const uris = sources
    .filter(({ suites, components }) => components.includes('main') && suites.some(name => suite.test(name)))
    .flatMap(source => source.uris)
    .filter(uri => /^(https?|file):/.test(uri))
    .map(uri => uri.replace(/\/+$/, ''));
  // A mirror is named after the archive; another repository with a suite of the same name seldom is.
  const isNamed = (uri: string) => uri.endsWith(`/${archive}`);
  return [...new Set([...uris.filter(isNamed), ...uris.filter(uri => !isNamed(uri))])];
}

const codenames =
  'buster|bullseye|bookworm|trixie|forky|duke|sid|oldoldstable|oldstable|stable|testing|unstable';
const debianSuite = new RegExp(`^(${codenames})(-updates|-backports)?$`);
const securitySuite = new RegExp(`^(${codenames})(-security|/updates)$`);

/** Reads /etc/apt, or another such folder; without one there are no sources. */
export function readAptSources(dir = '/etc/apt'): AptSource[] {
  const parts = namesIn(join(dir, 'sources.list.d'));
  return [
    ...parseList(readIfThere(join(dir, 'sources.list'))),
    ...parts.flatMap(name => {
      const text = readIfThere(join(dir, 'sources.list.d', name));
      if (name.endsWith('.list')) return parseList(text);
      return name.endsWith('.sources') ? parseDeb822(text) : [];
    }),
  ];
}

/** `deb [options] URI SUITE COMPONENT…`, one on a line. */
export function parseList(text: string): AptSource[] {
  return text.split('\n').flatMap(line => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) return [];
    return [{ uris: [match[1]!], suites: [match[2]!], components: words(match[3]!) }];
  });
}

/** Stanzas with Types, URIs, Suites, Components. */
export function parseDeb822(text: string): AptSource[] {
  return parseStanzas(text).flatMap(stanza => {
    const field = (name: string) => words(stanza.get(name) ?? '');
    if (/^(no|false|0)$/i.test(stanza.get('enabled') ?? '') || !field('types').includes('deb')) return [];
    return [{ uris: field('uris'), suites: field('suites'), components: field('components') }];
  });
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(word => word !== '');
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return [];
    throw error;
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return '';
    throw error;
  }
}
