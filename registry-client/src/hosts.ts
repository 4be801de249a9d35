// What is special about hosts: Docker Hub's API is on another host than its name, its official images are under
// library/, and its credentials are kept under the URL of an older protocol.
import type { Reference } from './reference.ts';

export type Repository = Pick<Reference, 'scheme' | 'host' | 'repository'>;

const hub = 'docker.io';
const hubApi = 'registry-1.docker.io';
const hubCredentials = 'https://index.docker.io/v1/';

/** The repository as the registry's API names it. */
export function apiRepository({ scheme, host, repository }: Repository): Repository {
  if (host !== hub) return { scheme, host, repository };
  return {
    scheme,
    host: hubApi,
    repository: repository.includes('/') ? repository : `library/${repository}`,
  };
}

/** `/v2/<repository>/<path>` of a repository. */
export function apiUrl(repository: Repository, path: string): URL {
  const { scheme, host, repository: name } = apiRepository(repository);
  return new URL(`${scheme}://${host}/v2/${name}/${path}`);
}

/** The keys that may hold a host's credentials, the most particular first (podman's keys may name a repository). */
export function configKeys(host: string, repository: string): string[] {
  if (host === hub || host === hubApi) return [...pathKeys(hub, repository), hub, hubCredentials];
  return [
    ...pathKeys(host, repository),
    host,
    `https://${host}`,
    `https://${host}/v2/`,
    `https://${host}/v1/`,
    `http://${host}`,
  ];
}

/** The one key under which a credential store keeps a host. */
export function serverKey(host: string): string {
  return host === hub || host === hubApi ? hubCredentials : host;
}

function pathKeys(host: string, repository: string): string[] {
  const parts = repository === '' ? [] : repository.split('/');
  return parts.map((_, index) => [host, ...parts.slice(0, parts.length - index)].join('/'));
}
