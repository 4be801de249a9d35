// Which wheels an interpreter takes, and which of several it prefers: compatibility tags (PEP 425) for CPython on
// glibc (PEP 600), in the order of packaging.tags, the library that pip uses.
import { languageOf, type PythonTarget } from './target.ts';

export type TagRanks = ReadonlyMap<string, number>;

/** Every tag that a target takes, the best with rank 0. */
export function tagRanks(target: PythonTarget): TagRanks {
  const ranks = new Map<string, number>();
  for (const tag of tagsOf(target)) if (!ranks.has(tag)) ranks.set(tag, ranks.size);
  return ranks;
}

function* tagsOf(target: PythonTarget): Generator<string> {
  const [major, minor] = languageOf(target);
  const platforms = [...platformsOf(target)];
  const own = `cp${major}${minor}`;
  // abi3 is what extensions for this and every later minor version are built with (PEP 384), from 3.2 on.
  for (const abi of [own, 'abi3', 'none'])
    for (const platform of platforms) yield `${own}-${abi}-${platform}`;
  for (let older = minor - 1; older >= 2; older--) {
    for (const platform of platforms) yield `cp${major}${older}-abi3-${platform}`;
  }
  const languages = [`py${major}${minor}`, `py${major}`];
  for (let older = minor - 1; older >= 0; older--) languages.push(`py${major}${older}`);
  for (const language of languages) for (const platform of platforms) yield `${language}-none-${platform}`;
  yield `${own}-none-any`;
  for (const language of languages) yield `${language}-none-any`;
}

// PEP 600's predecessors: fixed names for three versions of glibc.
const legacy: Readonly<Record<number, string>> = {
  17: 'manylinux2014',
  12: 'manylinux2010',
  5: 'manylinux1',
};
const oldestGlibc: Readonly<Record<string, number>> = { x86_64: 5 };

function* platformsOf({ machine, glibcMinor }: PythonTarget): Generator<string> {
  for (let minor = glibcMinor; minor >= (oldestGlibc[machine] ?? 17); minor--) {
    yield `manylinux_2_${minor}_${machine}`;
    if (legacy[minor] !== undefined) yield `${legacy[minor]}_${machine}`;
  }
  yield `linux_${machine}`;
}

export type WheelFile = {
  readonly filename: string;
};

/** The best of several wheels, by tag, then by build number, then by name; undefined when none fits. */
export function bestWheel<File extends WheelFile>(files: readonly File[], ranks: TagRanks): File | undefined {
  return files
    .flatMap(file => {
      const rank = rankOf(file.filename, ranks);
      return rank === undefined ? [] : [{ file, rank, build: buildOf(file.filename) }];
    })
    .sort(
      (a, b) =>
        a.rank - b.rank ||
        b.build.number - a.build.number ||
        order(b.build.suffix, a.build.suffix) ||
        order(a.file.filename, b.file.filename),
    )[0]?.file;
}

/** The rank of a wheel's best tag; undefined for a wheel that does not fit, or for another kind of file. */
export function rankOf(filename: string, ranks: TagRanks): number | undefined {
  const match = /-([^-]+)-([^-]+)-([^-]+)\.whl$/.exec(filename);
  if (match === null) return undefined;
  const [pythons, abis, platforms] = match.slice(1).map(part => part.split('.'));
  let best: number | undefined;
  for (const python of pythons!) {
    for (const abi of abis!) {
      for (const platform of platforms!) {
        const rank = ranks.get(`${python}-${abi}-${platform}`);
        if (rank !== undefined && rank < (best ?? Number.POSITIVE_INFINITY)) best = rank;
      }
    }
  }
  return best;
}

// `name-version-2abc-cp311-…`: digits first, then text (specification "Binary distribution format").
function buildOf(filename: string): { readonly number: number; readonly suffix: string } {
  const match = /^[^-]+-[^-]+-(\d+)([^-]*)-[^-]+-[^-]+-[^-]+\.whl$/.exec(filename);
  return { number: match === null ? -1 : Number(match[1]), suffix: match?.[2] ?? '' };
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
