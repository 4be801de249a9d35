// Manifests by tag or digest (distribution-spec "Pulling manifests", "Pushing manifests"): read whole, bounded, and
// verified against their digest. Pushing one that has a subject also sees to its referrers.

import type { Descriptor, ManifestContent } from './descriptor.ts';
import { maxManifestBytes, mediaTypes, parseManifest } from './descriptor.ts';
import { algorithmOf, digestOf, isDigest } from './digest.ts';
import { isRegistryError, RegistryError } from './error.ts';
import { apiUrl, type Repository } from './hosts.ts';
import { type Facts, type Http, nameOf } from './http.ts';
import { tagPattern } from './reference.ts';
import { pause } from './retry.ts';
import { type Access, scopesFor } from './scopes.ts';

export type Manifest = {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
  readonly content: ManifestContent;
};

const accept = Object.values(mediaTypes).join(', ');

/** The descriptor of a manifest, or undefined when it is not there. The digest is what the registry states. */
export async function headManifest(
  http: Http,
  repository: Repository,
  tagOrDigest: string,
  signal?: AbortSignal,
  access: Access = 'pull',
): Promise<Descriptor | undefined> {
  const answer = await http.send({
    method: 'HEAD',
    url: manifestUrl(repository, tagOrDigest),
    headers: { accept },
    scopes: scopesFor(repository, access),
    expect: [200, 404],
    signal,
  });
  if (answer.status === 404) return undefined;
  const digest = answer.header('docker-content-digest') ?? (isDigest(tagOrDigest) ? tagOrDigest : undefined);
  const mediaType = typeOf(answer);
  const size = Number(answer.header('content-length'));
  if (digest !== undefined && isDigest(digest) && mediaType && Number.isSafeInteger(size)) {
    return { mediaType, digest, size };
  }
  return (await getManifest(http, repository, tagOrDigest, signal, access)).descriptor;
}

/** Throws `not-found`, `digest` when the bytes are not those asked for, `protocol` when they are no manifest. */
export async function getManifest(
  http: Http,
  repository: Repository,
  tagOrDigest: string,
  signal?: AbortSignal,
  access: Access = 'pull',
): Promise<Manifest> {
  const url = manifestUrl(repository, tagOrDigest);
  const name = nameOf('GET', url);
  const scopes = scopesFor(repository, access);
  const ask = { method: 'GET', url, headers: { accept }, scopes, expect: [200], signal } as const;
  const answer = await http.read(ask, maxManifestBytes);
  const expected = isDigest(tagOrDigest) ? tagOrDigest : answer.header('docker-content-digest');
  const digest = digestOf(answer.bytes, algorithmOf(expected ?? ''));
  if (expected !== undefined && expected !== digest) {
    throw new RegistryError('digest', `${name}: expected ${expected}, found ${digest}`, { request: name });
  }
  const content = parseManifest(answer.bytes, typeOf(answer), `${name}: ${digest}`);
  const descriptor = { mediaType: content.mediaType, digest, size: answer.bytes.length };
  return { descriptor, bytes: answer.bytes, content };
}

// A registry's own opinion of a manifest does not change, so that it is asked a few times only.
const mostTries = 4;

/**
 * Stores a manifest under a tag, or under its digest; sent again where other bytes arrived. True in `subjectTaken` when
 * the registry lists its referrers itself.
 */
export async function putManifestBytes(
  http: Http,
  repository: Repository,
  tagOrDigest: string,
  bytes: Uint8Array,
  mediaType: string,
  signal?: AbortSignal,
): Promise<{ digest: string; subjectTaken: boolean }> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await putOnce(http, repository, tagOrDigest, bytes, mediaType, signal);
    } catch (error) {
      const refused = isRegistryError(error, 'rejected') && error.status === 400;
      const damaged = refused || isRegistryError(error, 'digest');
      if (!damaged || tries >= Math.min(mostTries, http.retry.attempts)) throw error;
      await pause(http.retry, tries, error, signal);
    }
  }
}

async function putOnce(
  http: Http,
  repository: Repository,
  tagOrDigest: string,
  bytes: Uint8Array,
  mediaType: string,
  signal: AbortSignal | undefined,
): Promise<{ digest: string; subjectTaken: boolean }> {
  const url = manifestUrl(repository, tagOrDigest);
  const digest = digestOf(bytes, algorithmOf(tagOrDigest));
  const answer = await http.send({
    method: 'PUT',
    url,
    headers: { 'content-type': mediaType, 'content-length': String(bytes.length) },
    body: () => bytes,
    scopes: scopesFor(repository, 'push'),
    expect: [201, 202],
    signal,
  });
  const found = answer.header('docker-content-digest') ?? digest;
  if (found !== digest) {
    throw new RegistryError(
      'digest',
      `${nameOf('PUT', url)}: sent ${digest}, the registry names it ${found}`,
    );
  }
  return { digest, subjectTaken: answer.header('oci-subject') !== undefined };
}

function manifestUrl(repository: Repository, tagOrDigest: string): URL {
  if (!tagPattern.test(tagOrDigest) && !isDigest(tagOrDigest)) {
    throw new RegistryError('reference', `"${tagOrDigest}" is neither a tag nor a digest`);
  }
  return apiUrl(repository, `manifests/${tagOrDigest}`);
}

function typeOf(answer: Pick<Facts, 'header'>): string | undefined {
  return answer.header('content-type')?.split(';')[0]?.trim() || undefined;
}
