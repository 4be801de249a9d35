// From a location to URLs that may hold its bytes, the likeliest first.
import { hexOf, isDigest } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { pathFault } from '../formats/paths.ts';
import { archiveRoots, type FetchConfig } from './config.ts';
import { shownUrl } from './credentials.ts';
import type { Http } from './http.ts';
import type { Location } from './location.ts';
import { type IndexFile, projectFiles, projectUrl } from './python-index.ts';

export type NetworkLocation = Exclude<Location, { kind: 'file' | 'image' }>;
export type Wanted = { readonly sha256: string; readonly size: number; readonly name: string };
/** The page of a project in an index, each asked for once. */
export type Pages = (index: string, project: string, name: string) => Promise<readonly IndexFile[]>;

/** Throws `fetch/location`, `fetch/not-found`, `fetch/sha256`, and as the network does. */
export async function urlsOf(
  location: NetworkLocation,
  wanted: Wanted,
  config: FetchConfig,
  pages: Pages,
): Promise<readonly URL[]> {
  switch (location.kind) {
    case 'url':
      return [httpUrl(location.url, wanted.name)];
    case 'debian': {
      const fault = pathFault(location.filename);
      if (fault !== undefined) {
        throw new CogpackError(
          'fetch/location',
          `${wanted.name}: ${JSON.stringify(location.filename)} is no path in an archive: ${fault}`,
        );
      }
      return archiveRoots(config, location.archive).map(
        root => new URL(`${root}/${escapePath(location.filename)}`),
      );
    }
    case 'python':
      return [await findInIndexes(location, wanted, config, pages)];
  }
}

export function createPages(http: Http, signal: AbortSignal): Pages {
  const known = new Map<string, Promise<readonly IndexFile[]>>();
  return (index, project, name) => {
    const key = projectUrl(index, project).href;
    let page = known.get(key);
    if (page === undefined) {
      page = projectFiles(http, index, project, { name, signal });
      known.set(key, page);
      page.catch(() => known.delete(key));
    }
    return page;
  };
}

/** An http or https URL. Throws `fetch/location`. */
export function httpUrl(text: string, name: string): URL {
  if (URL.canParse(text)) {
    const url = new URL(text);
    if (url.protocol === 'https:' || url.protocol === 'http:') return url;
  }
  throw new CogpackError('fetch/location', `${name}: ${shownUrl(text)} is no http or https URL`);
}

async function findInIndexes(
  { project, filename, index }: Extract<Location, { kind: 'python' }>,
  { sha256, name }: Wanted,
  config: FetchConfig,
  pages: Pages,
): Promise<URL> {
  const { extra, main } = index === undefined ? config.pythonIndexes() : { extra: [], main: index };
  const indexes = [...extra, main];
  let other: string | undefined;
  for (const candidate of indexes) {
    const files = await filesOrNone(pages(candidate, project, name));
    const file = files.find(found => found.filename === filename);
    if (file === undefined) continue;
    if (file.sha256 === undefined || (isDigest(sha256) && file.sha256 === hexOf(sha256))) {
      return withLogin(new URL(file.url), candidate);
    }
    other = `${name}: ${shownUrl(projectUrl(candidate, project))} has ${filename} with sha256:${file.sha256}; expected ${sha256}`;
  }
  if (other !== undefined) {
    throw new CogpackError('fetch/sha256', other, {
      hint: 'if the file was replaced there on purpose: cogpack lock --update python',
    });
  }
  throw new CogpackError(
    'fetch/not-found',
    `${name}: ${filename} is not on the page of ${project} in ${indexes.map(shownUrl).join(', ')}`,
    { hint: 'it may have been deleted: cogpack lock --update python' },
  );
}

async function filesOrNone(page: Promise<readonly IndexFile[]>): Promise<readonly IndexFile[]> {
  try {
    return await page;
  } catch (error) {
    if (error instanceof CogpackError && error.code === 'fetch/not-found') return [];
    throw error;
  }
}

/** Files on the index's own host need the login that its URL was written with. */
export function withLogin(url: URL, index: string): URL {
  const { origin, username, password } = new URL(index);
  if (url.origin === origin && url.username === '') {
    url.username = username;
    url.password = password;
  }
  return url;
}

function escapePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
