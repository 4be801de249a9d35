// Locks that a project brings with it: pylock.toml and uv.lock.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/canonical.ts';
import { sha256 } from '../../src/base/digest.ts';
import { type FetchConfig, readConfig } from '../../src/fetch/index.ts';
import { resolveRequest } from '../../src/lock/index.ts';
import { interpreterScript } from '../../src/lock/python/interpreter.ts';
import { uvProgram } from '../../src/lock/python/uv-tool.ts';
import type { PythonAnswer } from '../../src/lock/python.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { networkOf, type Served, serve } from '../fetch/server.ts';

const signal = AbortSignal.timeout(600_000);
let folder: string;
let store: Store;
let served: Served | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cogpack-project-lock-'));
  store = openStore(join(folder, 'store'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  await served?.close();
  served = undefined;
});

const target = { kind: 'python', python: '3.11', platform: 'linux/amd64', glibc: '2.36' };

/** Writes the lock into the project and asks for it. */
async function resolve(
  path: string,
  text: string,
  more: object = {},
  config = offline(),
): Promise<PythonAnswer> {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  const request = { ...target, lock: { path, sha256: sha256(text), ...more } };
  return (await resolveRequest(request, {
    project: folder,
    config,
    store,
    signal,
  })) as unknown as PythonAnswer;
}

/** An index that is never asked: what the lock states is enough. */
function offline(): FetchConfig {
  return networkOf({ UV_DEFAULT_INDEX: 'https://index.invalid/simple' }).config;
}

const a = 'a'.repeat(64);
const b = 'b'.repeat(64);
const file = (name: string, sha = a) =>
  `{ url = "https://files.invalid/${name}", size = 7, hashes = { sha256 = "${sha}" } }`;
const pylock = `
lock-version = "1.0"
created-by = "test"
requires-python = ">=3.10,<3.13"
environments = ["sys_platform == 'linux'", "sys_platform == 'darwin'"]
extras = ["gpu"]
dependency-groups = ["dev", "main"]
default-groups = ["main"]

[[packages]]
name = "plain"
version = "1.0"
index = "https://index.invalid/simple/"
wheels = [${file('plain-1.0-py3-none-any.whl')}, ${file('plain-1.0-cp311-cp311-manylinux_2_17_x86_64.whl', b)}]

[[packages]]
name = "windows-only"
version = "1.0"
marker = "sys_platform == 'win32'"
index = "https://index.invalid/simple"
wheels = [${file('windows_only-1.0-py3-none-any.whl')}]

[[packages]]
name = "for-gpu"
version = "1.0"
marker = "'gpu' in extras"
index = "https://index.invalid/simple"
wheels = [${file('for_gpu-1.0-py3-none-any.whl')}]

[[packages]]
name = "for-main"
version = "1.0"
marker = "'main' in dependency_groups and python_version < '3.12'"
index = "https://index.invalid/simple"
wheels = [${file('for_main-1.0-py3-none-any.whl')}]
`;

