// Renews what an index says of frameworks and CUDA: node scripts/update-facts.ts [torch|tensorflow|jax|nvidia …]
// Read are the pages of the machine's own Python index and, of one wheel of each release and platform, METADATA and what
// says which GPUs it has code for. Rows of releases are made anew; `builds` and `sm` in torch.json, `tested` in
// tensorflow.json, and cuda.json, are kept by hand, since the index has no wheels that say it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/base/files.ts';
import { createNetwork, readConfig } from '../src/fetch/index.ts';
import { type IndexFile, projectUrl } from '../src/fetch/python-index.ts';
import { normalName, parseWheelName } from '../src/formats/wheel-metadata.ts';
import { compareVersions, parseVersion, satisfies } from '../src/lock/python/version.ts';
import { remoteMetadata } from './remote-wheel.ts';
import {
  type ArchitectureReader,
  type Architectures,
  jaxArchitectures,
  tensorflowArchitectures,
  torchArchitectures,
} from './wheel-architectures.ts';

type File = IndexFile & { readonly uploaded: string };
type Pins = Record<string, string>;
type Build = { python: string[]; cuda: string | null; size: number; wheels: Pins } & Partial<Architectures>;
type Release = { version: string; date: string } & Record<string, unknown>;

/** `text` is the specifier, without spaces. */
type Requirement = { name: string; extras: string[]; text: string; marker: string };

const requirementLine =
  /^Requires-Dist:[ \t]*([A-Za-z0-9._-]+)[ \t]*(?:\[([^\]]*)\])?[ \t]*([^;\r\n]*)(?:;[ \t]*([^\r\n]*))?$/gm;

const machines = { 'linux/amd64': 'x86_64', 'linux/arm64': 'aarch64' } as const;
const platforms = Object.keys(machines) as (keyof typeof machines)[];
const today = new Date().toISOString().slice(0, 10);
const network = createNetwork(readConfig(process.env, process.cwd()));

const pages = new Map<string, Promise<File[]>>();
const metadata = new Map<string, Promise<string>>();

const pagesAndMetadata = "the index's pages of the projects, and METADATA of their wheels";
const sources: Readonly<Record<string, string>> = {
  torch: `${pagesAndMetadata}; sm: CUDA_ARCH_FLAGS in libtorch_python.so of the wheel`,
  tensorflow: `${pagesAndMetadata}; sm: build_info.py of the wheel`,
  jax: `${pagesAndMetadata}; sm: the CUDA code in _prng.so of the plugin's wheel`,
  nvidia: pagesAndMetadata,
};

const wanted = process.argv.slice(2);
const makers = { torch, tensorflow, jax, nvidia };
for (const [name, make] of Object.entries(makers)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await make();
  process.stdout.write(`${name}\n`);
}

async function torch(): Promise<void> {
  const releases: Release[] = [];
  const vision = await partners('torchvision');
  const audio = await partners('torchaudio');
  for (const version of await versionsOf('torch', '1.11.0')) {
    const release: Release = { version, date: await dateOf('torch', version) };
    for (const platform of platforms) {
      const build = await buildOf('torch', version, platform, cudaOfTorch, torchArchitectures);
      if (build !== undefined) release[platform] = build;
    }
    for (const [name, found] of [
      ['torchvision', vision],
      ['torchaudio', audio],
    ] as const) {
      const partner = found.get(version);
      if (partner !== undefined) release[name] = partner;
    }
    releases.push(release);
    process.stdout.write(`torch ${version}\n`);
  }
  write('torch', { releases });
}

// CUDA's version as wheels state it: the runtime's pin, or that of the toolkit's metapackage. Before 1.13 it is inside.
function cudaOfTorch(version: string, platform: string, wheels: Pins): string | null {
  const stated = cudaOf(wheels);
  if (stated !== null || platform !== 'linux/amd64') return stated;
  return satisfies(version, '<', '1.13') ? '10.2' : null;
}

