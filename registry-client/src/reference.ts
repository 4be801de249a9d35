// References to images: [http(s)://]host[:port]/repository[:tag][@digest], with the grammar of distribution-spec
// ("Pulling manifests") and of distribution/reference. The host is always written out: a bare name is an error that
// says so. Loopback hosts speak plain HTTP unless the reference begins with https://.
import { isDigest } from './digest.ts';
import { RegistryError } from './error.ts';

export type Reference = {
  readonly scheme: 'http' | 'https';
  /** Host and port as written; an IPv6 address has its brackets. */
  readonly host: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
};

export const repositoryPattern =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
export const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const hostPattern = /^(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::[0-9]{1,5})?$/i;

/** Throws `reference`; the message says which part is wrong and what it looks like when right. */
export function parseReference(text: string): Reference {
  const scheme = /^(https?):\/\//.exec(text);
  const rest = text.slice(scheme?.[0].length ?? 0);
  const slash = rest.indexOf('/');
  const host = rest.slice(0, Math.max(slash, 0));
  if (slash < 0 || !(scheme || looksLikeHost(host))) {
    throw wrong(
      text,
      'it has no registry host',
      `write the host too, such as 127.0.0.1:5000/${rest || 'name'}`,
    );
  }
  if (!hostPattern.test(host)) throw wrong(text, `"${host}" is not a host`, 'a host is name[:port]');

  const at = rest.indexOf('@');
  const digest = at < 0 ? undefined : rest.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) {
    throw wrong(text, `"${digest}" is not a digest`, 'a digest is sha256: and 64 hexadecimal digits');
  }
  const path = rest.slice(slash + 1, at < 0 ? undefined : at);
  const colon = path.lastIndexOf(':');
  const tag = colon < 0 ? undefined : path.slice(colon + 1);
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw wrong(text, `"${tag}" is not a tag`, 'a tag is up to 128 letters, digits, "_", "." and "-"');
  }
  const repository = colon < 0 ? path : path.slice(0, colon);
  checkRepository(repository, text);
  return {
    scheme: (scheme?.[1] as 'http' | 'https' | undefined) ?? (isLoopback(host) ? 'http' : 'https'),
    host,
    repository,
    tag,
    digest,
  };
}

export function formatReference(reference: Reference): string {
  const usual = isLoopback(reference.host) ? 'http' : 'https';
  const scheme = reference.scheme === usual ? '' : `${reference.scheme}://`;
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${scheme}${reference.host}/${reference.repository}${tag}${digest}`;
}

/** True for localhost, 127.0.0.0/8 and [::1], with or without a port. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:[0-9]+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || /^127\.[0-9]+\.[0-9]+\.[0-9]+$/.test(name);
}

export function checkRepository(repository: string, inside = repository): void {
  if (repositoryPattern.test(repository) && repository.length <= 255) return;
  const rule =
    'a repository is at most 255 lower-case letters, digits and single separators ("/", ".", "_", "-")';
  throw wrong(inside, `"${repository}" is not a repository`, rule);
}

// Docker's rule: the first part is a host when it could not be the first part of a repository's path.
function looksLikeHost(part: string): boolean {
  return part.includes('.') || part.includes(':') || part === 'localhost' || part !== part.toLowerCase();
}

function wrong(text: string, why: string, hint: string): RegistryError {
  return new RegistryError('reference', `not an image reference: "${text}": ${why}`, { hint });
}
