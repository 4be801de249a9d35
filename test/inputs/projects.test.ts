// uv projects, pylock.toml, and how a model without a cog.yaml is started.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../src/base/canonical.ts';
import { findInput, inputAt } from '../../src/inputs/index.ts';
import { askedPackages } from '../../src/inputs/packages.ts';
import { asked, evaluated } from './evaluated.ts';
import { described, type Files, fault, project } from './folder.ts';

const uvFixture = join(import.meta.dirname, 'fixtures/uv');

function uvProject(): string {
  const dir = project({});
  cpSync(uvFixture, dir, { recursive: true });
  return dir;
}

test('the first file of a folder that describes a model is taken', () => {
  const all: Files = {
    'cogpack.jsonnet': '',
    'cog.yaml': '',
    'pyproject.toml': '',
    'uv.lock': '',
    'pylock.toml': '',
    'requirements.txt': '',
  };
  const without = (...names: string[]) =>
    findInput(project(Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)))))
      ?.file;
  expect(without()).toBe('cogpack.jsonnet');
  expect(without('cogpack.jsonnet')).toBe('cog.yaml');
  expect(without('cogpack.jsonnet', 'cog.yaml')).toBe('uv.lock');
  expect(without('cogpack.jsonnet', 'cog.yaml', 'uv.lock')).toBe('pylock.toml');
  expect(without('cogpack.jsonnet', 'cog.yaml', 'pyproject.toml')).toBe('pylock.toml');
  expect(without('cogpack.jsonnet', 'cog.yaml', 'uv.lock', 'pylock.toml')).toBe('requirements.txt');
  expect(findInput(project({ 'pylock.gpu.toml': '' }))?.kind).toBe('pylock');
  expect(findInput(project({ 'pylock.gpu.toml': '', 'pylock.cpu.toml': '' }))).toBeUndefined();
  expect(findInput(project({ 'pyproject.toml': '' }))).toBeUndefined();
  expect(findInput(project({}), { description: true })).toBeUndefined();
});

test('a path names an input by its file’s name, or by its folder', () => {
  const dir = project({ 'cog.yaml': '' });
  expect(inputAt(dir)).toEqual({ kind: 'cog', dir, file: 'cog.yaml' });
  expect(inputAt('a/cog.yaml')).toEqual({ kind: 'cog', dir: 'a', file: 'cog.yaml' });
  expect(inputAt('a/pyproject.toml')).toEqual({ kind: 'uv', dir: 'a', file: 'uv.lock' });
  expect(inputAt('pylock.gpu.toml')?.kind).toBe('pylock');
  expect(inputAt('requirements-dev.txt')?.kind).toBe('requirements');
  expect(inputAt('model.jsonnet')).toBeUndefined();
});

describe('a uv project', () => {
  test('is described by its own lock, its packages and its script', () => {
    expect(
      described(uvProject()).text,
    ).toBe(`// Made of uv.lock. docs/description.md has all fields; cogpack lock pins the packages.
local cog = import 'cogpack';

cog.model {
  // pyproject.toml:4: requires-python is >=3.11
  python: '3.11',
  // uv.lock:1: the versions that uv chose, as they are; app and greet from the project's folders
  requirements: 'uv.lock',
  // pyproject.toml:1: the project's one script
  cmd: ['app'],
}
`);
  });

  test('asks the lock for what its uv.lock holds, without its own packages', async () => {
    expect(await asked(uvProject(), 'python')).toEqual([
      {
        kind: 'python',
        python: '3.11',
        platform: 'linux/amd64',
        glibc: '2.36',
        lock: { path: 'uv.lock', sha256: expect.stringMatching(/^sha256:/), provided: ['app', 'greet'] },
      },
    ]);
  });

  test('gets cog at its own versions when cog is not among its packages', async () => {
    const dir = uvProject();
    const known = new Map<string, Json>();
    for (const request of (await evaluated(dir)).missing) {
      known.set(canonicalJson(request), { packages: [locked('packaging', '26.3')] });
    }
    const file = join(dir, 'cogpack.jsonnet');
    const model = "{ requirements: 'uv.lock', cog: '0.18.0', predict: 'main.py:P', cmd: ['app'] }";
    writeFileSync(join(dir, 'main.py'), 'def P(text: str) -> str:\n    return text\n');
    writeFileSync(file, `(import 'cogpack').model ${model}`);
    for (const request of (await evaluated(dir, known, true)).missing) {
      known.set(canonicalJson(request), { packages: [locked('packaging', '26.3')] });
    }
    expect((await evaluated(dir, known, true)).missing).toEqual([
      {
        kind: 'python',
        python: '3.11',
        platform: 'linux/amd64',
        glibc: '2.36',
        requirements: ['cog==0.18.0'],
        constraints: ['packaging==26.3'],
      },
    ]);
  });
});

function locked(name: string, version: string): Json {
  return {
    name,
    version,
    filename: `${name}-${version}-py3-none-any.whl`,
    sha256: `sha256:${'0'.repeat(64)}`,
    size: 1,
  };
}

