// Python versions in their order (packaging.python.org, "Version specifiers"), and the specifiers that markers hold.
// Local versions (`1.0+cpu`) compare as the version they are of.

export type Version = {
  readonly release: readonly number[];
  /** Orders what comes before and after a release: dev and pre-releases are negative, post-releases positive. */
  readonly phase: readonly number[];
};

const pattern =
  /^\s*v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|alpha|b|beta|c|rc|pre|preview)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?\s*$/i;
const preRanks: Readonly<Record<string, number>> = { a: 1, b: 2, c: 3, rc: 3, p: 3 };

/** Undefined for a text that is no version. */
export function parseVersion(text: string): Version | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, epoch, release, pre, preNumber, postDash, post, postNumber, dev, devNumber] = match;
  const last = Number.MAX_SAFE_INTEGER;
  const isPost = postDash !== undefined || post !== undefined;
  // A dev-release of a final version is before its pre-releases; without one, "no pre-release" is after them all.
  const preRank = pre !== undefined ? preRankOf(pre) : dev !== undefined && !isPost ? 0 : last;
  return {
    release: [Number(epoch ?? 0), ...release!.split('.').map(Number)],
    phase: [
      preRank,
      Number(preNumber || 0),
      isPost ? 1 + Number(postDash ?? (postNumber || 0)) : 0,
      dev === undefined ? last : Number(devNumber || 0),
    ],
  };
}

function preRankOf(name: string): number {
  const lower = name.toLowerCase();
  return preRanks[lower] ?? preRanks[lower[0]!]!;
}

/** A pre-release or a development release. */
export function isBeforeRelease({ phase: [pre, , , dev] }: Version): boolean {
  return pre !== Number.MAX_SAFE_INTEGER || dev !== Number.MAX_SAFE_INTEGER;
}

/** Negative, zero or positive, as `a` is before, the same as, or after `b`. */
export function compareVersions(a: Version, b: Version): number {
  return compareNumbers(a.release, b.release) || compareNumbers(a.phase, b.phase);
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a version keeps one specifier, such as `>=` `3.9`; undefined when either is no version. */
export function satisfies(version: string, operator: string, wanted: string): boolean | undefined {
  const found = parseVersion(version);
  const prefix = /^(.*)\.\*\s*$/.exec(wanted)?.[1];
  const limit = parseVersion(prefix ?? wanted);
  if (found === undefined || limit === undefined) return undefined;
  const hasPrefix = () => compareNumbers(found.release.slice(0, limit.release.length), limit.release) === 0;
  if (prefix !== undefined) {
    return operator === '==' ? hasPrefix() : operator === '!=' ? !hasPrefix() : undefined;
  }
  const order = compareVersions(found, limit);
  switch (operator) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '~=':
      return (
        order >= 0 &&
        compareNumbers(found.release.slice(0, limit.release.length - 1), limit.release.slice(0, -1)) === 0
      );
    default:
      return undefined;
  }
}
