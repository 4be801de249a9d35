// Every build of a framework that the tables know, as one kind of row: which release, for which Pythons and platform,
// with which CUDA, on which index, and what code for GPUs is in it.
import type { GpuFacts, Platform, Wheels } from './facts.ts';
import type { FrameworkName } from './requirement.ts';
import { compareReleases, keeps, parseSpecifiers } from './versions.ts';

export type Candidate = {
  /** `cuda` where no framework is asked for: a toolkit by itself. */
  readonly framework: FrameworkName | 'cuda';
  readonly version: string;
  readonly platform: Platform;
  readonly pythons: readonly string[];
  /** Null for a build that cannot use a GPU. */
  readonly cuda: string | null;
  /** True when `cuda` is the least, and later ones of the same major version fit too. */
  readonly orLater: boolean;
  /** The local version that names the build, such as `cu126`. */
  readonly local: string | null;
  /** Null for the default index; else the path under which another index has the build. */
  readonly index: string | null;
  /** Where CUDA's libraries are: in wheels that it depends on, in its own wheel, or nowhere. */
  readonly libraries: 'wheels' | 'inside' | 'missing' | 'none';
  /** NVIDIA's wheels that it depends on; undefined where the table has no wheel to ask. */
  readonly wheels: Wheels | undefined;
  readonly cudnn: string | null;
  readonly nccl: string | null;
  /** Undefined when no table says so. */
  readonly sm: readonly number[] | undefined;
  readonly ptx: number | null;
  /** The wheel, in bytes, where it is known. */
  readonly size: number | undefined;
  readonly extras: readonly string[];
  /** Packages that are released along with it: name → the version that fits; undefined where none does. */
  readonly partners: Readonly<Record<string, string | undefined>>;
};

const platforms: readonly Platform[] = ['linux/amd64', 'linux/arm64'];

const made = new WeakMap<GpuFacts, Map<Candidate['framework'], readonly Candidate[]>>();

/** All builds, the newest release first; of a release, the default index's first. Made once for a set of tables. */
export function candidatesOf(framework: Candidate['framework'], facts: GpuFacts): readonly Candidate[] {
  const known = made.get(facts) ?? new Map<Candidate['framework'], readonly Candidate[]>();
  made.set(facts, known);
  const candidates = known.get(framework) ?? makeCandidates(framework, facts);
  known.set(framework, candidates);
  return candidates;
}

function makeCandidates(framework: Candidate['framework'], facts: GpuFacts): readonly Candidate[] {
  switch (framework) {
    case 'torch':
      return torch(facts);
    case 'tensorflow':
      return tensorflow(facts);
    case 'jax':
      return jax(facts);
    case 'cuda':
      return toolkits(facts);
  }
}

function torch({ torch: { releases, builds, sm } }: GpuFacts): Candidate[] {
  return releases.toReversed().flatMap(release =>
    platforms.flatMap(platform => {
      const own = release[platform];
      if (own === undefined) return [];
      // The same build on two indexes is one build: what its wheel says is known of both.
      const codeOf = (cuda: string | null): Code => {
        if (cuda === null) return { sm: [], ptx: null };
        if (cuda === own.cuda && own.sm !== undefined) return stated(own);
        return stated(
          sm.find(row => row.platform === platform && row.cuda === cuda && isWithin(release.version, row)) ??
            {},
        );
      };
      const common = {
        framework: 'torch',
        version: release.version,
        platform,
        pythons: own.python,
        orLater: false,
        extras: [],
        partners: { torchvision: release.torchvision, torchaudio: release.torchaudio },
      } as const;
      const first: Candidate = {
        ...common,
        cuda: own.cuda,
        local: null,
        index: null,
        libraries: own.cuda === null ? 'none' : Object.keys(own.wheels).length > 0 ? 'wheels' : 'inside',
        wheels: own.wheels,
        ...librariesIn(own.wheels),
        ...codeOf(own.cuda),
        size: own.size,
      };
      const others = builds
        .filter(({ torch: version, platforms: of }) => version === release.version && of.includes(platform))
        .map(
          (other): Candidate => ({
            ...common,
            cuda: other.cuda,
            local: other.local,
            index: other.index,
            libraries: other.cuda === null ? 'none' : first.libraries === 'none' ? 'wheels' : first.libraries,
            wheels: other.cuda === null ? {} : other.cuda === own.cuda ? own.wheels : undefined,
            ...(other.cuda === own.cuda
              ? librariesIn(own.wheels)
              : { cudnn: other.cudnn ?? null, nccl: null }),
            ...codeOf(other.cuda),
            size: other.cuda === own.cuda ? own.size : undefined,
          }),
        );
      return [first, ...others.toReversed()];
    }),
  );
}

