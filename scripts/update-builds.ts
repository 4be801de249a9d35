// Renews real package sets: node scripts/update-builds.ts PATH-OF-UV
// Each model is locked as it would have been on ten days a month apart (uv's --exclude-newer): by turns all packages
// anew, and one requirement alone. Debian's packages are those of the suite as released, and from the first lock after
// `secured` on those of its updates. Kept are names, versions, the sizes of the files and what needs what; no host.
// All builds go to bench/builds.json, where bench/plan.ts reads them; the first five of each model are what a plan
// knows of the world where a project has no history of its own (stdlib/facts/builds.json).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hexOf, sha256 } from '../src/base/digest.ts';
import { writeFileAtomic } from '../src/base/files.ts';
import { createNetwork, readConfig } from '../src/fetch/index.ts';
import { normalName } from '../src/formats/wheel-metadata.ts';
import { createPackageSet, type PackageSet } from '../src/lock/debian/packages.ts';
import { fetchIndex } from '../src/lock/debian/release.ts';
import { solve } from '../src/lock/debian/solve.ts';
import { parsePylock } from '../src/lock/python/pylock.ts';
import { bestWheel, tagRanks } from '../src/lock/python/tags.ts';
import { targetOf } from '../src/lock/python/target.ts';
import { formatHistory, type PastPiece } from '../src/plan/history.ts';
import { keyOf } from '../src/plan/piece.ts';

const models: Readonly<Record<string, { readonly requirements: string[]; readonly apt?: string[] }>> = {
  assistant: {
    requirements: [
      'langchain',
      'langchain-community',
      'langchain-huggingface',
      'langchain-openai',
      'qdrant-client',
      'fastembed',
      'pypdf',
    ],
  },
  boost: { requirements: ['xgboost', 'lightgbm', 'shap', 'pandas'], apt: ['libgomp1'] },
  detect: {
    requirements: ['torch', 'torchvision', 'timm', 'opencv-python-headless'],
    apt: ['libgl1', 'libglib2.0-0'],
  },
  diffuse: { requirements: ['torch', 'diffusers', 'transformers', 'accelerate', 'safetensors'] },
  embed: { requirements: ['sentence-transformers', 'faiss-cpu', 'tokenizers'] },
  entities: { requirements: ['spacy', 'spacy-transformers', 'pandas'] },
  image: { requirements: ['tensorflow', 'keras', 'pillow'] },
  iris: { requirements: ['scikit-learn', 'pandas', 'joblib', 'pyarrow'] },
  serve: { requirements: ['vllm', 'transformers', 'accelerate'] },
  transcribe: {
    requirements: ['faster-whisper', 'librosa', 'soundfile', 'tokenizers'],
    apt: ['ffmpeg', 'libsndfile1'],
  },
};
// What stdlib/debian.libsonnet and stdlib/cog.libsonnet ask for.
const everyModel = [
  ...['base-files', 'ca-certificates', 'libc-bin', 'libgcc-s1', 'libstdc++6', 'netbase'],
  ...['python3.11', 'tini', 'zlib1g'],
];
const python = { python: '3.11', platform: 'linux/amd64', glibc: '2.36' };
const firstDay = Date.UTC(2025, 0, 10);
const day = 24 * 60 * 60 * 1000;
const buildsOfEach = 10;
const known = 5;
const secured = '2025-05-20';

type Build = {
  readonly model: string;
  readonly date: string;
  readonly index: number;
  readonly debian: readonly PastPiece[];
  readonly python: readonly PastPiece[];
};

