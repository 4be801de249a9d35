// An answer of the solver: the builds that were chosen, what they need of a host, and the reasons, in words.
import { runsOn } from '../check/gpu.ts';
import type { Candidate } from './candidates.ts';
import type { GpuFacts, Wheels } from './facts.ts';
import type { Wish } from './question.ts';
import type { FrameworkName } from './requirement.ts';
import { driverOf, major, newestCuda, type Solution } from './search.ts';
import { higher } from './versions.ts';

export type FrameworkAnswer = {
  readonly name: FrameworkName;
  readonly version: string;
  /** The CUDA that the build is of; null when it cannot use a GPU. */
  readonly cuda: string | null;
  /** The path that an index with this build ends with; null for the default index. */
  readonly index: string | null;
  /** Extras that bring CUDA's libraries. */
  readonly extras: readonly string[];
};

export type GpuAnswer = {
  readonly kind: 'answer';
  readonly accelerator: 'cuda' | 'cpu';
  readonly frameworks: readonly FrameworkAnswer[];
  readonly cuda: string | null;
  readonly cudnn: string | null;
  readonly nccl: string | null;
  /** The oldest driver of NVIDIA's that a host may have. */
  readonly driver: string | null;
  /** GPUs (SM numbers) that all builds have machine code for; null where no table says so. */
  readonly sm: readonly number[] | null;
  /** Requirements (PEP 508) that keep the resolver to these builds. */
  readonly constraints: readonly string[];
  /** Requirements that bring what is missing from the model's own, such as `jax[cuda13]`. */
  readonly requirements: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly reasons: readonly string[];
};

/** Shared memory that NCCL is given for each GPU, in bytes (NCCL User Guide, "Troubleshooting": --shm-size=1g). */
const sharedMemory = 2 ** 30;

export function answerOf(wish: Wish, solution: Solution, facts: GpuFacts): GpuAnswer {
  const gpus = wish.constraints.flatMap(each => (each.kind === 'arch' ? [each.sm] : []));
  const withCuda = solution.filter(({ cuda }) => cuda !== null);
  const uses = wish.accelerator === 'cuda';
  const stated = wish.constraints.find(each => each.kind === 'driver')?.driver ?? null;
  const asksCuda = wish.constraints.some(({ kind }) => kind === 'cuda' || kind === 'arch');
  const frameworks = solution.filter(isFramework);
  const bare = frameworks.length === 0;
  const cuda = uses && (!bare || asksCuda) ? newestCuda(solution) : null;
  const driver = !uses
    ? null
    : cuda === null
      ? stated
      : withCuda.map(each => driverOf(each, gpus, facts)).reduce(higher);
  const sm = uses && withCuda.length > 0 && !bare ? commonCode(withCuda) : null;
  return {
    kind: 'answer',
    accelerator: wish.accelerator,
    frameworks: frameworks.map(({ framework, version, cuda, index, extras }) => ({
      name: framework,
      version,
      cuda,
      index,
      extras: uses ? extras : [],
    })),
    cuda,
    cudnn: uses ? (withCuda.find(({ cudnn }) => cudnn !== null)?.cudnn ?? null) : null,
    nccl: uses ? (withCuda.find(({ nccl }) => nccl !== null)?.nccl ?? null) : null,
    driver,
    sm,
    // The default index has whatever is newest, if nothing is used of a GPU and nothing was said of one.
    constraints: uses || wish.said ? frameworks.map(pinOf) : [],
    requirements: uses ? frameworks.flatMap(each => missingExtras(each, wish)) : [],
    env: uses ? environment(cuda, driver) : {},
    labels: uses ? labels(wish, cuda, driver, sm) : {},
    reasons: [wish.why, ...reasons(wish, solution, { cuda, driver, gpus }, facts)],
  };
}

function isFramework(candidate: Candidate): candidate is Candidate & { framework: FrameworkName } {
  return candidate.framework !== 'cuda';
}

function pinOf({ framework, version, local }: Candidate): string {
  return `${framework}==${version}${local === null ? '' : `+${local}`}`;
}

function missingExtras({ framework, extras }: Candidate, { requirements }: Wish): string[] {
  const has = requirements.filter(({ name }) => name === framework).flatMap(each => each.extras);
  const missing = extras.filter(extra => !has.includes(extra));
  return missing.length === 0 ? [] : [`${framework}[${missing.join(',')}]`];
}