describe('pylock.toml', () => {
  test('gives the packages of the image alone, each with its best wheel, without asking anyone', async () => {
    expect(await resolve('pylock.toml', pylock)).toEqual({
      packages: [
        {
          name: 'for-main',
          version: '1.0',
          filename: 'for_main-1.0-py3-none-any.whl',
          sha256: `sha256:${a}`,
          size: 7,
        },
        {
          name: 'plain',
          version: '1.0',
          filename: 'plain-1.0-cp311-cp311-manylinux_2_17_x86_64.whl',
          sha256: `sha256:${b}`,
          size: 7,
        },
      ],
    });
  });

  test('gives the extras and groups that are asked for', async () => {
    const { packages } = await resolve('locks/pylock.gpu.toml', pylock, { extras: ['gpu'], groups: [] });
    expect(packages.map(({ name }) => name)).toEqual(['for-gpu', 'plain']);
  });

  test.each([
    [
      'another Python',
      pylock.replace('>=3.10,<3.13', '>=3.12'),
      'lock/python',
      /pylock\.toml needs Python >=3\.12; the image has 3\.11\.2/,
    ],
    [
      'another platform',
      pylock.replace("== 'linux'", "== 'win32'"),
      'lock/python',
      /not made for .* Linux x86_64/,
    ],
    [
      'markers that are none',
      pylock.replace("'gpu' in extras", 'gpu!'),
      'lock/pylock',
      /"gpu!" is no environment marker/,
    ],
    [
      'two entries for one package',
      pylock.replaceAll('for-main', 'plain'),
      'lock/pylock',
      /several entries of plain/,
    ],
    [
      'no wheel that fits',
      pylock.replaceAll('py3-none-any', 'py3-none-win32').replace('cp311-cp311', 'cp39-cp39'),
      'lock/no-wheel',
      /of\n {2}plain 1\.0\n {2}for-main 1\.0$/,
    ],
  ])('for %s is refused with what is wrong', async (_, text, code, message) => {
    await expect(resolve('pylock.toml', text)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test('that changed after the description was evaluated is refused', async () => {
    const lock = { path: 'pylock.toml', sha256: `sha256:${a}` };
    const context = { project: folder, config: offline(), store, signal };
    await expect(resolveRequest({ ...target, lock }, context)).rejects.toMatchObject({
      code: 'lock/file',
      message: expect.stringContaining('pylock.toml has changed'),
    });
    await expect(
      resolveRequest({ ...target, lock: { ...lock, path: '../pylock.toml' } }, context),
    ).rejects.toMatchObject({
      code: 'lock/file',
    });
    await expect(
      resolveRequest({ ...target, lock, requirements: [] } as Json, context),
    ).rejects.toMatchObject({
      code: 'lock/request',
      message: expect.stringContaining('either requirements or lock'),
    });
  });

  test('names another index, or a URL, only where the machine has no index with the file', async () => {
    served = await serve((request, response) => {
      response.setHeader('content-type', 'text/html');
      if (request.url === '/simple/plain/')
        response.end(`<a href="/p#sha256=${b}">plain-1.0-cp311-cp311-manylinux_2_17_x86_64.whl</a>`);
      else response.writeHead(404).end();
    });
    const { config } = networkOf({ UV_DEFAULT_INDEX: `${served.url}/simple` });
    const text = pylock.replace(/index = .*\n(?=wheels = \[\{ url = "https:\/\/files\.invalid\/for_gpu)/, '');
    const { packages } = await resolve('pylock.toml', text, { extras: ['gpu'] }, config);
    expect(packages.map(({ name, index, location }) => [name, index ?? location])).toEqual([
      ['for-gpu', { kind: 'url', url: 'https://files.invalid/for_gpu-1.0-py3-none-any.whl' }],
      ['for-main', 'https://index.invalid/simple'],
      ['plain', undefined],
    ]);
  });
});

describe('uv.lock', () => {
  test('is read as it is, for the image, with its extras and without its development tools', async () => {
    const config = readConfig(process.env, folder);
    const program = await uvProgram(store, networkOf({ ...process.env }), signal);
    const project = join(folder, 'uv');
    mkdirSync(project);
    writeFileSync(
      join(project, 'pyproject.toml'),
      [
        '[project]',
        'name = "demo"',
        'version = "0.1"',
        'requires-python = ">=3.11"',
        'dependencies = ["markupsafe==3.0.2", "colorama==0.4.6; sys_platform == \'win32\'"]',
        '[project.optional-dependencies]',
        'names = ["idna==3.7"]',
        '[dependency-groups]',
        'dev = ["iniconfig==2.0.0"]',
      ].join('\n'),
    );
    const python = join(folder, 'python');
    writeFileSync(python, interpreterScript({ version: '3.11.2', machine: 'x86_64', glibcMinor: 36 }), {
      mode: 0o755,
    });
    execFileSync(program, ['lock', '--no-config', '--no-python-downloads', '--python', python], {
      cwd: project,
      env: {
        ...process.env,
        UV_DEFAULT_INDEX: config.pythonIndexes().main,
        UV_CACHE_DIR: join(folder, 'cache'),
      },
      stdio: 'pipe',
    });
    const text = readFileSync(join(project, 'uv.lock'), 'utf8');
    const of = async (more: object) => (await resolve('uv/uv.lock', text, more, config)).packages;
    expect(await of({})).toMatchObject([
      {
        name: 'markupsafe',
        filename: 'MarkupSafe-3.0.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
      },
    ]);
    expect((await of({ extras: ['names'], groups: ['dev'] })).map(({ name }) => name)).toEqual([
      'idna',
      'iniconfig',
      'markupsafe',
    ]);
    expect(JSON.stringify(await of({}))).not.toContain('://');
    await expect(of({ extras: ['absent'] })).rejects.toMatchObject({
      code: 'lock/file',
      message: expect.stringContaining('absent'),
    });
  });
});
