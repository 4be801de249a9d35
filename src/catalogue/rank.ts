// Which bases a description can stand on, and which suits best. First what makes a base unfit; then, where the lock tells
// sizes, the bytes that need not be added less those that are carried for nothing; otherwise how much of what is asked
// for is there. Ties go to the smaller base, then by reference.
import type { BaseMetadata } from '../base-image/metadata.ts';
import { higher, keeps } from '../gpu/versions.ts';
import type { Base } from './catalogue.ts';
import { interpreterOf, libraryFor, packagesOf, suiteOf } from './holds.ts';
import type { Item, Needs, Requirement } from './needs.ts';

export type Part = { readonly name: string; readonly version?: string; readonly size?: number };

export type Fit = {
  readonly base: Base;
  /** What it has of what is needed, at its own versions; of NVIDIA's wheels, the CUDA, cuDNN or NCCL in their stead. */
  readonly has: readonly Part[];
  /** What is to be added. */
  readonly adds: readonly Part[];
  /** In bytes, compressed: the base's layers. */
  readonly size: number;
  /** Bytes that need not be added, and bytes of the base that are of no use; where the lock tells. */
  readonly saved?: number;
  readonly carried?: number;
};

export type Ranking = {
  /** The best first. */
  readonly fits: readonly Fit[];
  readonly unfit: readonly { readonly base: Base; readonly reasons: readonly string[] }[];
};

export function rankBases(needs: Needs, bases: readonly Base[]): Ranking {
  const judged = bases.map(base => ({ base, reasons: reasonsAgainst(needs, base.metadata) }));
  return {
    fits: judged
      .filter(({ reasons }) => reasons.length === 0)
      .map(({ base }) => fitOf(needs, base))
      .toSorted(compareFits),
    unfit: judged
      .filter(({ reasons }) => reasons.length > 0)
      .toSorted((a, b) => compareBases(a.base, b.base)),
  };
}

function reasonsAgainst(needs: Needs, base: BaseMetadata): string[] {
  if (!isPlatform(base.platform, needs.platform))
    return [`it is for ${base.platform}, the model for ${needs.platform}`];
  if (base.glibc === undefined) return ['it has no glibc'];
  return [
    pythonFault(needs, base),
    glibcFault(needs, base.glibc),
    ...packageFaults(needs, base),
    cudaFault(needs, base),
    aptFault(needs, base),
  ].filter(reason => reason !== undefined);
}

function isPlatform(base: string, wanted: string): boolean {
  return base === wanted || base.startsWith(`${wanted}/`);
}

function pythonFault({ python, suite }: Needs, base: BaseMetadata): string | undefined {
  if (interpreterOf(base, python) !== undefined || suiteOf(base) === suite) return undefined;
  const others = base.pythons.map(({ version }) => version).join(', ');
  return `it has no Python ${python}${others === '' ? '' : ` but ${others}`}, and ${suite}'s cannot be added to ${systemOf(base)}`;
}

function glibcFault({ glibc }: Needs, found: string): string | undefined {
  if (glibc === undefined || higher(found, glibc.version) === found) return undefined;
  return `its glibc is ${found}, and ${glibc.wheel} needs ${glibc.version}`;
}

function packageFaults({ requirements, python }: Needs, base: BaseMetadata): string[] {
  const packages = packagesOf(base, python);
  return requirements.flatMap(requirement => {
    const found = packages.get(requirement.name);
    if (found === undefined || isKept(found, requirement)) return [];
    return [`it has ${requirement.name} ${found}, and ${requirement.text} is required`];
  });
}

/** A build (`+cu121`) is another than a requirement's; one that no requirement names is any. */
function isKept(version: string, { specifiers }: Requirement): boolean {
  const local = version.split('+')[1];
  return (
    keeps(version, specifiers) &&
    specifiers.every(({ operator, version: wanted }) => {
      const build = wanted.split('+')[1];
      return build === undefined || !operator.startsWith('==') || build === local;
    })
  );
}