/** Release of torch → the newest release of a package that pins it. */
async function partners(project: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const version of await versionsOf(project, project === 'torchvision' ? '0.12.0' : '0.11.0')) {
    const file = (await wheelsOf(project, version, 'linux/amd64'))[0];
    if (file === undefined) continue;
    const pin = pinOf(requirements(await metadataOf(file)).find(({ name }) => name === 'torch')?.text ?? '');
    if (pin !== undefined) found.set(pin, version);
  }
  return found;
}

async function tensorflow(): Promise<void> {
  const releases: Release[] = [];
  for (const version of await versionsOf('tensorflow', '2.8.0')) {
    const release: Release = { version, date: await dateOf('tensorflow', version) };
    for (const platform of platforms) {
      const build = await buildOf(
        'tensorflow',
        version,
        platform,
        cudaOfTensorflow,
        tensorflowArchitectures,
        'and-cuda',
      );
      if (build !== undefined) release[platform] = build.cuda === null ? { ...build, wheels: {} } : build;
    }
    releases.push(release);
  }
  write('tensorflow', { releases });
}

// Wheels for arm64 are built without CUDA (tensorflow.org, "Install TensorFlow with pip"), though they have the extra.
function cudaOfTensorflow(_: string, platform: string, wheels: Pins): string | null {
  return platform === 'linux/amd64' ? cudaOf(wheels) : null;
}

// jax is Python alone; what holds CUDA is a plugin for each major version, whose extra names NVIDIA's wheels.
async function jax(): Promise<void> {
  const releases: Release[] = [];
  for (const version of await versionsOf('jax', '0.4.30')) {
    const release: Release = { version, date: await dateOf('jax', version) };
    const lib = await libOf(version);
    if (lib === undefined) continue;
    release.jaxlib = lib;
    for (const platform of platforms) {
      const files = await wheelsOf('jaxlib', lib, platform);
      if (files.length === 0) continue;
      const cuda: Record<string, Build> = {};
      for (const major of ['12', '13']) {
        const plugin = `jax-cuda${major}-plugin`;
        const own = (await projectHas(plugin, version)) ? version : lib;
        const build = await buildOf(
          plugin,
          own,
          platform,
          (_, __, wheels) => cudaOf(wheels) ?? major,
          jaxArchitectures,
          'with-cuda',
        );
        if (build !== undefined) cuda[major] = build;
      }
      release[platform] = { python: pythonsOf(files), size: files[0]!.size, plugins: cuda };
    }
    releases.push(release);
  }
  write('jax', { releases });
}

async function libOf(version: string): Promise<string | undefined> {
  const file = (await pageOf('jax')).find(({ filename }) => filename === `jax-${version}-py3-none-any.whl`);
  if (file === undefined) return undefined;
  const stated = requirements(await metadataOf(file)).find(
    ({ name, marker }) => name === 'jaxlib' && marker === '',
  );
  const fits = (each: string) =>
    (stated?.text ?? '').split(',').every(part => {
      const [, operator, limit] = /^([<>=!~]+)(.*)$/.exec(part) ?? [];
      return operator === undefined || satisfies(each, operator, limit!) === true;
    });
  return (await versionsOf('jaxlib', '0')).findLast(fits);
}

async function nvidia(): Promise<void> {
  const pinned = new Map<string, Set<string>>();
  const note = (pins: Pins) => {
    for (const [name, version] of Object.entries(pins)) {
      pinned.set(name, (pinned.get(name) ?? new Set()).add(version));
    }
  };
  for (const { [platforms[0]!]: build } of read('torch').releases) if (build) note((build as Build).wheels);
  const wheels: Record<string, Record<string, number>> = {};
  for (const name of [...pinned.keys()].sort()) {
    const sizes: Record<string, number> = {};
    for (const version of [...pinned.get(name)!].sort()) {
      const pin = /^[0-9]/.test(version) ? version : /==([0-9.]+)\.\*/.exec(version)?.[1];
      const file = pin === undefined ? undefined : await newest(name, pin);
      if (file !== undefined) sizes[version] = file.size!;
    }
    wheels[name] = sizes;
  }
  const libraries: Record<string, Record<string, { first: string; last: string }>> = {};
  for (const library of ['cudnn', 'nccl']) {
    libraries[library] = {};
    for (const major of ['11', '12', '13']) {
      const versions = await versionsOf(`nvidia-${library}-cu${major}`, '0');
      if (versions.length > 0) libraries[library][major] = { first: versions[0]!, last: versions.at(-1)! };
    }
  }
  write('nvidia', { libraries, wheels });
}

