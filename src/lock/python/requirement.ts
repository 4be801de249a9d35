// One requirement of a request: PEP 508, a wheel's path, or a wheel's URL, with the hashes that it may be pinned by.
import { CogpackError } from '../../base/error.ts';
import { normalName, parseWheelName } from '../../formats/wheel-metadata.ts';

/** `sha256:…`; undefined when any file will do. */
export type PinnedHashes = readonly string[];
export type Requirement = {
  /** In the normal form; empty where the text does not say it. */
  readonly name: string;
  /** For uv, without hashes. */
  readonly text: string;
  readonly hashes: PinnedHashes | undefined;
};

/** Throws `lock/requirement` for options, repositories and folders, which no wheel comes from. */
export function readRequirement(line: string): Requirement {
  const text = line.trim();
  const refuse = (what: string, hint: string) =>
    new CogpackError('lock/requirement', `the requirement "${shown(text)}" ${what}`, { hint });
  if (text.startsWith('-')) {
    throw refuse('is an option of pip, not a package', 'take it out, or say it in the description');
  }
  if (/(^|@\s*)(git|hg|svn|bzr)\+/.test(text)) {
    throw refuse(
      'is a repository',
      'build a wheel of it (pip wheel), put it into the project and require its path',
    );
  }
  if (/\.(tar\.(gz|bz2|xz)|tgz|zip)(?=[#?;\s]|$)/.test(text)) {
    throw refuse(
      'is a source distribution, and these are not built',
      'build a wheel of it (pip wheel), put it into the project and require its path',
    );
  }
  if (/^\.{1,2}(\/|$|\[)/.test(text) && !/\.whl(?=[;\s[]|$)/.test(text)) {
    throw refuse(
      'is a folder',
      "take it out: the project's files are in the image; or build a wheel of it (pip wheel) and require its path",
    );
  }
  if (/^[\w.-]+\s*(\[[^\]]*\])?\s*=(?!=)/.test(text)) {
    throw refuse('has a single =', 'write == before a version');
  }
  const hashes = [...text.matchAll(/\s--hash=(\S+)/g)].map(match => match[1]!.toLowerCase());
  const pinned = hashes.filter(hash => hash.startsWith('sha256:'));
  if (hashes.length > 0 && pinned.length === 0) {
    throw refuse('is pinned by hashes of which none is a sha256', 'add the sha256 of the wheel');
  }
  const plain = text.replace(/\s--hash=\S+/g, '').trim();
  return { name: nameOf(plain), text: plain, hashes: hashes.length === 0 ? undefined : pinned };
}

function nameOf(text: string): string {
  const file = /([^/\s]+\.whl)(?:[#?;\s]|$)/.exec(text)?.[1];
  const named = /^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:@|[<>=!~;]|\(|$)/.exec(text)?.[1];
  const name = text.includes('@') || file === undefined ? named : parseWheelName(file)?.name;
  return normalName(name ?? '');
}

function shown(text: string): string {
  return text.replace(/\/\/[^/@\s]*@/g, '//');
}
