// The solver: a model's wishes for GPU, Python, platform and frameworks → the builds that fit them all, or the user's
// own lines that cannot hold together and the nearest ways out. Pure: the tables are all it knows.
import { answerOf, type GpuAnswer } from './answer.ts';
import { candidatesOf } from './candidates.ts';
import { type Conflict, explain } from './conflict.ts';
import type { GpuFacts } from './facts.ts';
import { type Question, type Wish, wishOf } from './question.ts';
import { type FrameworkName, frameworkOf, type Requirement } from './requirement.ts';
import { fitsRequirement, newestCuda, type Solution, solutions } from './search.ts';
import { compareDotted, compareReleases } from './versions.ts';

export type { GpuAnswer } from './answer.ts';
export type { Conflict, WayOut } from './conflict.ts';
export type { GpuRequest, Question } from './question.ts';

/** Throws `gpu/request` for a field that is not well-formed. */
export function solve(question: Question, facts: GpuFacts): GpuAnswer | Conflict {
  const wish = knownOnly(wishOf(question), facts);
  const frameworks = frameworksOf(wish);
  let best: Solution | undefined;
  for (const solution of solutions(frameworks, wish.constraints, facts)) {
    // The first framework's releases come with the newest first: after them, none can be better.
    const isOlder = best?.[0] !== undefined && compareReleases(solution[0]!.version, best[0].version) < 0;
    if (isOlder && !(wish.said && wish.accelerator === 'cpu')) break;
    if (best === undefined || isBetter(solution, best, wish)) best = solution;
  }
  return best === undefined ? explain(wish, frameworks, facts) : answerOf(wish, best, facts);
}

/** Leaves out frameworks of which no release is in the tables: of these, nothing can be said. */
function knownOnly(wish: Wish, facts: GpuFacts): Wish {
  const unknown = new Set<FrameworkName>();
  for (const constraint of wish.constraints) {
    if (constraint.kind !== 'requirement') continue;
    const framework = frameworkOf(constraint.requirement.name)!;
    const own = candidatesOf(framework, facts);
    if (!own.some(candidate => fitsRequirement(candidate, constraint))) unknown.add(framework);
  }
  if (unknown.size === 0) return wish;
  const isKnown = ({ name }: Requirement) => !unknown.has(frameworkOf(name)!);
  return {
    ...wish,
    why: `${wish.why}; no table has the releases that are asked for of ${[...unknown].join(', ')}`,
    requirements: wish.requirements.filter(isKnown),
    constraints: wish.constraints.filter(each => each.kind !== 'requirement' || isKnown(each.requirement)),
  };
}

/** What builds are chosen of: the frameworks that are asked for, or a toolkit by itself. */
function frameworksOf({ requirements, accelerator }: Wish): (FrameworkName | 'cuda')[] {
  const named = requirements.flatMap(({ name }) => frameworkOf(name) ?? []);
  const frameworks = [...new Set(named)];
  return frameworks.length === 0 && accelerator === 'cuda' ? ['cuda'] : frameworks;
}

/**
 * With a GPU: the newest releases with a build that can use it, on the default index if it has one, with the newest
 * CUDA. Without: where the user said so a CPU build, else the newest releases.
 */
function isBetter(a: Solution, b: Solution, { accelerator, said }: Wish): boolean {
  const orders =
    accelerator === 'cuda'
      ? [newer, onDefault, newerCuda]
      : said
        ? [withoutCuda, newer, onDefault]
        : [newer, withoutCuda, onDefault];
  for (const order of orders) {
    const difference = order(a, b);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

// Each is positive when the first solution is the better one.
type Order = (a: Solution, b: Solution) => number;

const onDefault: Order = (a, b) => others(b) - others(a);
const withoutCuda: Order = (a, b) => built(b) - built(a);

const others = (solution: Solution) => solution.filter(({ index }) => index !== null).length;
const built = (solution: Solution) => solution.filter(({ cuda }) => cuda !== null).length;

const newer: Order = (a, b) => {
  for (const [at, { version }] of a.entries()) {
    const difference = compareReleases(version, b[at]!.version);
    if (difference !== 0) return difference;
  }
  return 0;
};

const newerCuda: Order = (a, b) => compareDotted(newestCuda(a) ?? '0', newestCuda(b) ?? '0');
