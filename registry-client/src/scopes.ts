// The scopes of distribution's token specification that requests need.
import { apiRepository, type Repository } from './hosts.ts';

export type Access = 'pull' | 'push' | 'delete';

export function scopesFor(repository: Repository, access: Access): string[] {
  const actions = access === 'push' ? 'pull,push' : access;
  return [`repository:${apiRepository(repository).repository}:${actions}`];
}

export function pullScopes(repository: Repository): string[] {
  return scopesFor(repository, 'pull');
}

/** Pushing, and mounting blobs from other repositories of the same registry. */
export function pushScopes(repository: Repository, from: readonly string[] = []): string[] {
  const others = from.flatMap(name => scopesFor({ ...repository, repository: name }, 'pull'));
  return [...scopesFor(repository, 'push'), ...others];
}
