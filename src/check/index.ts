// Whether an image's programs and libraries can be loaded, from the summaries of its layers alone: a pure function.
// docs/check.md tells the rules and where they are lenient.
import { posix } from 'node:path';
import type { GpuCode } from '../formats/elf-fatbin.ts';
import { cudaVersions, gpuPackages, runsOn, smNumber } from './gpu.ts';
import { type ImageFile, type ImageFiles, imageFiles, type NamedSummary } from './image-files.ts';
import { type Need, resolveNeeds } from './libraries.ts';
import { createLoader, loadable } from './loader.ts';
import { isForProcessor, type Machine, machineName, machineOf } from './machine.ts';
import { createIsPlugin } from './plugins.ts';
import { interpreterProvider, providerOf } from './providers.ts';
import { type BrokenScript, brokenScripts } from './scripts.ts';
import type { Owner } from './summary.ts';

export type { NamedSummary } from './image-files.ts';

/** A file of the image: the package it belongs to, such as `numpy (wheel)`, else its layer's name. */
export type Place = { readonly file: string; readonly package: string };

export type Finding = Place &
  (
    | {
        readonly kind: 'missing-library';
        readonly soname: string;
        /** The package that would provide it, such as `libgl1 (deb)` or `nvidia-cublas-cu12 (wheel)`. */
        readonly provider?: string;
        /** A file of that name which is for another machine. */
        readonly passedOver?: string;
        /** A file of that name which is not looked for where it lies, or is no whole ELF file. */
        readonly elsewhere?: { readonly file: string; readonly damaged: boolean };
      }
    | {
        readonly kind: 'missing-version';
        readonly soname: string;
        /** Needed and not defined, such as `GLIBC_2.38`. */
        readonly versions: readonly string[];
        readonly library: Place;
        /** The highest that is defined of the same family, such as `GLIBC_2.36`. */
        readonly newest?: string;
      }
    | { readonly kind: 'wrong-machine'; readonly found: string; readonly expected: string }
    | {
        readonly kind: 'missing-interpreter';
        /** A path, or a name that a script has looked for in PATH. */
        readonly interpreter: string;
        /** Such as `perl-base (deb)`. */
        readonly provider?: string;
      }
    | {
        readonly kind: 'two-versions';
        readonly soname: string;
        /** `libcublas`. */
        readonly library: string;
        readonly others: readonly (Place & { readonly soname: string })[];
      }
    | {
        readonly kind: 'sm-too-old';
        readonly architecture: string;
        readonly cubin: readonly number[];
        readonly ptx: readonly number[];
      }
  );

export type CheckReport = {
  /** What would fail in the image, ordered by path. */
  readonly findings: readonly Finding[];
  /** What is left to the host's driver. */
  readonly driver: readonly string[];
  /** Plugins of Debian packages that cannot be loaded: they need what their package only recommends or suggests. */
  readonly plugins: readonly Finding[];
  /** Programs of packages that are scripts for an interpreter which the package cannot or does not ask for. */
  readonly scripts: readonly Finding[];
  /** What the loader alone would not find, and the package that has it is to load first. */
  readonly assumed: readonly (Place & { readonly soname: string; readonly provider: string })[];
  /** What fails in a base image's own files, as it does without the model. */
  readonly base?: readonly Finding[];
  /** The GPU architectures of each package with CUDA code. */
  readonly gpu: readonly (Place & GpuCode)[];
  /** How many files the loader could load. */
  readonly checked: number;
};

export type CheckOptions = {
  /** In the image's order, the lowest first. */
  readonly layers: readonly NamedSummary[];
  /** The image's environment; LD_LIBRARY_PATH counts. */
  readonly env: Readonly<Record<string, string>>;
  readonly platform: string;
  /** The GPU architectures that are asked for, such as `sm_80`. */
  readonly architectures?: readonly string[];
  /** How many of the layers are a base image's. */
  readonly base?: number | undefined;
};