const uv = process.argv[2] ?? 'uv';
const ranks = tagRanks(targetOf(python));
const network = createNetwork(readConfig(process.env, process.cwd()));
const signal = AbortSignal.timeout(60 * 60 * 1000);
const suite = { archive: 'debian', name: 'bookworm' };
const updates = [
  { archive: 'debian', name: 'bookworm-updates' },
  { archive: 'debian-security', name: 'bookworm-security' },
];
const indexes = await Promise.all(
  [suite, ...updates].map(each => fetchIndex(each, 'amd64', network, signal)),
);
const released = createPackageSet(indexes.slice(0, 1));
const updated = createPackageSet(indexes);
const folder = mkdtempSync(join(tmpdir(), 'cogpack-builds-'));
/** By the key of a piece, the names in its block that it needs. */
const needs = new Map<string, Set<string>>();
const builds: Build[] = [];
try {
  for (const [at, [model, { requirements, apt = [] }]] of Object.entries(models).entries()) {
    let debian: readonly PastPiece[] = [];
    for (let index = 0; index < buildsOfEach; index += 1) {
      const date = new Date(firstDay + (at * 3 + index * 30) * day).toISOString().slice(0, 10);
      const only = index % 2 === 0 ? undefined : requirements[((index - 1) / 2) % requirements.length];
      if (only === undefined) debian = debianOf(apt, date > secured ? updated : released);
      const python = pythonOf(model, ['cog', ...requirements], date, only);
      builds.push({ model, date, index, debian, python });
      process.stderr.write(`${model} ${date} ${only ?? 'all'}: ${python.length} packages\n`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
builds.sort((a, b) => (a.date < b.date ? -1 : 1));
write('../bench/builds.json', builds);
write(
  '../stdlib/facts/builds.json',
  builds.filter(({ index }) => index < known),
);
const sorted = [...needs].sort(([a], [b]) => (a < b ? -1 : 1));
const lines = sorted.map(
  ([key, names]) => `  ${JSON.stringify(key)}: ${JSON.stringify([...names].sort().join(' '))}`,
);
writeFileAtomic(
  fileURLToPath(new URL('../bench/needs.json', import.meta.url)),
  `{\n${lines.join(',\n')}\n}\n`,
);

function debianOf(apt: readonly string[], set: PackageSet): PastPiece[] {
  const packages = solve([...new Set([...everyModel, ...apt])].sort(), set, 'amd64');
  const names = new Set(packages.map(({ name }) => name));
  return packages.map(({ name, version, size, depends }) => {
    const met = depends.flatMap(group => group.map(each => each.name).find(each => names.has(each)) ?? []);
    return piece('debian', name, version, size, met);
  });
}

function pythonOf(
  model: string,
  requirements: readonly string[],
  date: string,
  only: string | undefined,
): PastPiece[] {
  const input = join(folder, `${model}.in`);
  const pins = join(folder, `${model}.txt`);
  writeFileSync(input, requirements.map(line => `${line}\n`).join(''));
  const common = [
    ...['pip', 'compile', input, '--quiet', '--no-header', '--only-binary', ':all:'],
    ...['--python-version', '3.11', '--python-platform', 'x86_64-manylinux_2_36'],
    ...['--exclude-newer', `${date}T00:00:00Z`, '--annotation-style', 'line'],
  ];
  runUv([
    ...common,
    ...(only === undefined ? ['--upgrade'] : ['--upgrade-package', only]),
    ...['--output-file', pins],
  ]);
  const { packages } = parsePylock(runUv([...common, '--format', 'pylock.toml', '-c', pins]), 'uv');
  const met = needsOf(readFileSync(pins, 'utf8'));
  return packages.map(({ name, version = '', wheels }) => {
    const size = bestWheel(wheels, ranks)?.size;
    if (size === undefined) throw new Error(`${name} ${version} has no wheel, or none of a known size`);
    return piece('python', normalName(name), version, size, met.get(normalName(name)) ?? []);
  });
}

function runUv(args: readonly string[]): string {
  return execFileSync(uv, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
}

/** uv says of each package which others asked for it: `a==1  # via b, c`. */
function needsOf(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, name, via] of text.matchAll(/^([\w.-]+)==\S+\s+# via (.*)$/gm)) {
    for (const by of via!.split(', ').filter(each => !each.startsWith('-'))) {
      found.set(normalName(by), [...(found.get(normalName(by)) ?? []), normalName(name!)]);
    }
  }
  return found;
}

function piece(
  block: string,
  name: string,
  version: string,
  size: number,
  met: readonly string[],
): PastPiece {
  const key = keyOf({ block, name });
  needs.set(key, new Set([...(needs.get(key) ?? []), ...met]));
  return { block, name, version, size };
}

/** What is in each image beside packages (stdlib/debian.libsonnet, stdlib/python.libsonnet), about as large as there. */
function withTrees(debian: readonly PastPiece[], python: readonly PastPiece[]): PastPiece[] {
  const packages = debian.map(({ name, version }) => `${name} ${version}`).join('\n');
  const version = hexOf(sha256(packages)).slice(0, 12);
  return [
    { block: 'debian', name: 'root', version: '1', size: 300 },
    ...debian,
    { block: 'debian', name: 'configuration', version, size: 102_400 },
    { block: 'python', name: 'venv', version: '1', size: 100 },
    ...python,
  ];
}

function write(file: string, list: readonly Build[]): void {
  const history = list.map(({ model, debian, python }) => ({ model, pieces: withTrees(debian, python) }));
  const [first, last] = [list[0]!.date, list[list.length - 1]!.date];
  const source = `wheels that uv --exclude-newer chose from ${first} to ${last} for Python 3.11 on x86_64; Debian bookworm as released, and with its updates`;
  writeFileAtomic(fileURLToPath(new URL(file, import.meta.url)), formatHistory(history, { source }));
}
