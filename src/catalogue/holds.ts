// What a base has of what a model needs: the interpreter that PATH finds, the packages that this one finds (both as the
// stdlib's block `base` finds them, which a test compares), and CUDA's libraries in place of NVIDIA's wheels.
import { posix } from 'node:path';
import type { BaseMetadata } from '../base-image/metadata.ts';
import { sonamesOfWheel } from '../check/providers.ts';
import { compareDotted } from '../gpu/versions.ts';
import { pythons } from '../inputs/pythons.ts';

// Where an image sets none.
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The suite, where it is one whose packages cogpack can add. */
export function suiteOf({ os }: BaseMetadata): string | undefined {
  return os.id === 'debian' ? pythons.find(({ suite }) => suite === os.codename)?.suite : undefined;
}

export type Interpreter = BaseMetadata['pythons'][number];

/** The first on PATH that bears the version in its name, else the first there is. */
export function interpreterOf({ pythons, env }: BaseMetadata, python: string): Interpreter | undefined {
  const found = pythons.filter(({ version }) => version.startsWith(`${python}.`));
  const named = (env.PATH ?? defaultPath).split(':').map(folder => `${folder}/python${python}`);
  return named.flatMap(name => found.find(({ path }) => path === name) ?? [])[0] ?? found[0];
}

/** Versions by name, of what the interpreter finds: of the virtual environment, where there is one. */
export function packagesOf(base: BaseMetadata, python: string): ReadonlyMap<string, string> {
  const { packages, venv } = base;
  const interpreter = interpreterOf(base, python);
  const prefix = interpreter && posix.dirname(posix.dirname(interpreter.path));
  const isFound = (path: string) => {
    if (venv?.python === python) return path.startsWith(`${venv.path}/`);
    if (prefix === undefined) return false;
    return (
      (path.startsWith(`${prefix}/`) && `${path}/`.includes(`/python${python}/`)) ||
      (prefix === '/usr' && path === '/usr/lib/python3/dist-packages')
    );
  };
  return new Map(packages.flatMap(({ name, version, path }) => (isFound(path) ? [[name, version]] : [])));
}

export type Wheel = { readonly name: string; readonly version?: string };

/**
 * The CUDA, cuDNN or NCCL that stands in for one of NVIDIA's wheels: one that has every soname of the wheel outside of
 * Python's packages, and is not older. `wheels`: all that are needed, of which the runtime's tells their CUDA.
 */
export function libraryFor({ name, version }: Wheel, wheels: readonly Wheel[], base: BaseMetadata) {
  const sonames = sonamesOfWheel(name);
  const there = new Set(
    (base.cuda?.libraries ?? [])
      .filter(({ path }) => !path.includes('-packages/'))
      .map(({ soname }) => soname),
  );
  if (sonames.length === 0 || !sonames.every(soname => there.has(soname))) return undefined;
  const runtime = wheels.find(wheel => wheel.name.startsWith('nvidia-cuda-runtime'))?.version;
  const [found, wanted, parts] = name.startsWith('nvidia-cudnn')
    ? [base.cudnn, version, 3]
    : name.startsWith('nvidia-nccl')
      ? [base.nccl, version, 3]
      : [base.cuda?.version, runtime, 2];
  if (found === undefined || wanted === undefined) return undefined;
  const isOlder = compareDotted(found, wanted.split('.').slice(0, parts).join('.')) < 0;
  return isOlder ? undefined : found;
}
