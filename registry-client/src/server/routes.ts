// Which handler answers what: the end points of distribution-spec "API". Names and digests are checked here, so that
// handlers and the folder only ever see well-formed ones.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { repositoryPattern, tagPattern } from '../reference.ts';
import { Refusal, sendJson } from './answer.ts';
import { deleteBlob, getBlob } from './blobs.ts';
import { type Call, checkDigest, type Site } from './call.ts';
import { getReferrers, getTags } from './lists.ts';
import { deleteManifest, getManifest, putManifest } from './manifests.ts';
import { beginUpload, cancelUpload, finishUpload, patchUpload, statusOfUpload } from './upload-requests.ts';

type Handler = (call: Call) => Promise<void>;
type Route = {
  /** After the repository's name, with `target` as its group. */
  readonly path: RegExp;
  readonly target: 'digest' | 'reference' | 'any';
  readonly methods: Readonly<Record<string, Handler>>;
};

const routes: readonly Route[] = [
  { path: /^blobs\/uploads\/?$/, target: 'any', methods: { POST: beginUpload } },
  {
    path: /^blobs\/uploads\/([^/]+)$/,
    target: 'any',
    methods: { GET: statusOfUpload, PATCH: patchUpload, PUT: finishUpload, DELETE: cancelUpload },
  },
  {
    path: /^blobs\/([^/]+)$/,
    target: 'digest',
    methods: { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob },
  },
  {
    path: /^manifests\/([^/]+)$/,
    target: 'reference',
    methods: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  },
  { path: /^tags\/list$/, target: 'any', methods: { GET: getTags } },
  { path: /^referrers\/([^/]+)$/, target: 'digest', methods: { GET: getReferrers } },
];
const reading = ['GET', 'HEAD'];
const split =
  /^\/v2\/(.+)\/(blobs\/uploads\/?|blobs\/uploads\/[^/]+|blobs\/[^/]+|manifests\/[^/]+|tags\/list|referrers\/[^/]+)$/;
const longestUrl = 4096;

export function createRoutes(
  site: Site,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const url = parseUrl(request.url ?? '');
    if (url.pathname === '/v2/' || url.pathname === '/v2') return sendJson(response, {});
    const match = split.exec(url.pathname);
    const [, repository, rest] = match ?? [];
    if (repository === undefined || rest === undefined) {
      throw new Refusal(404, 'UNSUPPORTED', `there is nothing at ${url.pathname.slice(0, 200)}`);
    }
    if (!repositoryPattern.test(repository) || repository.length > 255) {
      throw new Refusal(400, 'NAME_INVALID', 'the name of the repository is not well-formed');
    }
    const route = routes.find(each => each.path.test(rest))!;
    const target = route.path.exec(rest)?.[1] ?? '';
    const method = request.method ?? '';
    const handler = Object.hasOwn(route.methods, method) ? route.methods[method] : undefined;
    const allow = Object.keys(route.methods).join(', ');
    if (handler === undefined) throw new Refusal(405, 'UNSUPPORTED', `${method} is not for this`, { allow });
    if (site.readOnly && !reading.includes(method)) {
      throw new Refusal(405, 'UNSUPPORTED', 'this registry is read-only', { allow: reading.join(', ') });
    }
    checkTarget(route, target);
    await handler({ site, request, response, repository, target, query: url.searchParams });
  };
}

function parseUrl(text: string): URL {
  const base = 'http://registry';
  if (text.length <= longestUrl && text.startsWith('/') && URL.canParse(base + text))
    return new URL(base + text);
  throw new Refusal(400, 'UNSUPPORTED', 'the address is not well-formed');
}

function checkTarget(route: Route, target: string): void {
  if (route.target === 'digest') checkDigest(target);
  if (route.target === 'reference' && target.includes(':')) checkDigest(target);
  if (route.target === 'reference' && !target.includes(':') && !tagPattern.test(target)) {
    throw new Refusal(404, 'MANIFEST_UNKNOWN', 'the tag is not well-formed');
  }
}
