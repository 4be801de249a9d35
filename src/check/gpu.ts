// CUDA in an image: one version of each library, and code for the GPUs that are asked for (CUDA C++ Programming Guide,
// "Application Compatibility": a cubin runs on its own major architecture from its minor version up, PTX on its own
// and all later ones).
import type { GpuCode } from '../formats/elf-fatbin.ts';
import type { ImageFile, ImageFiles } from './image-files.ts';
import { loadable } from './loader.ts';

/**
 * Libraries of the CUDA toolkit and those that NVIDIA versions like it. A name with a hash in it is a copy of its own. CUPTI is
 * not among them: profilers bring it for themselves, as triton does since 3.2, beside the one that torch is made for.
 */
const cudaLibrary =
  /^(lib(?:cudart|cublas|cublasLt|cudnn(?:_[a-z_]+)?|cufft|cufftw|cufile|curand|cusolver|cusolverMg|cusparse|cusparseLt|nccl|nvblas|nvgraph|nvjpeg|nvJitLink|nvrtc|nvrtc-builtins|nvshmem_host|npp[a-z]*))\.so(?:\.|$)/;

export type CudaVersions = {
  /** `libcublas`. */
  readonly library: string;
  readonly files: readonly { readonly soname: string; readonly file: ImageFile }[];
};

/** CUDA libraries of which the image holds files that differ; the same bytes twice are one version. */
export function cudaVersions(files: ImageFiles): CudaVersions[] {
  const byLibrary = new Map<string, { soname: string; file: ImageFile }[]>();
  for (const file of files.files.values()) {
    const elf = loadable(file);
    const library = elf?.soname === undefined ? undefined : cudaLibrary.exec(elf.soname)?.[1];
    if (elf?.soname === undefined || library === undefined || isStub(file.path)) continue;
    byLibrary.set(library, [...(byLibrary.get(library) ?? []), { soname: elf.soname, file }]);
  }
  return [...byLibrary]
    .filter(([, found]) => new Set(found.map(({ file }) => `${file.crc} ${file.size}`)).size > 1)
    .map(([library, found]) => ({ library, files: found }));
}

/** Empty libraries to link against, which no program loads. */
function isStub(path: string): boolean {
  return path.split('/').includes('stubs');
}

/** `sm_80`, `80` → 80; undefined for anything else. */
export function smNumber(architecture: string): number | undefined {
  const digits = /^(?:sm_)?([0-9]{2,3})[af]?$/.exec(architecture)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export type GpuPackage = { readonly files: readonly ImageFile[]; readonly code: GpuCode };

/** The GPU code of each package as a whole, since packages spread architectures over files; without owner, of a file. */
export function gpuPackages(files: ImageFiles): GpuPackage[] {
  const groups = new Map<string, ImageFile[]>();
  for (const file of files.files.values()) {
    if (loadable(file) === undefined || gpuOf(file) === undefined) continue;
    const key = file.owner === undefined ? file.path : `${file.layer}/${file.owner}`;
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  return [...groups.values()].map(group => ({
    files: group,
    code: {
      cubin: union(group.map(file => gpuOf(file)!.cubin)),
      ptx: union(group.map(file => gpuOf(file)!.ptx)),
    },
  }));
}

function gpuOf({ elf }: ImageFile): GpuCode | undefined {
  return elf === undefined || 'fault' in elf ? undefined : elf.gpu;
}

function union(lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}

/** True when the code runs on a GPU of this SM number. */
export function runsOn({ cubin, ptx }: GpuCode, sm: number): boolean {
  const major = Math.floor(sm / 10);
  return cubin.some(has => Math.floor(has / 10) === major && has <= sm) || ptx.some(has => has <= sm);
}
