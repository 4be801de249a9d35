// Comparisons that the solver needs: drivers by the parts that were written, CUDA by what a user may write for it,
// and the specifiers of a requirement (packaging.python.org, "Version specifiers").
import { compareVersions, parseVersion, satisfies } from '../lock/python/version.ts';

export type Specifier = { readonly operator: string; readonly version: string };

/** Numbers of a dotted version. */
function parts(version: string): number[] {
  return version.split('.').map(Number);
}

/** Orders dotted numbers; a missing part is 0. */
export function compareDotted(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** True when a driver, written as a branch (`535`) or in full, is at least the one needed. A branch means all of it. */
export function driverSuffices(has: string, needed: string): boolean {
  const length = parts(has).length;
  return compareDotted(has, parts(needed).slice(0, length).join('.')) >= 0;
}

/** The higher of two drivers. */
export function higher(a: string, b: string): string {
  return compareDotted(a, b) >= 0 ? a : b;
}

/** `12.x`, `12`, `12.8`, or specifiers such as `>=12.1,<13`. Undefined for another text. */
export function parseCuda(text: string): readonly Specifier[] | undefined {
  const plain = /^(\d+)(?:\.(\d+|x))?$/.exec(text.trim());
  if (plain === null) return parseSpecifiers(text);
  const [, major, minor] = plain;
  return [
    { operator: '==', version: minor === undefined || minor === 'x' ? `${major}.*` : `${major}.${minor}` },
  ];
}

/** `>=2.1,<3`; an empty text is no specifier. Undefined when it is not well-formed. */
export function parseSpecifiers(text: string): readonly Specifier[] | undefined {
  const inner = text.trim().replace(/^\((.*)\)$/, '$1');
  if (inner === '') return [];
  const found: Specifier[] = [];
  for (const part of inner.split(',')) {
    const match = /^\s*(~=|===?|!=|<=|>=|<|>)\s*([A-Za-z0-9.*+!_-]+)\s*$/.exec(part);
    if (match === null || parseVersion(match[2]!.replace(/\.\*$/, '')) === undefined) return undefined;
    found.push({ operator: match[1]!, version: match[2]! });
  }
  return found;
}

/** Whether a version keeps all specifiers. A specifier's local version is compared by the caller. */
export function keeps(version: string, specifiers: readonly Specifier[]): boolean {
  return specifiers.every(
    ({ operator, version: wanted }) =>
      satisfies(version, operator === '===' ? '==' : operator, wanted) === true,
  );
}

/** Orders releases. */
export function compareReleases(a: string, b: string): number {
  return compareVersions(parseVersion(a)!, parseVersion(b)!);
}

/** Whether two demands on one package can hold together: each is an exact version or specifiers. */
export function agree(a: string, b: string): boolean {
  if (a === b) return true;
  const [left, right] = [demand(a), demand(b)];
  if (left.exact !== undefined && right.exact !== undefined)
    return compareReleases(left.exact, right.exact) === 0;
  if (left.exact !== undefined) return keeps(left.exact, right.specifiers);
  if (right.exact !== undefined) return keeps(right.exact, left.specifiers);
  // Two ranges: one's ends must lie in the other.
  return [...left.specifiers, ...right.specifiers]
    .filter(({ operator }) => ['>=', '~=', '=='].includes(operator))
    .some(({ version }) => {
      const end = version.replace(/\.\*$/, '');
      return keeps(end, left.specifiers) && keeps(end, right.specifiers);
    });
}

function demand(text: string): { exact: string | undefined; specifiers: readonly Specifier[] } {
  return /^\d/.test(text)
    ? { exact: text, specifiers: [] }
    : { exact: undefined, specifiers: parseSpecifiers(text) ?? [] };
}
