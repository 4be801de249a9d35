// The Simple repository API of Python indexes: a project's page lists its files (PEP 503 in HTML, PEP 691 in JSON),
// with their hashes where the index knows them. A page is asked for once in a client's life.
import { z } from 'zod';
import { CogpackError } from '../base/error.ts';
import { shownUrl } from './credentials.ts';
import type { HttpClient } from './http.ts';

export type IndexFile = {
  readonly filename: string;
  readonly url: URL;
  /** 64 hexadecimal digits, if the index states them. */
  readonly sha256: string | undefined;
  readonly size: number | undefined;
};

export type SimpleIndex = {
  /** The files of a project; undefined when the index has no such project. Throws `fetch/index` and as `getBytes`. */
  files(index: string, project: string, signal?: AbortSignal): Promise<readonly IndexFile[] | undefined>;
};

const maxPage = 256 * 2 ** 20;
const accept =
  'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1';

export function createSimpleIndex(http: HttpClient): SimpleIndex {
  const pages = new Map<string, Promise<readonly IndexFile[] | undefined>>();
  return {
    files(index, project, signal) {
      const url = projectUrl(index, project);
      const known = pages.get(url.href);
      if (known !== undefined) return known;
      const page = readPage(http, url, signal);
      pages.set(url.href, page);
      page.catch(() => pages.delete(url.href));
      return page;
    },
  };
}

/** PEP 503: lower case, runs of `-`, `_` and `.` as one `-`. */
export function normalizedProject(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

function projectUrl(index: string, project: string): URL {
  if (!URL.canParse(index)) {
    throw new CogpackError('fetch/index', `the Python index "${shownUrl(index)}" is not a URL`, {
      hint: 'mend it where it is configured: the environment, uv.toml or pip.conf',
    });
  }
  const url = new URL(index);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${encodeURIComponent(normalizedProject(project))}/`;
  return url;
}

async function readPage(
  http: HttpClient,
  url: URL,
  signal: AbortSignal | undefined,
): Promise<readonly IndexFile[] | undefined> {
  const page = await http.getBytes(url, { signal, limit: maxPage, headers: { accept } });
  if (page === undefined) return undefined;
  const text = page.bytes.toString('utf8');
  const files = page.contentType.includes('json') ? filesOfJson(text, page.url) : filesOfHtml(text, page.url);
  if (files === undefined) {
    throw new CogpackError('fetch/index', `${shownUrl(url)} answers with what is no page of a Python index`, {
      hint: 'check the URL of the index: it usually ends with /simple',
    });
  }
  return files.map(file => ({ ...file, url: withLogin(file.url, url) }));
}

const jsonPage = z.object({
  files: z.array(
    z.object({
      filename: z.string(),
      url: z.string(),
      hashes: z.record(z.string(), z.string()),
      size: z.number().optional(),
    }),
  ),
});

/** PEP 691; undefined for JSON that is no such page. */
export function filesOfJson(text: string, base: URL): IndexFile[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const page = jsonPage.safeParse(value);
  return page.data?.files.flatMap(({ filename, url, hashes, size }) =>
    URL.canParse(url, base.href) ? [{ filename, url: new URL(url, base), sha256: hashes.sha256, size }] : [],
  );
}

/** PEP 503: one anchor for each file, its hash in the fragment of its URL. */
export function filesOfHtml(text: string, page: URL): IndexFile[] {
  const baseHref = /<base\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(text);
  const base = new URL(entities(baseHref?.[1] ?? baseHref?.[2] ?? ''), page);
  const files: IndexFile[] = [];
  for (const match of text.matchAll(/<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')[^>]*>([^<]*)</gi)) {
    const href = entities(match[1] ?? match[2] ?? '');
    if (!URL.canParse(href, base.href)) continue;
    const url = new URL(href, base);
    const sha256 = /(?:^#|&)sha256=([0-9a-f]{64})/i.exec(url.hash)?.[1]?.toLowerCase();
    url.hash = '';
    const filename = entities(match[3]!).trim() || decodeURIComponent(url.pathname.split('/').pop()!);
    files.push({ filename, url, sha256, size: undefined });
  }
  return files;
}

function entities(text: string): string {
  return text
    .replace(/&#x([0-9a-f]{1,6});|&#(\d{1,7});/gi, (_, hex, decimal) =>
      String.fromCodePoint(Math.min(hex ? Number.parseInt(hex, 16) : Number(decimal), 0x10_ffff)),
    )
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}

// Files that an index keeps on its own host are asked for with the index's own login.
function withLogin(file: URL, index: URL): URL {
  if (file.origin !== index.origin || file.username !== '') return file;
  const url = new URL(file);
  url.username = index.username;
  url.password = index.password;
  return url;
}
