// A Python index (packaging.python.org, "Simple repository API"): the page of a project lists its files, as JSON
// (PEP 691) or HTML (PEP 503).
import { z } from 'zod';
import { CogpackError } from '../base/error.ts';
import { normalName } from '../formats/wheel-metadata.ts';
import { shownUrl } from './credentials.ts';
import { type GetOptions, type Http, readAll } from './http.ts';

export type IndexFile = {
  readonly filename: string;
  readonly url: string;
  /** In hexadecimal, in lower case, when the page states it. */
  readonly sha256: string | undefined;
  /** In bytes, when the page states it. */
  readonly size: number | undefined;
};

const accept = [
  'application/vnd.pypi.simple.v1+json',
  'application/vnd.pypi.simple.v1+html;q=0.2',
  'text/html;q=0.1',
].join(', ');
const largestPage = 128 * 2 ** 20;

const pageSchema = z.object({
  files: z.array(
    z.object({
      filename: z.string(),
      url: z.string(),
      hashes: z.record(z.string(), z.string()).default({}),
      size: z.number().optional(),
    }),
  ),
});

/** The URL of a project's page. */
export function projectUrl(index: string, project: string): URL {
  const url = new URL(index);
  url.pathname = `${url.pathname.replace(/\/*$/, '')}/${normalName(project)}/`;
  return url;
}

/** The files of a project in an index, in the page's order. Throws as `Http.get` does, and `fetch/index`. */
export async function projectFiles(
  http: Http,
  index: string,
  project: string,
  options: Omit<GetOptions, 'accept'>,
): Promise<readonly IndexFile[]> {
  const body = await http.get(projectUrl(index, project), { ...options, accept });
  const text = (await readAll(body, options.name, largestPage)).toString('utf8');
  return body.type.endsWith('json') ? filesOfJson(text, body.url) : filesOfHtml(text, body.url);
}

/** The files on a JSON page that was found at `base`. */
export function filesOfJson(text: string, base: string): IndexFile[] {
  let page: z.infer<typeof pageSchema>;
  try {
    page = pageSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CogpackError('fetch/index', `${shownUrl(base)} is not the page of a Python index`, {
      hint: 'check the URL of the index: it often ends in /simple',
      cause,
    });
  }
  return page.files.map(({ filename, url, hashes, size }) => ({
    filename,
    url: new URL(url, base).href,
    sha256: hashes.sha256?.toLowerCase(),
    size,
  }));
}

/** The files on an HTML page that was found at `base`: each is a link, its hash in the link's fragment. */
export function filesOfHtml(text: string, base: string): IndexFile[] {
  const root = attribute(/<base\b([^>]*)>/i.exec(text)?.[1] ?? '', 'href');
  const files: IndexFile[] = [];
  for (const [, attributes = '', inner = ''] of text.matchAll(/<a\b([^>]*)>([\s\S]*?)<\/a\s*>/gi)) {
    const href = attribute(attributes, 'href');
    if (href === undefined || !URL.canParse(href, base)) continue;
    const url = new URL(href, root === undefined ? base : new URL(root, base));
    const sha256 = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash)?.[1]?.toLowerCase();
    url.hash = '';
    files.push({ filename: unescaped(inner.trim()), url: url.href, sha256, size: undefined });
  }
  return files;
}

function attribute(attributes: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(
    attributes,
  );
  const value = match?.[1] ?? match?.[2] ?? match?.[3];
  return value === undefined ? undefined : unescaped(value);
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return named[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