/** What the first wheel for a platform needs; its Pythons are those of all wheels. */
async function buildOf(
  project: string,
  version: string,
  platform: keyof typeof machines,
  cudaIn: (version: string, platform: string, wheels: Pins) => string | null,
  architecturesIn: ArchitectureReader,
  extra?: string,
): Promise<Build | undefined> {
  const files = await wheelsOf(project, version, platform);
  const first = files[0];
  if (first === undefined) return undefined;
  const wheels = await nvidiaPins(await metadataOf(first), platform, extra);
  const cuda = cudaIn(version, platform, wheels);
  const code = await architecturesIn({ url: first.url, size: first.size! });
  return { python: pythonsOf(files), cuda, size: first.size!, wheels, ...code };
}

/** The pins of NVIDIA's wheels, and of triton; the toolkit's metapackage is followed to the wheels of its extras. */
async function nvidiaPins(text: string, platform: keyof typeof machines, extra?: string): Promise<Pins> {
  const pins: Pins = {};
  for (const { name, text: specifier, extras, marker } of requirements(text)) {
    const pin = pinOf(specifier);
    const ofExtra = /extra\s*==\s*['"]([^'"]+)['"]/.exec(marker)?.[1];
    const machine = /platform_machine\s*==\s*['"]([^'"]+)['"]/.exec(marker)?.[1];
    if (
      (ofExtra && normalName(ofExtra)) !== extra ||
      (machine !== undefined && machine !== machines[platform])
    )
      continue;
    if (name === 'cuda-toolkit' && pin !== undefined) {
      pins[name] = pin;
      const file = (await pageOf(name)).find(({ filename }) => isVersion(filename, pin));
      for (const inner of requirements(await metadataOf(file!))) {
        const of = /extra\s*==\s*['"]([^'"]+)['"]/.exec(inner.marker)?.[1];
        if (of !== undefined && extras.includes(of)) pins[inner.name] = pinOf(inner.text) ?? inner.text;
      }
    } else if (/^(nvidia-|triton$)/.test(name)) pins[name] = pin ?? specifier;
  }
  return Object.fromEntries(Object.entries(pins).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The version of `==1.2.3`; undefined for a range. */
function pinOf(specifier: string): string | undefined {
  return /^==([0-9][\w.]*)$/.exec(specifier)?.[1];
}

/** The version of CUDA that the runtime's wheel is of; of a range, the least. */
function cudaOf(wheels: Pins): string | null {
  const toolkit =
    wheels['cuda-toolkit'] ??
    Object.entries(wheels).find(([name]) => /^nvidia-cuda-runtime/.test(name))?.[1] ??
    null;
  return toolkit === null ? null : (/(?:^|[=>])(\d+\.\d+)/.exec(toolkit)?.[1] ?? null);
}

function requirements(text: string): Requirement[] {
  const head = text.split(/\r?\n\r?\n/, 1)[0]!;
  return [...head.matchAll(requirementLine)].map(([, name, extras = '', text = '', marker = '']) => ({
    name: normalName(name!),
    extras: extras.split(',').map(each => each.trim()),
    text: text.replace(/[()\s]/g, ''),
    marker,
  }));
}

async function wheelsOf(project: string, version: string, platform: keyof typeof machines): Promise<File[]> {
  return (await pageOf(project)).filter(
    ({ filename, size }) =>
      isVersion(filename, version) &&
      filename.includes('linux') &&
      filename.endsWith(`${machines[platform]}.whl`) &&
      size !== undefined,
  );
}

/** A wheel of a version, which index and requirement may write differently: 13.0.3 is 13.0.3.0. */
function isVersion(filename: string, version: string): boolean {
  const stated = parseWheelName(filename)?.version;
  return stated !== undefined && satisfies(stated, '==', version) === true;
}

/** The newest file of a version, or of the versions that begin so. */
async function newest(project: string, version: string): Promise<File | undefined> {
  const last = (await versionsOf(project, '0')).findLast(
    each => satisfies(each, '==', version) || satisfies(each, '==', `${version}.*`),
  );
  return last === undefined ? undefined : (await wheelsOf(project, last, 'linux/amd64'))[0];
}

async function projectHas(project: string, version: string): Promise<boolean> {
  return (await versionsOf(project, '0')).includes(version);
}

/** `cp311` and `cp311-abi3`-less wheels: versions of CPython with a lock, the lowest first. */
function pythonsOf(files: readonly File[]): string[] {
  const minors = files.flatMap(({ filename }) => {
    const match = /-cp3(\d+)-cp3\1m?-/.exec(filename);
    return match === null ? [] : [Number(match[1])];
  });
  return [...new Set(minors)].sort((a, b) => a - b).map(minor => `3.${minor}`);
}

async function dateOf(project: string, version: string): Promise<string> {
  const files = (await pageOf(project)).filter(({ filename }) =>
    filename.startsWith(`${project.replaceAll('-', '_')}-${version}-`),
  );
  return files.map(({ uploaded }) => uploaded.slice(0, 10)).sort()[0] ?? '';
}

/** Final releases with a wheel, from `least` on, the oldest first. */
async function versionsOf(project: string, least: string): Promise<string[]> {
  const found = new Set<string>();
  for (const { filename } of await pageOf(project)) {
    const version = /^[A-Za-z0-9_.]+?-([0-9][0-9.]*(?:\.post\d+)?)-.*\.whl$/.exec(filename)?.[1];
    if (version !== undefined && satisfies(version, '>=', least)) found.add(version);
  }
  return sorted([...found]);
}

function sorted(versions: readonly string[]): string[] {
  return [...versions].sort((a, b) => compareVersions(parseVersion(a)!, parseVersion(b)!));
}

function pageOf(project: string): Promise<File[]> {
  const known = pages.get(project) ?? readPage(project);
  pages.set(project, known);
  return known;
}

async function readPage(project: string): Promise<File[]> {
  const index = network.config.pythonIndexes().main;
  const url = projectUrl(index, project);
  const response = await fetch(url, { headers: { accept: 'application/vnd.pypi.simple.v1+json' } });
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`${project}: status ${response.status}`);
  const page = (await response.json()) as {
    files: {
      filename: string;
      url: string;
      size?: number;
      yanked?: boolean | string;
      'upload-time'?: string;
    }[];
  };
  return page.files
    .filter(({ yanked }) => yanked === undefined || yanked === false)
    .map(file => ({
      filename: file.filename,
      url: new URL(file.url, response.url).href,
      sha256: undefined,
      size: file.size,
      uploaded: file['upload-time'] ?? '',
    }));
}

function metadataOf({ url, size }: File): Promise<string> {
  const known = metadata.get(url) ?? remoteMetadata({ url, size: size! });
  metadata.set(url, known);
  return known;
}

function factsFile(name: string): string {
  return fileURLToPath(new URL(`../stdlib/facts/${name}.json`, import.meta.url));
}

function read(name: string): { releases: Release[] } & Record<string, unknown> {
  return JSON.parse(readFileSync(factsFile(name), 'utf8'));
}

/** Replaces the renewed parts; each list has one row a line. */
function write(name: string, renewed: Record<string, unknown>): void {
  let kept: Record<string, unknown> = {};
  try {
    kept = read(name);
  } catch {}
  const facts = {
    ...kept,
    source: sources[name],
    date: today,
    ...renewed,
  };
  writeFileAtomic(factsFile(name), `${printed(facts)}\n`);
}

function printed(facts: Record<string, unknown>): string {
  const rows = Object.entries(facts).map(([name, value]) => {
    const row = (each: unknown) => `\n    ${JSON.stringify(each)}`;
    const text = Array.isArray(value)
      ? `[${value.map(row).join(',')}\n  ]`
      : JSON.stringify(value, null, 2).replaceAll('\n', '\n  ');
    return `  ${JSON.stringify(name)}: ${text}`;
  });
  return `{\n${rows.join(',\n')}\n}`;
}
