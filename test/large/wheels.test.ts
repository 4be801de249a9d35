// Popular wheels, installed by the wheel builder and by uv into a virtual environment at the same place: the same
// files, bytes and modes. Installers' own notes are aside (RECORD, INSTALLER, REQUESTED, direct_url.json, uv_cache.json),
// and the scripts of entry points, where the same object is to be imported and called.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wheel } from '../../src/builders/wheel.ts';
import uvFacts from '../../stdlib/facts/uv.json' with { type: 'json' };
import { type LayerEntry, openBench, readLayer } from '../builders/fixture.ts';

const packages = [
  'aiohttp==3.14.5',
  'charset-normalizer==3.5.2',
  'cryptography==50.0.2',
  'fastapi==0.165.0',
  'huggingface-hub==2.4.0',
  'ipython==9.18.1',
  'jupyterlab-widgets==3.0.17',
  'lxml==6.1.3',
  'matplotlib==3.11.2',
  'numpy==2.4.6',
  'opencv-python-headless==5.0.0.93',
  'orjson==3.13.0',
  'pandas==3.1.1',
  'pillow==13.0.0',
  'protobuf==7.36.2',
  'psutil==7.2.2',
  'pydantic==2.14.4',
  'pydantic-core==2.50.5',
  'PyYAML==6.0.4',
  'regex==2026.11.19',
  'requests==2.34.2',
  'ruff==0.17.6',
  'safetensors==0.8.0',
  'scikit-learn==1.9.1',
  'scipy==1.17.1',
  'sentencepiece==0.2.3',
  'setuptools==84.2.1',
  'tokenizers==0.23.3',
  'uvicorn==0.54.0',
];

const platforms = ['manylinux_2_28', 'manylinux_2_17', 'manylinux2014', 'manylinux2010', 'manylinux1'];
const downloads = join(tmpdir(), 'cogpack-test-wheels-large');
const uvFolder = join(tmpdir(), `cogpack-test-uv-${uvFacts.version}`);
const uv = join(uvFolder, 'bin', 'uv');
const bench = openBench();
afterAll(bench.close);
const hasPython = spawnSync('python3.11', ['-m', 'pip', '--version']).status === 0 && process.arch === 'x64';

beforeAll(() => {
  if (!hasPython) return;
  mkdirSync(downloads, { recursive: true });
  pip(
    'download',
    ...['--no-deps', '--only-binary=:all:', '--python-version=3.11', '--implementation=cp'],
    ...platforms.map(platform => `--platform=${platform}_x86_64`),
    `--dest=${downloads}`,
    ...packages,
  );
  if (!existsSync(uv)) pip('install', '--no-deps', `--target=${uvFolder}`, `uv==${uvFacts.version}`);
});

test.skipIf(!hasPython).for(packages)('%s is laid out as uv does it', async name => {
  const filename = findWheel(name);
  const prefix = join(bench.dir, 'venv');
  const input = bench.put(readFileSync(join(downloads, filename)));
  const layer = await bench.build(wheel, { filename, prefix, python: '3.11' }, { wheel: [input] });
  const ours = asFiles(await readLayer(bench.store, layer), prefix);
  const theirs = installByUv(join(downloads, filename), prefix);

  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  const scripts = entryPoints(join(downloads, filename), filename);
  let bytes = 0;
  for (const [path, their] of theirs) {
    const our = ours.get(path)!;
    expect(our.mode & 0o111, path).toBe(their.mode & 0o111);
    if (scripts.has(path)) expect(essence(our.content), path).toEqual(essence(their.content));
    else expect(our.content.equals(their.content), path).toBe(true);
    bytes += their.content.length;
  }
  process.stdout.write(`${filename}: ${theirs.size} files, ${bytes} bytes, ${scripts.size} entry points\n`);
});

type File = Pick<LayerEntry, 'mode' | 'content'>;

/** Prints the names of a wheel's console and GUI scripts. */
const listing = `
import configparser, json, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
parser = configparser.ConfigParser(delimiters=("=",))
parser.optionxform = str
for name in wheel.namelist():
    if name.endswith(".dist-info/entry_points.txt"):
        parser.read_string(wheel.read(name).decode())
sections = [s for s in ("console_scripts", "gui_scripts") if parser.has_section(s)]
print(json.dumps([name for section in sections for name in parser[section]]))
`;

const note = /\.dist-info\/(INSTALLER|RECORD|REQUESTED|direct_url\.json|uv_cache\.json)$/;

function asFiles(entries: ReadonlyMap<string, LayerEntry>, prefix: string): Map<string, File> {
  const files = [...entries].filter(([path, { type }]) => type === 'file' && !note.test(path));
  return new Map(files.map(([path, entry]) => [path.slice(prefix.length), entry]));
}

/** What an installation adds to a new virtual environment. */
function installByUv(path: string, prefix: string): Map<string, File> {
  const env = { ...process.env, UV_CACHE_DIR: join(bench.dir, 'uv-cache'), UV_LINK_MODE: 'copy' };
  const run = (...args: string[]) => execFileSync(uv, ['--quiet', ...args], { env, stdio: 'pipe' });
  run('venv', '--no-project', '--python=3.11', prefix);
  const before = new Set(listFiles(prefix));
  run('pip', 'install', '--no-deps', '--no-index', '--no-compile', `--python=${prefix}/bin/python`, path);
  const files = listFiles(prefix).filter(file => !before.has(file) && !note.test(file));
  const found = new Map(
    files.map(file => [
      file,
      { mode: lstatSync(join(prefix, file)).mode, content: readFileSync(join(prefix, file)) },
    ]),
  );
  rmSync(prefix, { recursive: true });
  rmSync(env.UV_CACHE_DIR, { recursive: true, force: true });
  return found;
}

/** lib64 is a link to lib, and .lock is uv's own. */
function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    path => !/^lib64\/|^\.lock$/.test(path) && lstatSync(join(folder, path)).isFile(),
  );
}

function entryPoints(path: string, filename: string): ReadonlySet<string> {
  const text = spawnSync('python3.11', ['-c', listing, path], { encoding: 'utf8' }).stdout;
  if (text === '') throw new Error(`${filename} cannot be read`);
  return new Set((JSON.parse(text) as string[]).map(name => `bin/${name}`));
}

/** The shebang line, what is imported and what is called. */
function essence(script: Buffer): string[] {
  return script
    .toString()
    .split('\n')
    .filter(line => /^#!|^from |^import (?!sys)|sys\.exit\(/.test(line))
    .map(line => line.trim());
}

function findWheel(name: string): string {
  const [stem = '', version] = name.split('==');
  const start = `${stem.replaceAll('-', '_')}-${version}-`.toLowerCase();
  return readdirSync(downloads).find(file => file.toLowerCase().startsWith(start))!;
}

function pip(...command: string[]): void {
  execFileSync('python3.11', ['-m', 'pip', '--quiet', '--disable-pip-version-check', ...command], {
    stdio: 'pipe',
  });
}