type Code = Pick<Candidate, 'sm' | 'ptx'>;

function stated({ sm, ptx = null }: { sm?: Code['sm']; ptx?: number | null | undefined }): Code {
  return { sm, ptx };
}

function tensorflow({ tensorflow: { releases, tested } }: GpuFacts): Candidate[] {
  return releases.toReversed().flatMap(release =>
    platforms.flatMap((platform): Candidate[] => {
      const own = release[platform];
      if (own === undefined) return [];
      // Before 2.14 no extra brings the libraries: they are to be found in the system.
      const system =
        platform === 'linux/amd64' && own.cuda === null
          ? tested.find(({ tensorflow: minor }) => keeps(release.version, parseSpecifiers(`==${minor}.*`)!))
          : undefined;
      const common = {
        framework: 'tensorflow',
        version: release.version,
        platform,
        pythons: own.python,
        local: null,
        index: null,
        ...stated(own),
        size: own.size,
        partners: {},
      } as const;
      const cpu: Candidate = {
        ...common,
        cuda: null,
        orLater: false,
        libraries: 'none',
        wheels: {},
        cudnn: null,
        nccl: null,
        extras: [],
      };
      if (system !== undefined) {
        const { cuda, cudnn } = system;
        return [{ ...cpu, cuda, cudnn, libraries: 'missing' }, cpu];
      }
      if (own.cuda === null) return [cpu];
      return [
        {
          ...common,
          cuda: own.cuda,
          orLater: isRange(own.wheels),
          libraries: 'wheels',
          wheels: own.wheels,
          ...librariesIn(own.wheels),
          extras: ['and-cuda'],
        },
        cpu,
      ];
    }),
  );
}

function jax({ jax: { releases } }: GpuFacts): Candidate[] {
  return releases.toReversed().flatMap(release =>
    platforms.flatMap((platform): Candidate[] => {
      const own = release[platform];
      if (own === undefined) return [];
      const common = {
        framework: 'jax',
        version: release.version,
        platform,
        local: null,
        index: null,
        partners: { jaxlib: release.jaxlib },
      } as const;
      const plugins = Object.entries(own.plugins).toReversed();
      return [
        ...plugins.map(
          ([major, plugin]): Candidate => ({
            ...common,
            pythons: own.python.filter(version => plugin.python.includes(version)),
            cuda: plugin.cuda,
            orLater: isRange(plugin.wheels),
            libraries: 'wheels',
            wheels: plugin.wheels,
            ...librariesIn(plugin.wheels),
            ...stated(plugin),
            size: own.size + plugin.size,
            extras: [`cuda${major}`],
          }),
        ),
        {
          ...common,
          pythons: own.python,
          cuda: null,
          orLater: false,
          libraries: 'none',
          wheels: {},
          cudnn: null,
          nccl: null,
          sm: [],
          ptx: null,
          size: own.size,
          extras: [],
        },
      ];
    }),
  );
}

function toolkits({ cuda: { toolkits: rows }, torch: { releases } }: GpuFacts): Candidate[] {
  const pythons = [...new Set(releases.flatMap(release => release['linux/amd64']?.python ?? []))];
  return rows.toReversed().flatMap(({ cuda, sm }) =>
    platforms.map(
      (platform): Candidate => ({
        framework: 'cuda',
        version: cuda,
        platform,
        pythons,
        cuda,
        orLater: false,
        local: null,
        index: null,
        libraries: 'none',
        wheels: {},
        cudnn: null,
        nccl: null,
        sm,
        ptx: null,
        size: undefined,
        extras: [],
        partners: {},
      }),
    ),
  );
}

function isWithin(version: string, { first, last }: { first: string; last: string }): boolean {
  return compareReleases(first, version) <= 0 && compareReleases(version, last) <= 0;
}

/** True when the runtime's wheel is not pinned to one version of CUDA. */
function isRange(wheels: Wheels): boolean {
  return Object.entries(wheels).some(
    ([name, demand]) => name.startsWith('nvidia-cuda-runtime') && demand.includes('>'),
  );
}

/** cuDNN and NCCL as wheels name them: an exact version, or `>=` the least of a range. */
function librariesIn(wheels: Wheels): { cudnn: string | null; nccl: string | null } {
  const of = (library: string) => {
    const stated = Object.entries(wheels).find(([name]) => name.startsWith(`nvidia-${library}-cu`))?.[1];
    const [, operator, version] = /(^|>=|==|~=)(\d[\d.]*)/.exec(stated ?? '') ?? [];
    return version === undefined ? null : `${operator === '>=' ? '>=' : ''}${version}`;
  };
  return { cudnn: of('cudnn'), nccl: of('nccl') };
}
