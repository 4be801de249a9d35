// Which packages an empty system needs for some to be installed: what `apt-get install --no-install-recommends` would
// take. Alternatives are tried in the order in which apt prefers them; one that leads to a conflict is given up for the
// next. Depth first: a dependency's own dependencies come before its siblings, as in apt. A package is taken together
// with all that it cannot do without, so that a choice which cannot stand is given up where it is made.
import { CogpackError } from '../../base/error.ts';
import type { Package, PackageSet } from './packages.ts';
import { type Alternatives, type Dependency, showAlternatives, showDependency } from './relations.ts';
import { satisfies } from './version.ts';

const mostSteps = 200_000;

/** A package of a base image. */
export type Installed = { readonly name: string; readonly version: string };

/**
 * Wanted packages are names, or `name=version`. What is to be added to `installed`, sorted by name. Throws
 * `debian/unknown`, `debian/unsolvable`.
 */
export function solve(
  wanted: readonly string[],
  set: PackageSet,
  architecture: string,
  installed: readonly Installed[] = [],
): Package[] {
  const search: Search = {
    set,
    architecture,
    chosen: new Map(),
    required: new Map(),
    provided: new Map(),
    installed: new Map(installed.map(each => [each.name, asMember(each, set)])),
    steps: 0,
    failure: undefined,
  };
  for (const each of search.installed.values()) {
    require(each, search);
    search.chosen.set(each.name, each);
  }
  const roots = wanted.flatMap(text => rootOf(text, search) ?? []);
  let pending: Pending | undefined;
  for (const root of roots) {
    const added = takeWithNeeds(root, search);
    if (typeof added === 'string') throw unsolvable(added, search);
    search.chosen.set(root.name, root);
  }
  for (const root of roots.toReversed()) pending = before(dependenciesOf(root), pending);
  if (!solvePending(pending, search))
    throw unsolvable(search.failure ?? 'no choice of alternatives works', search);
  return [...search.chosen.values()]
    .filter(each => 'filename' in each)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A package of the archive, or one that is installed. */
type Member =
  | Package
  | Pick<Package, 'name' | 'version' | 'depends' | 'conflicts' | 'provides' | 'multiArch'>;
type Group = { readonly of: Member; readonly alternatives: Alternatives };
/** What is still to be met, as a list that branches share. */
type Pending = { readonly group: Group; readonly next: Pending | undefined };

type Search = {
  readonly set: PackageSet;
  readonly architecture: string;
  readonly chosen: Map<string, Member>;
  /** The chosen packages, and those that they need and nothing else can stand in for. */
  readonly required: Map<string, Member>;
  /** Required packages by the names they provide. */
  readonly provided: Map<string, Member[]>;
  readonly installed: ReadonlyMap<string, Member>;
  steps: number;
  /** Why the first dead end was one: what a user can act on. */
  failure: string | undefined;
};

/** What the archive says of an installed package's name; it may hold another version of it, or none. */
function asMember({ name, version }: Installed, set: PackageSet): Member {
  const versions = set.versions(name);
  const known = versions.find(each => each.version === version) ?? versions[0];
  const { provides = [], conflicts = [], multiArch = 'no' } = known ?? {};
  return { name, version, provides, conflicts, multiArch, depends: [] };
}

/** Undefined for what is installed. */
function rootOf(text: string, { set, installed, provided }: Search): Package | undefined {
  const [name = '', version] = text.split('=', 2);
  const here = installed.get(name);
  if (here !== undefined && (version === undefined || version === here.version)) return undefined;
  if (here === undefined && version === undefined && set.find(name) === undefined && provided.has(name))
    return undefined;
  const versions = set.versions(name);
  const found =
    version === undefined ? versions[0] : versions.find(candidate => candidate.version === version);
  if (found !== undefined) return found;
  if (versions.length > 0) {
    throw new CogpackError(
      'debian/unknown',
      `package ${name} is there as ${versions.map(v => v.version).join(', ')}, not as ${version}`,
    );
  }
  const providers = version === undefined ? set.providers(name) : [];
  if (providers.length === 1) return providers[0]!;
  if (providers.length > 1) {
    throw new CogpackError('debian/unknown', `${name} is provided by several packages: ${names(providers)}`, {
      hint: 'name the one that you want',
    });
  }
  throw new CogpackError('debian/unknown', `there is no package ${name}`, {
    hint: 'check the name and the suite; the component main is searched',
  });
}

function names(packages: readonly Package[]): string {
  return packages
    .map(({ name }) => name)
    .sort()
    .join(', ');
}

function dependenciesOf(of: Package): Group[] {
  return of.depends.map(alternatives => ({ of, alternatives }));
}

function before(groups: readonly Group[], next: Pending | undefined): Pending | undefined {
  return groups.reduceRight<Pending | undefined>((rest, group) => ({ group, next: rest }), next);
}

function solvePending(from: Pending | undefined, search: Search): boolean {
  let pending = from;
  while (pending !== undefined && isMet(pending.group.alternatives, search)) pending = pending.next;
  if (pending === undefined) return true;
  search.steps += 1;
  if (search.steps > mostSteps)
    throw unsolvable(search.failure ?? 'too many alternatives were tried', search);
  const { group, next } = pending;
  const problems: string[] = [];
  for (const option of optionsOf(group.alternatives, search)) {
    const added = takeWithNeeds(option, search);
    if (typeof added === 'string') {
      problems.push(added);
      continue;
    }
    search.chosen.set(option.name, option);
    if (solvePending(before(dependenciesOf(option), next), search)) return true;
    search.chosen.delete(option.name);
    for (const each of added) release(each, search);
  }
  search.failure ??= failureOf(group, problems, search);
  return false;
}

/** By a package among `those`. */
function isMet(
  alternatives: Alternatives,
  { chosen, provided, architecture }: Search,
  those: ReadonlyMap<string, Member> = chosen,
): boolean {
  return alternatives.some(dependency => {
    const named = those.get(dependency.name);
    if (named !== undefined && isMetBy(dependency, named, architecture)) return true;
    return provided
      .get(dependency.name)
      ?.some(provider => those.has(provider.name) && isMetBy(dependency, provider, architecture));
  });
}

/** Does a package meet a dependency, by its name or by what it provides? */
function isMetBy(
  { name, qualifier, relation, version }: Dependency,
  candidate: Member,
  architecture: string,
): boolean {
  if (
    qualifier === 'any'
      ? candidate.multiArch !== 'allowed'
      : qualifier !== undefined && qualifier !== architecture
  )
    return false;
  if (candidate.name === name && (relation === undefined || satisfies(candidate.version, relation, version)))
    return true;
  return candidate.provides.some(
    provided =>
      provided.name === name &&
      (relation === undefined ||
        (provided.relation === '=' && satisfies(provided.version, relation, version))),
  );
}

/** Packages that meet one of the alternatives, in the order in which apt tries them. */
function* optionsOf(alternatives: Alternatives, { set, architecture, chosen }: Search): Generator<Package> {
  for (const dependency of alternatives) {
    const named = set.find(dependency.name);
    const providers = set.providers(dependency.name).filter(({ name }) => name !== dependency.name);
    const candidates = [...(named === undefined ? [] : [named]), ...providers];
    yield* candidates.filter(
      candidate => !chosen.has(candidate.name) && isMetBy(dependency, candidate, architecture),
    );
  }
}

/** Why a package cannot be beside those that are required; undefined when it can. */
function conflictOf(
  candidate: Package,
  { required, provided, installed, architecture }: Search,
): string | undefined {
  const twin = required.get(candidate.name);
  if (twin !== undefined && twin === installed.get(candidate.name))
    return `${candidate.name} is wanted as ${candidate.version}, and the base has ${twin.version}`;
  if (twin !== undefined && twin !== candidate)
    return `${candidate.name} is wanted as ${twin.version} and as ${candidate.version}`;
  for (const conflict of candidate.conflicts) {
    const named = required.get(conflict.name);
    const others = [...(named === undefined ? [] : [named]), ...(provided.get(conflict.name) ?? [])];
    const other = others.find(
      found => found.name !== candidate.name && isMetBy(conflict, found, architecture),
    );
    if (other !== undefined)
      return `${shown(candidate)} conflicts with ${showDependency(conflict)}, which is ${shown(other)}`;
  }
  for (const other of required.values()) {
    if (other.name === candidate.name) continue;
    const conflict = other.conflicts.find(found => isMetBy(found, candidate, architecture));
    if (conflict !== undefined)
      return `${shown(other)} conflicts with ${showDependency(conflict)}, which is ${shown(candidate)}`;
  }
  return undefined;
}

/** Adds a package with all that it cannot do without, and gives what was added; or why it cannot be, and adds nothing. */
function takeWithNeeds(root: Package, search: Search): Package[] | string {
  const added: Package[] = [];
  const queue = [root];
  for (const next of queue) {
    if (search.required.get(next.name) === next) continue;
    const problem = conflictOf(next, search);
    if (problem !== undefined) {
      for (const each of added) release(each, search);
      return problem;
    }
    require(next, search);
    added.push(next);
    for (const alternatives of next.depends) {
      if (isMet(alternatives, search, search.required)) continue;
      const [only, another] = optionsOf(alternatives, search);
      if (only !== undefined && another === undefined) queue.push(only);
    }
  }
  return added;
}

function require(added: Member, search: Search): void {
  search.required.set(added.name, added);
  for (const { name } of added.provides)
    search.provided.set(name, [...(search.provided.get(name) ?? []), added]);
}

function release(added: Package, search: Search): void {
  search.required.delete(added.name);
  for (const { name } of added.provides) {
    search.provided.set(
      name,
      search.provided.get(name)!.filter(provider => provider !== added),
    );
  }
}

function failureOf(
  { of, alternatives }: Group,
  problems: readonly string[],
  { set, installed }: Search,
): string {
  const found = alternatives.flatMap(({ name }) => {
    const here = installed.get(name);
    const candidate = here ?? set.find(name);
    return candidate === undefined ? [] : [`${shown(candidate)}${here === undefined ? '' : ' of the base'}`];
  });
  const reason =
    problems.length > 0 ? problems.join('; ') : `found: ${found.join(', ') || 'no such package'}`;
  return `${shown(of)} needs ${showAlternatives(alternatives)}; ${reason}`;
}

function shown({ name, version }: Installed): string {
  return `${name} ${version}`;
}

function unsolvable(reason: string, { installed }: Search): CogpackError {
  return new CogpackError('debian/unsolvable', `these packages cannot be installed together: ${reason}`, {
    hint:
      installed.size > 0
        ? "a base's packages are not changed: take a newer base, or archives: ['debian', 'debian-security'] if the base has updates"
        : undefined,
  });
}
