// From a location to the places where its bytes may lie on this machine's network, the first choice first. Places are
// found one at a time, so that a second index is asked only when the first does not have the file.
import { realpathSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CogpackError } from '../base/error.ts';
import { pathFault } from '../formats/paths.ts';
import type { FetchConfig } from './config.ts';
import { shownUrl } from './credentials.ts';
import type { Location } from './location.ts';
import type { SimpleIndex } from './simple-index.ts';

/** What is fetched: bytes fixed by hash and size, under a name for messages. */
export type Expected = {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly size: number;
  readonly name: string;
};

/** URLs (http, https or file). Throws `fetch/index-file` when an index states another hash than the lock. */
export async function* sourcesOf(
  location: Location,
  expected: Expected,
  config: FetchConfig,
  simple: SimpleIndex,
  signal: AbortSignal,
): AsyncGenerator<URL> {
  switch (location.kind) {
    case 'python':
      yield* filesOnIndexes(location, expected, config, simple, signal);
      return;
    case 'debian':
      checkPath(location.filename, expected);
      for (const mirror of config.debianMirrors(location.archive)) {
        yield checkedUrl(
          `${mirror}/${location.filename.split('/').map(encodeURIComponent).join('/')}`,
          expected,
        );
      }
      return;
    case 'url':
      yield checkedUrl(location.url, expected);
      return;
    case 'file':
      yield pathToFileURL(insideProject(location.path, expected, config));
  }
}

async function* filesOnIndexes(
  location: Extract<Location, { kind: 'python' }>,
  expected: Expected,
  config: FetchConfig,
  simple: SimpleIndex,
  signal: AbortSignal,
): AsyncGenerator<URL> {
  for (const index of indexesFor(location.index, config)) {
    const files = await simple.files(index, location.project, signal);
    const file = files?.find(({ filename }) => filename === location.filename);
    if (file === undefined) continue;
    if (file.sha256 !== undefined && file.sha256 !== expected.sha256) {
      throw new CogpackError(
        'fetch/index-file',
        `${location.filename}: the lock has sha256 ${expected.sha256}; the index ${shownUrl(index)} has ${file.sha256}`,
        { hint: 'the index serves another file than the one that was locked: find out why, then lock again' },
      );
    }
    yield file.url;
  }
}

function* indexesFor(chosen: string | undefined, config: FetchConfig): Generator<string> {
  if (chosen !== undefined) {
    yield chosen;
    return;
  }
  const { extra, default: last } = config.pythonIndexes();
  yield* extra;
  yield last;
}

function checkedUrl(text: string, { name }: Expected): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ['http:', 'https:', 'file:'].includes(url.protocol)) return url;
  throw new CogpackError('fetch/location', `${name}: ${shownUrl(text)} is not an http, https or file URL`);
}

function checkPath(path: string, { name }: Expected): void {
  const fault = pathFault(path);
  if (fault !== undefined) {
    throw new CogpackError(
      'fetch/location',
      `${name}: ${JSON.stringify(path)} is no path in an archive: ${fault}`,
    );
  }
}

function insideProject(path: string, { name }: Expected, { project }: FetchConfig): string {
  const file = resolve(project, path);
  const inside = (target: string, root: string) =>
    target === root || target.startsWith(root.replace(/\/?$/, sep));
  if (inside(file, project) && (!exists(file) || inside(realpathSync(file), realpathSync(project))))
    return file;
  throw new CogpackError('fetch/location', `${name}: ${path} is not in the project`, {
    hint: 'put the file into the project and name it relative to the description',
  });
}

function exists(file: string): boolean {
  try {
    realpathSync(file);
    return true;
  } catch {
    return false;
  }
}