/** An image of another platform than Linux on amd64 or arm64 is not judged: its report is empty. */
export function checkImage({
  layers,
  env,
  platform,
  architectures = [],
  base = 0,
}: CheckOptions): CheckReport {
  const machine = machineOf(platform);
  if (machine === undefined) return nothing;
  const files = imageFiles(layers);
  const place = (file: ImageFile): Place => ({ file: `/${file.path}`, package: packageOf(layers, file) });
  const named = createFinder(files);
  const needs = resolveNeeds(files, createLoader(files, machine, env), machine);
  const ownerOf = ({ layer, owner }: ImageFile) =>
    owner === undefined ? undefined : layers[layer]!.summary.owners[owner]!.kind;
  const isOpened = createIsPlugin(needs);
  const isPlugin = (file: ImageFile) => ownerOf(file) === 'deb' && isOpened(file);
  const scripts = brokenScripts(files, env, file => ownerOf(file) === 'wheel');
  const isOptional = (script: BrokenScript) => isNotDeclared(script, ownerOf(script.file));
  const findings = [
    ...machineFindings(files, machine, place),
    ...scripts.filter(script => !isOptional(script)).map(script => scriptFinding(script, place)),
    ...needs.filter(need => !isPlugin(need.file)).flatMap(need => needFinding(need, place, named)),
    ...gpuFindings(files, architectures, place),
  ].sort((a, b) => compare(a.file, b.file));
  const isOfBase = ({ file }: Place) => files.files.get(file.slice(1))!.layer < base;
  const { own = [], ofBase = [] } = Object.groupBy(findings, finding => {
    const places = finding.kind === 'two-versions' ? [finding, ...finding.others] : [finding];
    return finding.kind !== 'sm-too-old' && places.every(isOfBase) ? 'ofBase' : 'own';
  });
  return {
    findings: own,
    ...(base > 0 && { base: ofBase }),
    plugins: needs
      .filter(need => isPlugin(need.file))
      .flatMap(need => needFinding(need, place, named))
      .sort((a, b) => compare(a.file, b.file)),
    scripts: scripts.filter(isOptional).map(script => scriptFinding(script, place)),
    driver: [
      ...new Set(needs.flatMap(({ soname, outcome }) => (outcome.kind === 'driver' ? [soname] : []))),
    ].sort(),
    assumed: needs
      .flatMap(({ file, soname, outcome }) =>
        outcome.kind === 'assumed' ? [{ ...place(file), soname, provider: `/${outcome.provider}` }] : [],
      )
      .sort((a, b) => compare(a.file, b.file)),
    gpu: gpuPackages(files).map(({ files: [first], code }) => ({ ...place(first!), ...code })),
    checked: [...files.files.values()].filter(file => loadable(file) !== undefined).length,
  };
}

const nothing: CheckReport = {
  findings: [],
  plugins: [],
  scripts: [],
  driver: [],
  assumed: [],
  gpu: [],
  checked: 0,
};

// Debian packages do not name the essential ones (dash, bash, perl-base, coreutils), which an image need not have, and may
// only recommend others (Debian Policy 3.5, 7.2). A wheel can ask for no program: its Python ones are installed with
// Python, others are extras.
function isNotDeclared({ interpreter }: BrokenScript, owner: Owner['kind'] | undefined): boolean {
  return owner === 'deb' || (owner === 'wheel' && !/^python[\d.]*$/.test(posix.basename(interpreter)));
}

function scriptFinding({ file, interpreter }: BrokenScript, place: (file: ImageFile) => Place): Finding {
  const provider = interpreterProvider(interpreter);
  return {
    kind: 'missing-interpreter',
    ...place(file),
    interpreter,
    ...(provider !== undefined && { provider }),
  };
}

/** The first file by path that has a name; the paths are gone through when the first name is asked for. */
function createFinder(files: ImageFiles): (name: string) => ImageFile | undefined {
  let byName: Map<string, ImageFile> | undefined;
  return name => {
    if (byName === undefined) {
      const sorted = [...files.files.values()].sort((a, b) => compare(b.path, a.path));
      byName = new Map(sorted.map(file => [posix.basename(file.path), file]));
    }
    return byName.get(name);
  };
}

function needFinding(
  { file, soname, outcome }: Need,
  place: (file: ImageFile) => Place,
  named: (name: string) => ImageFile | undefined,
): Finding[] {
  if (outcome.kind === 'missing') {
    const provider = providerOf(soname);
    const { passedOver } = outcome;
    const other = passedOver === undefined ? named(soname) : undefined;
    return [
      {
        kind: 'missing-library',
        ...place(file),
        soname,
        ...(provider !== undefined && { provider }),
        ...(passedOver !== undefined && { passedOver: `/${passedOver}` }),
        ...(other !== undefined && {
          elsewhere: { file: `/${other.path}`, damaged: loadable(other) === undefined },
        }),
      },
    ];
  }
  if (outcome.kind === 'version') {
    const newest = newestOf(outcome.missing[0]!, loadable(outcome.provider)?.versions ?? []);
    return [
      {
        kind: 'missing-version',
        ...place(file),
        soname,
        versions: outcome.missing,
        library: place(outcome.provider),
        ...(newest !== undefined && { newest }),
      },
    ];
  }
  return [];
}

