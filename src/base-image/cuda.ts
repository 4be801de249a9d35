// CUDA, cuDNN, NCCL and torch in an image. Libraries are found by the names under which the loader looks for them; their
// versions are told by the toolkit's version.json, the files' own names, NVIDIA's wheels and NVIDIA's Debian packages.
import { posix } from 'node:path';
import type { ImageFiles } from '../check/image-files.ts';
import type { BaseMetadata } from './metadata.ts';
import { cudaLibrary } from './places.ts';
import { sortedBy } from './sorted.ts';

type Libraries = NonNullable<BaseMetadata['cuda']>['libraries'];

export function cudaOf(
  tree: ImageFiles,
  debian: BaseMetadata['debian'],
  packages: BaseMetadata['packages'],
  env: BaseMetadata['env'],
): Pick<BaseMetadata, 'cuda' | 'cudnn' | 'nccl' | 'torch'> {
  const libraries = librariesOf(tree);
  const realNames = (name: string) =>
    libraries
      .filter(({ soname }) => soname.startsWith(`${name}.so.`))
      .map(({ path }) => posix.basename(tree.file(path.slice(1))!.path));
  /** The longest number that a file's name has, if it has `parts` parts. */
  const named = (name: string, parts: number): string | undefined =>
    realNames(name)
      .map(file => file.slice(`${name}.so.`.length))
      .find(version => version.split('.').length >= parts);
  const wheel = (pattern: RegExp) => packages.find(({ name }) => pattern.test(name))?.version;
  const deb = (pattern: RegExp) => debian.find(({ name }) => pattern.test(name))?.version;
  const soname = (name: string) => libraries.find(each => each.soname.startsWith(`${name}.so.`))?.soname;

  const cuda =
    numbers(toolkit(tree) ?? env.CUDA_VERSION, 2) ??
    numbers(named('libcudart', 2), 2) ??
    numbers(wheel(/^nvidia-cuda-runtime(?:-cu\d+)?$/), 2) ??
    numbers(deb(/^cuda-cudart-\d+-\d+$/), 2) ??
    /\.so\.(\d+)/.exec(soname('libcudart') ?? '')?.[1];
  const cudnn =
    numbers(named('libcudnn', 3), 3) ??
    numbers(wheel(/^nvidia-cudnn(?:-cu\d+)?$/), 3) ??
    numbers(deb(/^libcudnn\d+(?:-cuda-\d+)?$/), 3);
  const nccl =
    numbers(named('libnccl', 3), 3) ??
    numbers(wheel(/^nvidia-nccl(?:-cu\d+)?$/), 3) ??
    numbers(deb(/^libnccl\d+$/), 3);
  const torch = packages.find(({ name }) => name === 'torch');
  return {
    ...(soname('libcudart') !== undefined && cuda !== undefined && { cuda: { version: cuda, libraries } }),
    ...(soname('libcudnn') !== undefined && cudnn !== undefined && { cudnn }),
    ...(soname('libnccl') !== undefined && nccl !== undefined && { nccl }),
    ...(torch !== undefined && { torch: torchOf(tree, torch) }),
  };
}

/** Every library once in each folder, by the shortest numbered name that leads to it there: its soname. */
function librariesOf(tree: ImageFiles): Libraries {
  const found: Libraries = [];
  for (const path of tree.files.keys()) {
    const base = posix.basename(path);
    if (!cudaLibrary.test(base) || /(?:^|\/)stubs\//.test(path)) continue;
    const [name, numbers] = base.split('.so.') as [string, string | undefined];
    const parts = (numbers ?? '').split('.');
    const names = parts.map((_, index) => `${name}.so.${parts.slice(0, index + 1).join('.')}`);
    const dir = posix.dirname(path);
    const soname =
      numbers === undefined ? undefined : names.find(each => tree.file(`${dir}/${each}`)?.path === path);
    if (soname !== undefined) found.push({ soname, path: `/${dir}/${soname}` });
  }
  return sortedBy(found, ({ soname, path }) => [soname, path]);
}

/** The `version.json` that the toolkit puts into its folder. */
function toolkit({ file }: ImageFiles): string | undefined {
  const text = file('usr/local/cuda/version.json')?.text;
  return /"cuda"\s*:\s*\{[^}]*"version"\s*:\s*"([^"]+)"/.exec(text ?? '')?.[1];
}

/** `torch/version.py` says `cuda: Optional[str] = '12.1'`, or None. */
function torchOf(
  { file }: ImageFiles,
  { version, path }: BaseMetadata['packages'][number],
): NonNullable<BaseMetadata['torch']> {
  const text = file(`${path.slice(1)}/torch/version.py`)?.text ?? '';
  const cuda = /^cuda\b[^=\n]*=\s*["'](\d+\.\d+)["']/m.exec(text)?.[1];
  return { version, ...(cuda !== undefined && { cuda }) };
}

function numbers(version: string | undefined, count: number): string | undefined {
  const found = /^\d+(?:\.\d+)+/.exec(version ?? '')?.[0]?.split('.');
  return found === undefined ? undefined : found.slice(0, count).join('.');
}