// What NVIDIA's container toolkit asks of a host before it starts the image, and what it mounts from it.
function environment(cuda: string | null, driver: string | null): Record<string, string> {
  const needs = [
    ...(cuda === null ? [] : [`cuda>=${major(cuda)}.0`]),
    ...(driver === null ? [] : [`driver>=${driver}`]),
  ];
  return {
    NVIDIA_DRIVER_CAPABILITIES: 'compute,utility',
    ...(needs.length > 0 && { NVIDIA_REQUIRE_CUDA: needs.join(',') }),
    NVIDIA_VISIBLE_DEVICES: 'all',
  };
}

function labels(
  { count }: Wish,
  cuda: string | null,
  driver: string | null,
  sm: readonly number[] | null,
): Record<string, string> {
  return {
    'cogpack.gpu.count': String(count),
    ...(cuda !== null && { 'cogpack.gpu.cuda': cuda }),
    ...(driver !== null && { 'cogpack.gpu.driver': driver }),
    ...(count > 1 && { 'cogpack.gpu.shm-size': String(count * sharedMemory) }),
    ...(sm !== null && { 'cogpack.gpu.sm': sm.map(each => `sm_${each}`).join(' ') }),
  };
}

function commonCode(builds: readonly Candidate[]): readonly number[] | null {
  const lists = builds.map(({ sm }) => sm);
  if (lists.some(list => list === undefined)) return null;
  const all = [...new Set(lists.flatMap(list => list!))].sort((a, b) => a - b);
  return all.filter(gpu => lists.every(list => runsOn({ cubin: list!, ptx: [] }, gpu)));
}

type Decided = { cuda: string | null; driver: string | null; gpus: readonly number[] };

function reasons(wish: Wish, solution: Solution, { cuda, driver, gpus }: Decided, facts: GpuFacts): string[] {
  const told: string[] = [];
  for (const each of solution.filter(isFramework)) {
    const { framework, version, platform, index, cuda: own, orLater, extras } = each;
    const from = index === null ? 'the default index' : `the index ${index}`;
    const what =
      own === null ? 'a CPU build' : `the build of CUDA ${own}${orLater ? ' or a later minor version' : ''}`;
    told.push(`${framework} ${version} for ${platform}: ${from} has ${what}`);
    if (wish.accelerator === 'cuda' && extras.length > 0)
      told.push(`the extra ${extras.join(', ')} brings CUDA's libraries`);
    if (wish.accelerator === 'cpu') told.push(...costOf(each, facts));
  }
  const range = cuda === null ? undefined : facts.cuda.toolkits.find(row => row.cuda === cuda);
  if (range !== undefined && driver !== null) {
    const why =
      driver === range.minimum
        ? `CUDA ${cuda} runs on every driver from ${range.minimum} on, the least of CUDA ${major(range.cuda)}`
        : `${gpus.map(sm => `sm_${sm}`).join(', ')} needs a driver from ${driver} on`;
    told.push(why);
    if (driver === range.minimum && driver !== range.driver)
      told.push(`what compiles PTX needs the toolkit's own driver, ${range.driver}`);
  }
  if (wish.count > 1)
    told.push(
      `${wish.count} GPUs talk through NCCL, which wants shared memory: start it with --shm-size=${wish.count}g`,
    );
  return told;
}

// What a build of CUDA costs an image that uses no GPU, or what a CPU build saves.
function costOf(build: Candidate, facts: GpuFacts): string[] {
  const { framework, version, platform, cuda } = build;
  if (cuda !== null) {
    const bytes = wheelBytes(build.wheels ?? {}, facts);
    const cpu = facts.torch.builds.find(
      each => each.torch === version && each.cuda === null && each.platforms.includes(platform),
    );
    const where = cpu === undefined ? '' : `; ${cpu.index} of torch's own index has a CPU build`;
    return bytes === 0 ? [] : [`CUDA's wheels, ${gigabytes(bytes)}, come with it and are not used${where}`];
  }
  if (framework !== 'torch') return [];
  const other = facts.torch.releases.find(each => each.version === version)?.['linux/amd64'];
  const bytes = other === undefined || other.cuda === null ? 0 : wheelBytes(other.wheels, facts);
  const wheel = build.size === undefined || other?.cuda == null ? 0 : Math.max(0, other.size - build.size);
  const least = build.size === undefined ? 'at least ' : '';
  return bytes + wheel === 0
    ? []
    : [`${least}${gigabytes(bytes + wheel)} less than linux/amd64's build of CUDA ${other!.cuda}`];
}

/** What wheels weigh, in bytes, as far as the tables know. */
export function wheelBytes(wheels: Wheels, { nvidia }: GpuFacts): number {
  return Object.entries(wheels).reduce(
    (sum, [name, version]) => sum + (nvidia.wheels[name]?.[version] ?? 0),
    0,
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