/** `GLIBC_2.36` for `GLIBC_2.38` out of all that are defined; numbers are compared as numbers. */
function newestOf(wanted: string, defined: readonly string[]): string | undefined {
  const family = wanted.slice(0, wanted.lastIndexOf('_') + 1);
  const numbered = defined.filter(
    version => version.startsWith(family) && /^[0-9.]+$/.test(version.slice(family.length)),
  );
  const numbers = (version: string) => version.slice(family.length).split('.').map(Number);
  return numbered.reduce<string | undefined>((best, version) => {
    if (best === undefined) return version;
    const [a, b] = [numbers(best), numbers(version)];
    const at = b.findIndex((number, index) => number !== a[index]);
    return at >= 0 && b[at]! > (a[at] ?? -1) ? version : best;
  }, undefined);
}

function machineFindings(files: ImageFiles, machine: Machine, place: (file: ImageFile) => Place): Finding[] {
  const isRight = (file: ImageFile): boolean => {
    const elf = loadable(file);
    return elf !== undefined && elf.machine === machine.number && elf.class === machine.class;
  };
  const mixed = new Set(
    [...files.files.values()].filter(isRight).map(({ layer, owner }) => `${layer}/${owner}`),
  );
  return [...files.files.values()].flatMap((file): Finding[] => {
    const elf = loadable(file);
    if (elf === undefined) return [];
    if (isRight(file)) {
      const { interpreter } = elf;
      const isProgram = interpreter !== undefined && !libraryName.test(posix.basename(file.path));
      if (!isProgram || files.file(interpreter.replace(/^\/+/, '')) !== undefined) return [];
      return [{ kind: 'missing-interpreter', ...place(file), interpreter }];
    }
    // A package may bring code for several machines and choose among them.
    const mayBeOther = file.owner !== undefined && mixed.has(`${file.layer}/${file.owner}`);
    if (!isForProcessor(elf.machine) || (mayBeOther && !isLoadedByName(file.path))) return [];
    const found = machineName(elf.machine, elf.class);
    return [
      { kind: 'wrong-machine', ...place(file), found, expected: machineName(machine.number, machine.class) },
    ];
  });
}

const libraryName = /\.so(?:\.|$)/;
const systemFolder =
  /^(?:usr\/)?(?:local\/)?s?bin\/[^/]+$|^(?:usr\/)?lib(?:64)?\/(?:[a-z0-9_]+-linux-gnu\/)?[^/]+$/;
const extensionModule =
  /\/(?:site|dist)-packages\/.*\.(?:cpython-3[0-9]+[a-z]*(?:-[a-z0-9_-]+)?|abi3[a-z0-9_-]*)\.so$/;

/** Programs and libraries of the system, and Python's extension modules: found by their place, whatever is in them. */
function isLoadedByName(path: string): boolean {
  return systemFolder.test(path) || extensionModule.test(path);
}

function gpuFindings(
  files: ImageFiles,
  architectures: readonly string[],
  place: (file: ImageFile) => Place,
): Finding[] {
  const versions = cudaVersions(files).map(({ library, files: found }): Finding => {
    const [first, ...others] = found.map(({ file, soname }) => ({ ...place(file), soname }));
    return { kind: 'two-versions', ...first!, library, others };
  });
  const packages = architectures.length === 0 ? [] : gpuPackages(files);
  const old = architectures.flatMap(architecture => {
    const sm = smNumber(architecture);
    if (sm === undefined) return [];
    return packages
      .filter(({ code }) => !runsOn(code, sm))
      .map(({ files: [first], code }): Finding => {
        return { kind: 'sm-too-old', ...place(first!), architecture, cubin: code.cubin, ptx: code.ptx };
      });
  });
  return [...versions, ...old];
}

/** `numpy (wheel)`, `libc6 (deb)`, or the layer's name. */
export function packageOf(layers: readonly NamedSummary[], file: ImageFile): string {
  const layer = layers[file.layer]!;
  const owner = file.owner === undefined ? undefined : layer.summary.owners[file.owner];
  return owner === undefined ? layer.name : `${owner.name} (${owner.kind})`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
