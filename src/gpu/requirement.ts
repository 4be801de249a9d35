// The frameworks among a model's requirements (PEP 508): torch with torchvision and torchaudio, tensorflow, jax, and
// packages that are of use with a GPU only. Everything else is left to the resolver.
import { normalName } from '../formats/wheel-metadata.ts';
import { evaluateMarker } from '../lock/python/markers.ts';
import type { Platform } from './facts.ts';
import { parseSpecifiers, type Specifier } from './versions.ts';

export type FrameworkName = 'torch' | 'tensorflow' | 'jax';

export type Requirement = {
  /** In the normal form. */
  readonly name: string;
  readonly extras: readonly string[];
  readonly specifiers: readonly Specifier[];
  /** As it was written. */
  readonly text: string;
  /** Its place among the requirements. */
  readonly index: number;
};

/** Requirements that hold for an interpreter and a platform. A line of another form is left out. */
export function parseRequirements(
  lines: readonly string[],
  target: { readonly python: string; readonly platform: Platform },
): Requirement[] {
  return lines.flatMap((line, index) => {
    const match = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*([^;@]*?)\s*(?:;\s*(.*))?$/.exec(
      line.replace(/\s--hash=\S+/g, '').replace(/\s#.*$/, ''),
    );
    if (match === null) return [];
    const [, name, extras = '', text = '', marker] = match;
    const specifiers = parseSpecifiers(text);
    if (specifiers === undefined || (marker !== undefined && !holds(marker, target))) return [];
    return [
      {
        name: normalName(name!),
        extras: extras.split(',').map(normalName).filter(Boolean),
        specifiers,
        text: line.trim(),
        index,
      },
    ];
  });
}

function holds(marker: string, { python, platform }: { python: string; platform: Platform }): boolean {
  return (
    evaluateMarker(marker, {
      extra: '',
      implementation_name: 'cpython',
      os_name: 'posix',
      platform_machine: platform === 'linux/amd64' ? 'x86_64' : 'aarch64',
      platform_python_implementation: 'CPython',
      platform_system: 'Linux',
      python_full_version: `${python}.0`,
      python_version: python,
      sys_platform: 'linux',
    }) !== false
  );
}

/** The framework that a requirement is of, or that its package is a partner of. */
export function frameworkOf(name: string): FrameworkName | undefined {
  if (['torch', 'torchvision', 'torchaudio'].includes(name)) return 'torch';
  if (['tensorflow', 'tensorflow-cpu'].includes(name)) return 'tensorflow';
  return ['jax', 'jaxlib'].includes(name) ? 'jax' : undefined;
}

const needGpu =
  /^(nvidia-.*|cupy-cuda.*|onnxruntime-gpu|flash-attn|xformers|bitsandbytes|vllm|auto-gptq|autoawq|deepspeed|triton|tensorrt.*|torch-tensorrt|faiss-gpu.*|cudf-cu.*|cuml-cu.*|numba-cuda|pycuda|paddlepaddle-gpu|mxnet-cu.*|transformer-engine.*)$/;

/** Why a requirement asks for a GPU by itself; undefined when it does not. */
export function asksForGpu({ name, extras, specifiers }: Requirement): string | undefined {
  if (needGpu.test(name)) return `${name} is of use with a GPU only`;
  const local = localOf(specifiers);
  if (local?.startsWith('cu')) return `${name} is asked for in its CUDA build +${local}`;
  const extra = extras.find(each => /^(and-cuda|cuda\d+.*|gpu)$/.test(each));
  return extra === undefined ? undefined : `${name} is asked for with its extra ${extra}`;
}

/** The major version of CUDA that an extra brings, such as 12 of `jax[cuda12]`. */
export function cudaOfExtras({ extras }: Requirement): string | undefined {
  for (const extra of extras) {
    const major = /^cuda(\d+)/.exec(extra)?.[1];
    if (major !== undefined) return major;
  }
  return undefined;
}

/** The local version that is pinned, such as `cu118` of `==2.1.0+cu118`. */
export function localOf(specifiers: readonly Specifier[]): string | undefined {
  for (const { operator, version } of specifiers) {
    if (operator.startsWith('==') && version.includes('+')) return version.split('+')[1]!.toLowerCase();
  }
  return undefined;
}
