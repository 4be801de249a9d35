// What a model asks, as constraints that each can be taken away: so a conflict can be reduced to the user's own lines
// that cannot hold together.

import { CogpackError } from '../base/error.ts';
import { smNumber } from '../check/gpu.ts';
import type { Platform } from './facts.ts';
import {
  asksForGpu,
  cudaOfExtras,
  frameworkOf,
  localOf,
  parseRequirements,
  type Requirement,
} from './requirement.ts';
import { parseCuda, type Specifier } from './versions.ts';

/** The field `gpu` of a model. */
export type GpuRequest =
  | boolean
  | {
      /** The drivers that the image must run on: `>=535`, `535`, `535.104.05`. */
      readonly driver?: string;
      /** GPUs that it must have code for: `sm_80`. */
      readonly arch?: readonly string[];
      /** `12.x`, `12.8`, `>=12.1,<13`. */
      readonly cuda?: string;
      /** How many GPUs the model uses at one time. */
      readonly count?: number;
    };

export type Question = {
  /** Null when the model does not say. */
  readonly gpu: GpuRequest | null;
  readonly python: string;
  readonly platform: Platform;
  readonly requirements: readonly string[];
  /** Indexes that the project names beside the default one, as URLs. */
  readonly indexes?: readonly string[];
  /** Where the model's source uses a GPU, in words. */
  readonly use?: string;
};

/** `field` is the path of what the user wrote, `gpu.driver` say; `text` is how it is told. */
export type Constraint = { readonly field: string; readonly text: string } & (
  | { readonly kind: 'gpu' }
  | { readonly kind: 'driver'; readonly driver: string }
  | { readonly kind: 'arch'; readonly sm: number }
  | { readonly kind: 'cuda'; readonly specifiers: readonly Specifier[] }
  | { readonly kind: 'python'; readonly python: string }
  | { readonly kind: 'platform'; readonly platform: Platform }
  | { readonly kind: 'requirement'; readonly requirement: Requirement }
  /** `locals` are builds that are asked for by name, such as `cu118`: who does knows of an index that has them. */
  | { readonly kind: 'index'; readonly indexes: readonly string[]; readonly locals: readonly string[] }
);

export type Wish = {
  /** Whether a GPU is to be used, and why that is taken to be so. */
  readonly accelerator: 'cuda' | 'cpu';
  readonly why: string;
  /** False when the user said nothing of a GPU. */
  readonly said: boolean;
  readonly count: number;
  readonly requirements: readonly Requirement[];
  readonly constraints: readonly Constraint[];
};

/** True when a model has packages that can use a GPU, and do without one. */
export function canUseGpu({ requirements, python, platform }: Question): boolean {
  return parseRequirements(requirements, { python, platform }).some(
    ({ name }) => frameworkOf(name) !== undefined || name === 'onnxruntime',
  );
}

/** Throws `gpu/request` for a text that is no driver, architecture or version of CUDA. */
export function wishOf({ gpu, python, platform, requirements: lines, indexes = [], use }: Question): Wish {
  const requirements = parseRequirements(lines, { python, platform });
  const asking = [
    ...requirements.flatMap(requirement => asksForGpu(requirement) ?? []),
    ...(use ? [use] : []),
  ];
  const wantsGpu = gpu === null ? asking.length > 0 : gpu !== false;
  const request = typeof gpu === 'object' && gpu !== null ? gpu : {};
  const named = requirements.filter(
    each => frameworkOf(each.name) && (each.specifiers.length > 0 || cudaOfExtras(each) !== undefined),
  );
  const partners = requirements.filter(
    ({ name, specifiers }) => /^torch(vision|audio)$/.test(name) && specifiers.length === 0,
  );
  const constraints: Constraint[] = [
    ...[...named, ...partners].map(
      (requirement): Constraint => ({
        kind: 'requirement',
        field: 'requirements',
        text: requirement.text,
        requirement,
      }),
    ),
    { kind: 'python', field: 'python', text: `python ${python}`, python },
    { kind: 'platform', field: 'platform', text: platform, platform },
    ...(wantsGpu ? gpuConstraints(gpu, request, asking[0]) : []),
    {
      kind: 'index',
      field: 'requirements',
      text: indexes.length === 0 ? 'no index but the default one' : 'the indexes that are named',
      indexes,
      locals: requirements.flatMap(({ specifiers }) => localOf(specifiers) ?? []),
    },
  ];
  return {
    accelerator: wantsGpu ? 'cuda' : 'cpu',
    why: whyOf(gpu, asking, requirements),
    said: gpu !== null,
    count: request.count ?? 1,
    requirements,
    constraints,
  };
}

function whyOf(
  gpu: GpuRequest | null,
  asking: readonly string[],
  requirements: readonly Requirement[],
): string {
  if (gpu === false) return 'gpu: false asks for no GPU';
  if (gpu !== null) return 'gpu asks for a GPU';
  if (asking.length > 0) return `a GPU is taken to be wanted: ${asking[0]}`;
  return requirements.some(({ name }) => frameworkOf(name) !== undefined)
    ? 'nothing asks for a GPU; say gpu: true to use one'
    : 'nothing is asked that could use a GPU';
}

function gpuConstraints(
  gpu: GpuRequest | null,
  { driver, arch = [], cuda }: Exclude<GpuRequest, boolean>,
  asking: string | undefined,
): Constraint[] {
  const constraints: Constraint[] = [
    { kind: 'gpu', field: 'gpu', text: gpu === null ? (asking ?? 'a GPU') : 'gpu: a GPU is asked for' },
  ];
  if (cuda !== undefined) {
    const specifiers = parseCuda(cuda);
    if (specifiers === undefined)
      throw malformed('gpu.cuda', cuda, 'a version of CUDA', '"12.x", "12.8" or ">=12.1"');
    constraints.push({ kind: 'cuda', field: 'gpu.cuda', text: `cuda ${cuda}`, specifiers });
  }
  if (driver !== undefined) {
    const version = /^\s*(?:>=)?\s*(\d{3}(?:\.\d+){0,2})\s*$/.exec(driver)?.[1];
    if (version === undefined) throw malformed('gpu.driver', driver, 'a driver', '">=535" or "535.104.05"');
    constraints.push({ kind: 'driver', field: 'gpu.driver', text: `driver ${driver}`, driver: version });
  }
  for (const name of arch) {
    const sm = smNumber(name);
    if (sm === undefined || !name.startsWith('sm_'))
      throw malformed('gpu.arch', name, 'an architecture', '"sm_80"');
    constraints.push({ kind: 'arch', field: 'gpu.arch', text: name, sm });
  }
  return constraints;
}

function malformed(field: string, found: string, expected: string, example: string): CogpackError {
  return new CogpackError('gpu/request', `${field} is ${expected}; found ${JSON.stringify(found)}`, {
    hint: `for example ${example}`,
  });
}

/** Whether an index that is named has a build: the URL ends with the build's path. */
export function hasIndex(indexes: readonly string[], path: string): boolean {
  return indexes.some(url => url.replace(/\/+$/, '').endsWith(`/${path}`));
}