describe('a package of the project', () => {
  const uvLock = (name = 'own') =>
    `version = 1\n[[package]]\nname = "${name}"\nversion = "1.0"\nsource = { editable = "." }\n`;
  const pyproject = (more = '', backend = 'hatchling.build') =>
    `[project]\nname = "own"\n[build-system]\nrequires = []\nbuild-backend = "${backend}"\n${more}`;
  const local = (files: Files) => {
    const dir = project({ 'uv.lock': uvLock(), ...files });
    return askedPackages(dir, 'uv.lock', path => readFileSync(join(dir, path))).local;
  };

  test.each([
    ['src/own/__init__.py', '', 'src'],
    ['own/__init__.py', '', '.'],
    ['own.py', '', '.'],
    ['python/other/__init__.py', '[tool.hatch.build.targets.wheel]\npackages = ["python/other"]\n', 'python'],
    ['lib/own/__init__.py', '[tool.setuptools.packages.find]\nwhere = ["lib"]\n', 'lib'],
    [
      'code/thing/__init__.py',
      '[tool.uv.build-backend]\nmodule-root = "code"\nmodule-name = "thing"\n',
      'code',
    ],
  ])('with %s is on the path', (file, more, path) => {
    expect(local({ 'pyproject.toml': pyproject(more), [file]: '' })).toEqual([
      { name: 'own', version: '1.0', path, entryPoints: {} },
    ]);
  });

  test.each([
    [{ 'pyproject.toml': pyproject('', 'maturin'), 'own.py': '' }, 'has to be built by maturin'],
    [{ 'pyproject.toml': pyproject(), 'own.py': '', 'setup.py': '' }, 'has a setup.py'],
    [
      { 'pyproject.toml': pyproject('[tool.hatch.build.hooks.x]\n'), 'own.py': '' },
      'has files that are built: tool.hatch.build.hooks',
    ],
    [{ 'pyproject.toml': pyproject() }, 'is not laid out as own/ or src/own/'],
  ])('%j is refused with what to do', (files, message) => {
    expect(fault(() => local(files as Files))).toMatchObject({
      code: 'inputs/local-package',
      message: expect.stringContaining(message),
      hint: expect.stringContaining('uv build --wheel'),
    });
  });

  test.each([['own = "own"'], ['"../own" = "own:run"'], ['own = "own:run()"']])(
    'with the script %s is refused',
    script => {
      const text = pyproject().replace('[build-system]', `[project.scripts]\n${script}\n[build-system]`);
      expect(fault(() => local({ 'pyproject.toml': text, 'own.py': '' }))).toMatchObject({
        code: 'inputs/local-package',
        hint: expect.stringContaining('module:function'),
      });
    },
  );

  test('outside the project is refused', () => {
    const lock = 'version = 1\n[[package]]\nname = "own"\nsource = { editable = "../own" }\n';
    expect(fault(() => local({ 'uv.lock': lock }))).toMatchObject({
      message: expect.stringContaining('is not inside the project'),
    });
  });

  test('that is only virtual has no files to put on the path', () => {
    const lock = 'version = 1\n[[package]]\nname = "own"\nsource = { virtual = "." }\n';
    expect(local({ 'uv.lock': lock, 'pyproject.toml': '[project]\nname = "own"\n' })).toEqual([]);
  });

  test('in TOML that is not well-formed is told at its place', () => {
    expect(fault(() => local({ 'uv.lock': 'version = 1\n[[package\n' }))).toMatchObject({
      code: 'inputs/toml',
      place: expect.stringMatching(/^2:/),
    });
    expect(fault(() => local({ 'uv.lock': 'package = 3\n' })).code).toBe('inputs/uv-lock');
  });
});

describe('pylock.toml', () => {
  const text =
    'lock-version = "1.0"\nrequires-python = ">=3.12"\ncreated-by = "x"\n[[packages]]\nname = "idna"\n';

  test('is described with the Python that it allows', async () => {
    const dir = project({ 'pylock.toml': text, 'app.py': '' });
    expect(described(dir).text).toContain(`  // pylock.toml:2: requires-python is >=3.12
  python: '3.13',
  // pylock.toml:1: the packages that it locks, as they are
  requirements: 'pylock.toml',
  // app.py:1: the program app.py, by its name
  cmd: ['python', 'app.py'],
`);
    expect(await asked(dir, 'python')).toEqual([
      {
        kind: 'python',
        python: '3.13',
        platform: 'linux/amd64',
        glibc: '2.41',
        lock: { path: 'pylock.toml', sha256: expect.stringMatching(/^sha256:/) },
      },
    ]);
  });

  test('for a Python that no image can have is refused at its line', () => {
    const old = text.replace('>=3.12', '<3.11');
    expect(fault(() => described(project({ 'pylock.toml': old })))).toMatchObject({
      code: 'inputs/python',
      place: '2:1',
      message: expect.stringContaining('3.11 or 3.13'),
    });
  });
});

describe('the start of a model without a cog.yaml', () => {
  const start = (files: Files) =>
    described(project({ 'requirements.txt': '', ...files })).explanations.at(-1);

  test('is a class for cog, wherever it stands', () => {
    expect(
      start({ 'main.py': '', 'serve.py': 'import cog\n\nclass Model(cog.BasePredictor):\n    pass\n' }),
    ).toMatchObject({ field: 'predict', source: { line: 3 } });
    expect(
      start({ 'run.py': 'from cog import BaseRunner\nclass Model(BaseRunner):\n    pass\n' })?.field,
    ).toBe('run');
  });

  test('is a program of a usual name', () => {
    expect(start({ 'serve.py': '', 'util.py': '' })?.reason).toBe('the program serve.py, by its name');
  });

  test('is nothing when nothing says so', () => {
    expect(start({ 'util.py': '' })?.reason).toContain('nothing says what to start');
  });
});

test.each([
  ['3.13\n', "python: '3.13'", 'trixie carries 3.13.5'],
  ['# pinned\ncpython-3.11.4\n', "python: '3.11'", 'bookworm carries 3.11.2'],
  ['3.12\n', "python: '3.11'", '.python-version says 3.12, which an image cannot have'],
])('.python-version %j gives its Python, or the reason why not', (pin, field, reason) => {
  const { text } = described(project({ 'requirements.txt': '', '.python-version': pin }));
  expect(text).toContain(field);
  expect(text.replace(/\n {2}\/\/ /g, ' ')).toContain(reason);
});
