// The tags of a repository, page after page (distribution-spec "Listing Tags").
import { isRecord } from './descriptor.ts';
import { RegistryError } from './error.ts';
import { apiUrl, type Repository } from './hosts.ts';
import { type Http, nameOf } from './http.ts';
import { pullScopes } from './scopes.ts';

const maxPageBytes = 8 << 20;

/** In the registry's order. Throws `not-found` for a repository that is not there. */
export async function* listTags(
  http: Http,
  repository: Repository,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  for (let url: URL | undefined = apiUrl(repository, 'tags/list'); url !== undefined; ) {
    const ask = { method: 'GET', url, scopes: pullScopes(repository), expect: [200], signal } as const;
    const answer = await http.read(ask, maxPageBytes);
    yield* tagsOf(answer.bytes, nameOf('GET', url));
    url = nextPage(answer.header('link'), url);
  }
}

/** RFC 8288: the target of the link whose relation is `next`, on the same origin. */
export function nextPage(header: string | undefined, from: URL): URL | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(header ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, from)) return undefined;
  const url = new URL(target, from);
  if (url.origin === from.origin && url.href !== from.href) return url;
  throw new RegistryError(
    'protocol',
    `${nameOf('GET', from)}: the next page is said to be at ${url.origin}${url.pathname}`,
  );
}

function tagsOf(bytes: Buffer, request: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (cause) {
    throw new RegistryError('protocol', `${request}: the list of tags is not JSON`, { cause, request });
  }
  const tags = isRecord(value) ? (value.tags ?? []) : undefined;
  if (Array.isArray(tags) && tags.every(tag => typeof tag === 'string')) return tags;
  throw new RegistryError('protocol', `${request}: the answer holds no list of tags`, { request });
}
