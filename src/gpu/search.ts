// Finds the builds that keep a set of constraints together: one build for each framework, on one platform, with a
// Python that all have, whose NVIDIA wheels can be installed side by side.
import { runsOn } from '../check/gpu.ts';
import { type Candidate, candidatesOf } from './candidates.ts';
import type { GpuFacts } from './facts.ts';
import { type Constraint, hasIndex } from './question.ts';
import { cudaOfExtras, frameworkOf, localOf } from './requirement.ts';
import { agree, compareDotted, driverSuffices, higher, keeps, type Specifier } from './versions.ts';

/** One build for each framework. */
export type Solution = readonly Candidate[];

/** Every solution, in the order of the tables. */
export function* solutions(
  frameworks: readonly Candidate['framework'][],
  constraints: readonly Constraint[],
  facts: GpuFacts,
): Generator<Solution> {
  const gpus = constraints.flatMap(constraint => (constraint.kind === 'arch' ? [constraint.sm] : []));
  const choices = frameworks.map(framework =>
    candidatesOf(framework, facts).filter(candidate =>
      constraints.every(constraint => fits(candidate, constraint, gpus, facts)),
    ),
  );
  yield* extend([], choices);
}

function* extend(chosen: Solution, choices: readonly (readonly Candidate[])[]): Generator<Solution> {
  const [next, ...rest] = choices;
  if (next === undefined) {
    yield chosen;
    return;
  }
  for (const candidate of next) {
    if (chosen.every(other => together(other, candidate))) yield* extend([...chosen, candidate], rest);
  }
}

/** Two frameworks in one image: one platform, a common Python, one CUDA, and wheels of one version. */
function together(a: Candidate, b: Candidate): boolean {
  if (a.platform !== b.platform || !a.pythons.some(python => b.pythons.includes(python))) return false;
  // Where no GPU is asked for, a CPU build may stand beside one that has CUDA and does not use it.
  if (a.cuda === null || b.cuda === null) return true;
  if (major(a.cuda) !== major(b.cuda)) return false;
  if (a.wheels === undefined || b.wheels === undefined) return true;
  return Object.entries(a.wheels).every(([name, version]) => {
    const other = b.wheels![name];
    return other === undefined || agree(version, other);
  });
}

function fits(
  candidate: Candidate,
  constraint: Constraint,
  gpus: readonly number[],
  facts: GpuFacts,
): boolean {
  const { cuda } = candidate;
  switch (constraint.kind) {
    case 'gpu':
      return cuda !== null && candidate.libraries !== 'missing';
    case 'python':
      return candidate.pythons.includes(constraint.python);
    case 'platform':
      return candidate.platform === constraint.platform;
    case 'index':
      return (
        candidate.index === null ||
        hasIndex(constraint.indexes, candidate.index) ||
        constraint.locals.includes(candidate.local ?? '')
      );
    case 'requirement':
      return fitsRequirement(candidate, constraint);
    case 'cuda':
      return cuda !== null && cudaFits(candidate, constraint.specifiers, facts);
    case 'driver':
      return cuda !== null && driverSuffices(constraint.driver, driverOf(candidate, gpus, facts));
    case 'arch':
      return cuda !== null && covers(candidate, constraint.sm, facts);
  }
}

export function fitsRequirement(
  { framework, version, local, partners, cuda }: Candidate,
  { requirement }: Constraint & { kind: 'requirement' },
): boolean {
  const { name, specifiers } = requirement;
  if (frameworkOf(name) !== framework) return true;
  const brought = cudaOfExtras(requirement);
  if (brought !== undefined && (cuda === null || major(cuda) !== brought)) return false;
  if (name === framework || name === `${framework}-cpu`) {
    const wanted = localOf(specifiers);
    return keeps(version, specifiers) && (wanted === undefined || wanted === local);
  }
  const partner = partners[name];
  return partner === undefined ? isFree(name, version) : keeps(partner, specifiers);
}

// torchaudio's wheels name no torch since 2.11.
function isFree(partner: string, version: string): boolean {
  return partner === 'torchaudio' && keeps(version, [{ operator: '>=', version: '2.11' }]);
}

/** True when a build has code for a GPU. What no table states is taken by what its toolkit can compile for. */
export function covers(candidate: Candidate, gpu: number, facts: GpuFacts): boolean {
  const { framework, sm, ptx, cuda } = candidate;
  if (cuda === null) return false;
  if (sm !== undefined && framework !== 'cuda')
    return runsOn({ cubin: [...sm], ptx: ptx === null ? [] : [ptx] }, gpu);
  return framework !== 'torch' && toolkitsOf(candidate, facts).some(toolkit => toolkit.sm.includes(gpu));
}

/** The toolkits whose libraries a build can be installed with. */
function toolkitsOf({ cuda, orLater }: Candidate, { cuda: { toolkits } }: GpuFacts) {
  return toolkits.filter(
    row =>
      row.cuda === cuda ||
      (orLater && major(row.cuda) === major(cuda!) && compareDotted(row.cuda, cuda!) >= 0),
  );
}

function cudaFits(candidate: Candidate, specifiers: readonly Specifier[], facts: GpuFacts): boolean {
  return toolkitsOf(candidate, facts).some(toolkit => keeps(toolkit.cuda, specifiers));
}

/**
 * The oldest driver that runs a build: the least of its CUDA's major version. A GPU needs the driver of the first
 * toolkit that knows it, and code that is compiled on the way to the GPU (PTX) that of the build's own toolkit.
 */
export function driverOf(
  { cuda, sm, ptx }: Candidate,
  gpus: readonly number[],
  { cuda: { toolkits } }: GpuFacts,
): string {
  const own = toolkits.find(row => row.cuda === cuda)!;
  return gpus.reduce((driver, gpu) => {
    const first = toolkits.find(row => row.sm.includes(gpu))?.driver ?? driver;
    const compiled = ptx !== null && sm !== undefined && !runsOn({ cubin: [...sm], ptx: [] }, gpu);
    return higher(driver, compiled ? higher(first, own.driver) : first);
  }, own.minimum);
}

export function major(cuda: string): string {
  return cuda.split('.')[0]!;
}

/** The newest CUDA of several builds, or null. */
export function newestCuda(solution: Solution): string | null {
  return solution.reduce<string | null>(
    (newest, { cuda }) =>
      cuda === null || (newest !== null && compareDotted(newest, cuda) >= 0) ? newest : cuda,
    null,
  );
}
