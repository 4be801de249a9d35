// A conflict, explained: constraints are taken away one by one as long as the rest still cannot hold (deletion-based
// minimisation), so that each of those that stay is needed for it. Then, for each of them, the nearest value with which
// all others hold is looked for; the two nearest are the ways out.
import type { Candidate } from './candidates.ts';
import type { GpuFacts } from './facts.ts';
import type { Constraint, Wish } from './question.ts';
import { driverOf, newestCuda, type Solution, solutions } from './search.ts';
import { compareDotted, higher } from './versions.ts';

export type WayOut = {
  /** The field to change. */
  readonly field: string;
  /** What to write, in words. */
  readonly change: string;
  /** How far it is from what was written; ways are ordered by it. */
  readonly distance: number;
};

export type Conflict = {
  readonly kind: 'conflict';
  /** The user's own words that cannot hold together, none of which could be left out. */
  readonly constraints: readonly { readonly field: string; readonly text: string }[];
  readonly message: string;
  readonly waysOut: readonly WayOut[];
};

type Framework = Candidate['framework'];

export function explain(wish: Wish, frameworks: readonly Framework[], facts: GpuFacts): Conflict {
  const minimal = minimise(wish.constraints, frameworks, facts);
  const single = minimal.flatMap(constraint => wayOut([constraint], wish, frameworks, facts) ?? []);
  const waysOut = (single.length > 1 ? single : [...single, ...pairs(minimal, wish, frameworks, facts)])
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 2);
  const words = minimal.map(({ text }) => text);
  return {
    kind: 'conflict',
    constraints: minimal.map(({ field, text }) => ({ field, text })),
    message: `no build ${frameworks.includes('cuda') ? 'of CUDA ' : `of ${frameworks.join(' and ')} `}keeps all of: ${words.join('; ')}`,
    waysOut,
  };
}

function minimise(
  constraints: readonly Constraint[],
  frameworks: readonly Framework[],
  facts: GpuFacts,
): Constraint[] {
  let kept = [...constraints];
  // What is least likely to be changed is taken away last, so that it is named only where it must be.
  for (const constraint of constraints.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))) {
    const rest = kept.filter(each => each !== constraint);
    if (!hold(rest, frameworks, facts)) kept = rest;
  }
  return kept;
}

const order: readonly Constraint['kind'][] = [
  'index',
  'platform',
  'python',
  'arch',
  'driver',
  'cuda',
  'requirement',
  'gpu',
];

function hold(
  constraints: readonly Constraint[],
  frameworks: readonly Framework[],
  facts: GpuFacts,
): boolean {
  for (const _ of solutions(frameworks, constraints, facts)) return true;
  return false;
}

/** Where one change is not enough: two, neither of which would do alone, one of them among those that cannot hold. */
function pairs(
  minimal: readonly Constraint[],
  wish: Wish,
  frameworks: readonly Framework[],
  facts: GpuFacts,
): WayOut[] {
  const alone = wish.constraints.filter(each => wayOut([each], wish, frameworks, facts) === undefined);
  return alone
    .filter(one => minimal.includes(one))
    .flatMap(one =>
      alone
        .filter(other => !minimal.includes(other) || minimal.indexOf(other) > minimal.indexOf(one))
        .flatMap(other => wayOut([one, other], wish, frameworks, facts) ?? []),
    );
}

/** The nearest values of some constraints with which the others hold. */
function wayOut(
  changed: readonly Constraint[],
  wish: Wish,
  frameworks: readonly Framework[],
  facts: GpuFacts,
): WayOut | undefined {
  // Without a GPU nothing is asked of one.
  const all = changed.some(({ kind }) => kind === 'gpu')
    ? wish.constraints.filter(({ field }) => !field.startsWith('gpu.'))
    : wish.constraints;
  const rest = all.filter(each => !changed.includes(each));
  let nearest: WayOut | undefined;
  for (const solution of solutions(frameworks, rest, facts)) {
    const ways = changed.map(constraint => change(constraint, solution, rest, facts));
    const distance = ways.reduce((sum, way) => sum + way.distance, 0);
    if (nearest !== undefined && nearest.distance <= distance) continue;
    nearest = { field: ways[0]!.field, change: ways.map(way => way.change).join(' and '), distance };
  }
  return nearest;
}