function cudaFault(needs: Needs, base: BaseMetadata): string | undefined {
  const { cuda } = needs;
  if (cuda === undefined) return undefined;
  const torch = torchFor(needs, base);
  if (torch !== undefined)
    return torch.cuda === undefined ? `its torch ${torch.version} is a build without CUDA` : undefined;
  const found = base.cuda?.version ?? base.torch?.cuda;
  if (found === undefined || found.split('.')[0] === cuda) return undefined;
  return `its CUDA is ${found}, the model's ${cuda}`;
}

/** The base's torch where the model asks for torch: it decides which CUDA there is. */
function torchFor({ requirements }: Needs, { torch }: BaseMetadata): BaseMetadata['torch'] {
  return requirements.some(({ name }) => name === 'torch') ? torch : undefined;
}

function aptFault({ apt }: Needs, base: BaseMetadata): string | undefined {
  if (suiteOf(base) !== undefined) return undefined;
  const missing = apt.filter(name => !base.debian.some(each => each.name === name));
  if (missing.length === 0) return undefined;
  return `it has no ${missing.join(', ')}, and no package of Debian's can be added to ${systemOf(base)}`;
}

function systemOf({ os }: BaseMetadata): string {
  return [os.id, os.version].join(' ').trimEnd();
}

function fitOf(needs: Needs, base: Base): Fit {
  const wanted = needs.items ?? unlocked(needs);
  const versionIn = versionsIn(base.metadata, needs, wanted);
  const has: Part[] = [];
  const adds: Part[] = [];
  for (const { kind, ...part } of wanted) {
    const version = versionIn({ kind, ...part });
    if (version === undefined) adds.push(part);
    else has.push({ ...part, version });
  }
  const size = base.metadata.layers.reduce((sum, layer) => sum + layer.size, 0);
  if (needs.items === undefined) return { base, has, adds, size };
  const saved = has.reduce((sum, part) => sum + (part.size ?? 0), 0);
  return { base, has, adds, size, saved, carried: Math.max(0, size - saved) };
}

type Wanted = Part & Pick<Item, 'kind'>;

/** What is asked for, without what it brings. */
function unlocked({ requirements, apt, python }: Needs): Wanted[] {
  const names = new Set(requirements.map(({ name }) => name));
  return [
    ...[...names].map(name => ({ kind: 'python' as const, name })),
    ...[...apt, `python${python}`].map(name => ({ kind: 'debian' as const, name })),
  ];
}

/** The version at which a base has something; undefined for what it lacks. */
function versionsIn(base: BaseMetadata, needs: Needs, wanted: readonly Wanted[]) {
  const { python } = needs;
  const packages = packagesOf(base, python);
  const debs = new Map(base.debian.map(({ name, version }) => [name, version]));
  const interpreter = interpreterOf(base, python);
  const wheels = wanted.filter(({ kind }) => kind === 'python');
  // A torch in the base has its CUDA with it, in place of that of another version.
  const cuda = (name: string) => (/^nvidia-/.test(name) ? torchFor(needs, base)?.cuda : undefined);
  return (item: Wanted): string | undefined =>
    item.kind === 'python'
      ? (packages.get(item.name) ?? libraryFor(item, wheels, base) ?? cuda(item.name))
      : (debs.get(item.name) ?? (isOf(item.name, python) ? interpreter?.version : undefined));
}

/** Debian's packages of an interpreter: `python3.11`, `libpython3.11-stdlib`. */
function isOf(name: string, python: string): boolean {
  return new RegExp(`^(?:lib)?python${python.replace('.', '\\.')}(?:-(?:minimal|stdlib))?$`).test(name);
}

function compareFits(a: Fit, b: Fit): number {
  return worth(b) - worth(a) || a.size - b.size || compareBases(a.base, b.base);
}

function worth({ has, saved, carried }: Fit): number {
  return saved === undefined || carried === undefined ? has.length : saved - carried;
}

function compareBases(a: Base, b: Base): number {
  const [left, right] = [`${a.reference} ${a.digest}`, `${b.reference} ${b.digest}`];
  return left < right ? -1 : left > right ? 1 : 0;
}
