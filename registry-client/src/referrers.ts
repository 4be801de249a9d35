// Referrers (distribution-spec "Listing Referrers"): the manifests whose subject is a given one. A registry that has
// no referrers API is served by the fallback: an index under the tag sha256-<hex> of the subject.

import { type Descriptor, maxManifestBytes, mediaTypes, parseManifest } from './descriptor.ts';
import { isRegistryError } from './error.ts';
import { apiUrl, type Repository } from './hosts.ts';
import type { Http } from './http.ts';
import { canonicalIndex } from './index-manifest.ts';
import { getManifest, type Manifest, putManifestBytes } from './manifests.ts';
import { type Access, pullScopes } from './scopes.ts';
import { nextPage } from './tags.ts';

/** The descriptors of what refers to `digest`, of one artifact type when it is given; with their annotations. */
export async function listReferrers(
  http: Http,
  repository: Repository,
  digest: string,
  artifactType?: string,
  signal?: AbortSignal,
): Promise<Descriptor[]> {
  const first = apiUrl(repository, `referrers/${digest}`);
  if (artifactType !== undefined) first.searchParams.set('artifactType', artifactType);
  const found: Descriptor[] = [];
  for (let url: URL | undefined = first; url !== undefined; ) {
    const ask = { method: 'GET', url, scopes: pullScopes(repository), expect: [200, 404], signal } as const;
    const answer = await http.read(ask, maxManifestBytes);
    if (answer.status === 404) {
      found.push(...((await fallbackIndex(http, repository, digest, signal))?.content.manifests ?? []));
      break;
    }
    found.push(...parseManifest(answer.bytes, mediaTypes.index, `referrers of ${digest}`).manifests);
    url = nextPage(answer.header('link'), url);
  }
  return artifactType === undefined ? found : found.filter(each => each.artifactType === artifactType);
}

/** Adds `referrer` to the fallback index of its subject, for a registry that does not list referrers itself. */
export async function addToFallback(
  http: Http,
  repository: Repository,
  referrer: Manifest,
  signal?: AbortSignal,
): Promise<void> {
  const { subject, artifactType, annotations } = referrer.content;
  if (subject === undefined) return;
  const listed =
    (await fallbackIndex(http, repository, subject.digest, signal, 'push'))?.content.manifests ?? [];
  if (listed.some(each => each.digest === referrer.descriptor.digest)) return;
  const entry = {
    ...referrer.descriptor,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations !== undefined && { annotations }),
  };
  const bytes = canonicalIndex([...listed, entry]);
  await putManifestBytes(http, repository, fallbackTag(subject.digest), bytes, mediaTypes.index, signal);
}

export function fallbackTag(digest: string): string {
  return digest.replace(':', '-');
}

async function fallbackIndex(
  http: Http,
  repository: Repository,
  digest: string,
  signal: AbortSignal | undefined,
  access: Access = 'pull',
): Promise<Manifest | undefined> {
  try {
    return await getManifest(http, repository, fallbackTag(digest), signal, access);
  } catch (error) {
    if (isRegistryError(error, 'not-found')) return undefined;
    throw error;
  }
}