function change(
  constraint: Constraint,
  solution: Solution,
  rest: readonly Constraint[],
  facts: GpuFacts,
): WayOut {
  const { field } = constraint;
  switch (constraint.kind) {
    case 'gpu':
      return { field, change: 'gpu: false, to run without a GPU', distance: 50 };
    case 'arch':
      return { field, change: `leave sm_${constraint.sm} out of gpu.arch`, distance: 30 };
    case 'index': {
      const paths = [...new Set(solution.flatMap(({ index }) => index ?? []))];
      return {
        field,
        change: `name an index that ends with ${paths.join(' and ')}`,
        distance: 3 * paths.length,
      };
    }
    case 'python': {
      const python = common(solution).sort(
        (a, b) => pythonDistance(a, constraint.python) - pythonDistance(b, constraint.python),
      )[0]!;
      return { field, change: `python ${python}`, distance: 4 * pythonDistance(python, constraint.python) };
    }
    case 'platform':
      return { field, change: `platform ${solution[0]!.platform}`, distance: 20 };
    case 'cuda': {
      const cuda = newestCuda(solution);
      const asked = constraint.specifiers[0]?.version.replace('.*', '.0') ?? '0';
      return cuda === null
        ? { field, change: 'leave gpu.cuda out', distance: 40 }
        : { field, change: `cuda ${cuda}`, distance: 2 + cudaDistance(cuda, asked) };
    }
    case 'driver': {
      const gpus = rest.flatMap(each => (each.kind === 'arch' ? [each.sm] : []));
      const needed = solution
        .filter(({ cuda }) => cuda !== null)
        .map(each => driverOf(each, gpus, facts))
        .reduce(higher, '0');
      const branches = Math.max(0, Number(needed.split('.')[0]) - Number(constraint.driver.split('.')[0]));
      return { field, change: `driver >=${needed}`, distance: 5 + branches / 10 };
    }
    case 'requirement':
      return changeRequirement(constraint, solution, facts);
  }
}

function changeRequirement(
  { field, requirement: { name, specifiers, text } }: Constraint & { kind: 'requirement' },
  solution: Solution,
  facts: GpuFacts,
): WayOut {
  const build =
    solution.find(({ framework, partners }) => framework === name || name in partners) ?? solution[0]!;
  const version = build.framework === name ? build.version : build.partners[name];
  if (version === undefined) return { field, change: `take "${text}" out`, distance: 45 };
  const local = build.local === null ? '' : `+${build.local}`;
  const asked = specifiers[0]?.version.split('+')[0]?.replace('.*', '') ?? version;
  return {
    field,
    change: `${name}==${version}${build.framework === name ? local : ''} in place of ${text}`,
    distance: 1 + releasesBetween(build, name, asked, version, facts),
  };
}

/** How many releases of a package lie between two versions. */
function releasesBetween(
  { framework }: Candidate,
  name: string,
  a: string,
  b: string,
  facts: GpuFacts,
): number {
  const releases: string[] =
    framework === 'torch'
      ? facts.torch.releases.flatMap(each =>
          name === 'torch' ? each.version : (each[name as 'torchvision'] ?? []),
        )
      : facts[framework === 'jax' ? 'jax' : 'tensorflow'].releases.map(({ version }) => version);
  const [low, high] = compareDotted(plain(a), plain(b)) <= 0 ? [a, b] : [b, a];
  return releases.filter(
    each => compareDotted(plain(each), plain(low)) > 0 && compareDotted(plain(each), plain(high)) <= 0,
  ).length;
}

const plain = (version: string) => /^\d+(\.\d+)*/.exec(version)?.[0] ?? '0';

function common(solution: Solution): string[] {
  const [first, ...others] = solution;
  return first!.pythons.filter(python => others.every(({ pythons }) => pythons.includes(python)));
}

function pythonDistance(a: string, b: string): number {
  return Math.abs(Number(a.split('.')[1]) - Number(b.split('.')[1]));
}

function cudaDistance(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  return 10 * Math.abs(left[0]! - right[0]!) + Math.abs((left[1] ?? 0) - (right[1] ?? 0));
}
