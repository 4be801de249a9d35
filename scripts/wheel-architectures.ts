// Which GPUs a framework's wheel has code for, as the wheel itself says: what torch answers to
// torch.cuda.get_arch_list(), tensorflow to tf.sysconfig.get_build_info(), and for jax, whose wheels keep no list, the
// CUDA code of its plugin's own kernels. A few megabytes of each wheel are read.
import { createGpuCodeFinder } from '../src/formats/elf-fatbin.ts';
import { type RemoteWheel, remoteFile } from './remote-wheel.ts';

/** SM numbers, ascending; `ptx` is what later GPUs can compile, the newest where there are several. */
export type Architectures = { readonly sm: readonly number[]; readonly ptx: number | null };

/** Undefined for a wheel without the list. Each throws where the wheel is not laid out so any more. */
export type ArchitectureReader = (wheel: RemoteWheel) => Promise<Architectures | undefined>;

/** CUDA_ARCH_FLAGS, which CMake compiles into libtorch_python.so (pytorch, torch/csrc/cuda/Module.cpp). */
export const torchArchitectures: ArchitectureReader = async wheel => {
  const library = await remoteFile(wheel, /^torch\/lib\/libtorch_python\.so$/);
  if (library === undefined) throw new Error(`${wheel.url}: no libtorch_python.so`);
  const lists = new Set(library.toString('latin1').match(/sm_\d+[af]?(?: (?:sm|compute)_\d+[af]?)+\0/g));
  if (lists.size > 1) throw new Error(`${wheel.url}: ${lists.size} lists of architectures`);
  const [list] = lists;
  return list === undefined ? undefined : fromNames(list.slice(0, -1).split(' '));
};

/** tensorflow/python/platform/build_info.py, which the build writes. */
export const tensorflowArchitectures: ArchitectureReader = async wheel => {
  const module = await remoteFile(wheel, /^tensorflow\/python\/platform\/build_info\.py$/);
  const list = /'cuda_compute_capabilities', \[([^\]]*)\]/.exec(module?.toString('utf8') ?? '')?.[1];
  return list === undefined
    ? undefined
    : fromNames([...list.matchAll(/'([^']+)'/g)].map(([, name]) => name!));
};

export const jaxArchitectures: ArchitectureReader = async wheel => {
  const kernels = await remoteFile(wheel, /^jax_cuda\d+_plugin\/_prng\.so$/);
  if (kernels === undefined) throw new Error(`${wheel.url}: no _prng.so`);
  const finder = createGpuCodeFinder();
  finder.write(kernels);
  const code = finder.result();
  return code === undefined ? undefined : { sm: code.cubin, ptx: code.ptx.at(-1) ?? null };
};

function fromNames(names: readonly string[]): Architectures {
  const numbers = (kind: string) =>
    names
      .flatMap(name => (name.startsWith(kind) ? [Number.parseInt(name.slice(kind.length), 10)] : []))
      .sort((a, b) => a - b);
  return { sm: numbers('sm_'), ptx: numbers('compute_').at(-1) ?? null };
}
