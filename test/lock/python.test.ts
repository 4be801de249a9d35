// The kind python with the pinned uv, against the machine's own index and against small ones on loopback.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/canonical.ts';
import { type FetchConfig, readConfig } from '../../src/fetch/index.ts';
import { lockText, requestKey, resolveRequest } from '../../src/lock/index.ts';
import { parsePylock } from '../../src/lock/python/pylock.ts';
import { compileWithUv } from '../../src/lock/python/run-uv.ts';
import { uvProgram } from '../../src/lock/python/uv-tool.ts';
import type { PythonAnswer } from '../../src/lock/python.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { networkOf, type Served, serve } from '../fetch/server.ts';
import { makeZip } from '../formats/zip-fixture.ts';

const signal = AbortSignal.timeout(600_000);
let folder: string;
let store: Store;
let config: FetchConfig;
let served: Served | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cogpack-python-'));
  store = openStore(join(folder, 'store'));
  config = readConfig(process.env, folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  await served?.close();
  served = undefined;
});

const base = { kind: 'python', python: '3.11', platform: 'linux/amd64', glibc: '2.36' };

async function resolve(request: object, more: { readonly config?: FetchConfig } = {}): Promise<PythonAnswer> {
  const context = { project: folder, config, store, signal, ...more };
  return (await resolveRequest({ ...base, ...request } as Json, context)) as unknown as PythonAnswer;
}

/** Wheels by file name, each with one module. */
function wheel(name: string, version: string, requires: readonly string[] = []): [string, Buffer] {
  const info = `${name}-${version}.dist-info`;
  const metadata = [
    `Metadata-Version: 2.1`,
    `Name: ${name}`,
    `Version: ${version}`,
    ...requires.map(text => `Requires-Dist: ${text}`),
  ];
  const bytes = makeZip(
    [
      [`${name}.py`, ''],
      [`${info}/METADATA`, `${metadata.join('\n')}\n`],
      [`${info}/WHEEL`, 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'],
      [`${info}/RECORD`, ''],
    ].map(([path, text]) => ({ name: path!, content: Buffer.from(text!) })),
  );
  return [`${name}-${version}-py3-none-any.whl`, bytes];
}

/** An index in HTML, without sizes; with a login, for those who have it. */
function serveIndex(wheels: readonly [string, Buffer][], login?: string): Promise<Served> {
  return serve((request, response) => {
    const authorization = login && `Basic ${Buffer.from(login).toString('base64')}`;
    if (authorization && request.headers.authorization !== authorization) {
      response.writeHead(401).end();
      return;
    }
    const [, kind, name] = /^\/(simple|files)\/([^/]+)\/?$/.exec(request.url!) ?? [];
    const found = wheels.filter(([filename]) => filename === name || filename.split('-')[0] === name);
    if (found.length === 0) response.writeHead(404).end();
    else if (kind === 'files') response.end(found[0]![1]);
    else {
      response.setHeader('content-type', 'text/html');
      response.end(
        found
          .map(([filename, bytes]) => `<a href="/files/${filename}#sha256=${hex(bytes)}">${filename}</a>`)
          .join('\n'),
      );
    }
  });
}

function hex(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('Python packages', () => {
  test('are answered with all that they need, as wheels of the image', async () => {
    const request = { requirements: ['scikit-learn==1.5.2'] };
    const answer = await resolve(request);
    const names = answer.packages.map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(
      expect.arrayContaining(['joblib', 'numpy', 'scikit-learn', 'scipy', 'threadpoolctl']),
    );
    const { filename, version, size, sha256 } = answer.packages.find(({ name }) => name === 'scikit-learn')!;
    expect([filename, version]).toEqual([
      'scikit_learn-1.5.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
      '1.5.2',
    ]);
    expect([size, sha256]).toEqual([
      13322034,
      'sha256:f8b0ccd4a902836493e026c03256e8b206656f91fbcc4fde28c57a5b752561f1',
    ]);
    for (const { filename } of answer.packages)
      expect(filename).toMatch(/-(cp311-cp311-manylinux.*x86_64|py3-none-any)\.whl$/);
    const text = lockText(new Map([[requestKey(request), answer as unknown as Json]]));
    expect(text).not.toMatch(/https?:|\/\//);
    expect(lockText(new Map([[requestKey(request), (await resolve(request)) as unknown as Json]]))).toBe(
      text,
    );
  });

  test('are those of the platform and Python that are asked for, not of this machine', async () => {
    const answer = await resolve({
      python: '3.13',
      platform: 'linux/arm64',
      glibc: '2.41',
      requirements: [
        'markupsafe==3.0.2',
        'colorama; sys_platform == "win32"',
        'tomli; python_version < "3.11"',
      ],
    });
    expect(answer.packages).toMatchObject([
      { filename: 'MarkupSafe-3.0.2-cp313-cp313-manylinux_2_17_aarch64.manylinux2014_aarch64.whl' },
    ]);
  });

  test('without wheels are all named, with the versions that have one and what to do', async () => {
    const requirements = ['docopt==0.6.2', 'numpy', 'umap-learn==0.5.1', 'jieba'];
    const error = await resolve({ requirements }).catch(thrown => thrown);
    expect(error).toMatchObject({ code: 'lock/no-wheel', hint: expect.stringContaining('pip wheel') });
    expect(error.message.split('\n').slice(1, 4).sort()).toEqual([
      '  docopt: no version has one',
      '  jieba: no version has one',
      expect.stringMatching(/^ {2}umap-learn: from 0\.5\.6 to \d/),
    ]);
  });

  test('that contradict each other are named', async () => {
    const requirements = ['scipy==1.14.1', 'numpy==1.21.0'];
    await expect(resolve({ requirements })).rejects.toMatchObject({
      code: expect.stringMatching(/^lock\/(python|no-wheel)$/),
      message: expect.stringMatching(/numpy==1\.21\.0/),
    });
  });

  test('keep to constraints', async () => {
    const { packages } = await resolve({
      requirements: ['jinja2'],
      constraints: ['markupsafe<3', 'numpy<1'],
    });
    expect(packages.map(({ name }) => name)).toEqual(['jinja2', 'markupsafe']);
    expect(packages[1]!.version).toMatch(/^2\./);
  });

  test('leave out what the image has already, and keep to its version', async () => {
    const provided = { MarkupSafe: '2.1.5+local', unused: '1.0' };
    const { packages } = await resolve({ requirements: ['jinja2', 'markupsafe'], provided });
    expect(packages.map(({ name }) => name)).toEqual(['jinja2']);
    await expect(resolve({ requirements: ['markupsafe>=3'], provided })).rejects.toMatchObject({
      code: 'lock/python',
      hint: "markupsafe 2.1.5 cannot be changed: the image has it by its base, or by a block's pythonPackages",
    });
  });

  test('pinned by hashes have one of them', async () => {
    const of = (hash: string) => ({ requirements: [`markupsafe==3.0.2 --hash=sha256:${hash}`] });
    const right = (await resolve({ requirements: ['markupsafe==3.0.2'] })).packages[0]!.sha256.slice(7);
    expect((await resolve(of(right))).packages).toHaveLength(1);
    await expect(resolve(of('0'.repeat(64)))).rejects.toMatchObject({
      code: 'lock/hash',
      message: expect.stringContaining(right),
    });
  });

  test('by path and by URL keep the place that the user wrote', async () => {
    const [own, ownBytes] = wheel('own', '1.0', ['other']);
    const [other, otherBytes] = wheel('other', '2.0');
    served = await serveIndex([[other, otherBytes]]);
    writeFileSync(join(folder, own), ownBytes);
    const url = `${served.url}/files/${other}`;
    const answer = await resolve({ requirements: [`./${own}`, `other @ ${url}`] });
    expect(answer.packages).toEqual([
      {
        name: 'other',
        version: '2.0',
        filename: other,
        sha256: `sha256:${hex(otherBytes)}`,
        size: otherBytes.length,
        location: { kind: 'url', url },
      },
      {
        name: 'own',
        version: '1.0',
        filename: own,
        sha256: `sha256:${hex(ownBytes)}`,
        size: ownBytes.length,
        location: { kind: 'file', path: own },
      },
    ]);
  });
});

describe('Python indexes', () => {
  const wheels = [wheel('alpha', '1.0', ['beta']), wheel('beta', '1.0')];

  test('of the machine are asked with their login, which is in no answer and no message', async () => {
    served = await serveIndex(wheels, 'user:secret');
    const withLogin = served.url.replace('//', '//user:secret@');
    const of = (index: string) =>
      networkOf({ UV_DEFAULT_INDEX: index, SSL_CERT_FILE: process.env.SSL_CERT_FILE }).config;
    await uvProgram(store, networkOf({ ...process.env }), signal);
    const answer = await resolve({ requirements: ['alpha'] }, { config: of(`${withLogin}/simple`) });
    expect(answer.packages).toEqual(
      wheels.map(([filename, bytes]) => ({
        name: filename.split('-')[0],
        version: '1.0',
        filename,
        sha256: `sha256:${hex(bytes)}`,
        size: bytes.length,
      })),
    );
    const missing = resolve({ requirements: ['gamma'] }, { config: of(`${withLogin}/simple`) });
    await expect(missing).rejects.toMatchObject({
      code: 'lock/python',
      message: expect.not.stringContaining('secret'),
    });
  });

  test('that the user wrote are asked first, and named in the answer', async () => {
    served = await serveIndex(wheels);
    const index = `${served.url}/simple`;
    const { packages } = await resolve({ requirements: ['alpha', 'markupsafe==3.0.2'], indexes: [index] });
    expect(packages.map(({ name, index }) => [name, index])).toEqual([
      ['alpha', index],
      ['beta', index],
      ['markupsafe', undefined],
    ]);
    await expect(resolve({ requirements: [], indexes: ['https://a:b@example.org/'] })).rejects.toMatchObject({
      code: 'lock/request',
    });
  });
});

describe('an index for some packages', () => {
  test('is asked for these and for no other, and no other is asked for these', async () => {
    served = await serveIndex([
      wheel('markupsafe', '99.0'),
      wheel('alpha', '1.0', ['markupsafe', 'idna']),
      wheel('idna', '99.0'),
    ]);
    const url = `${served.url}/simple`;
    const indexes = [{ url, packages: ['Alpha', 'MarkupSafe'] }];
    const { packages } = await resolve({ requirements: ['alpha', 'markupsafe>3'], indexes });
    expect(
      packages.map(({ name, version, index }) => [name, Number.parseInt(version, 10) === 99, index]),
    ).toEqual([
      ['alpha', false, url],
      ['idna', false, undefined],
      ['markupsafe', true, url],
    ]);
    expect(served.requests.some(({ path }) => path.includes('idna'))).toBe(false);
    await expect(resolve({ requirements: ['markupsafe'], indexes })).rejects.toMatchObject({
      code: 'lock/requirement',
      message: expect.stringContaining('Alpha, which is not among the requirements'),
    });
  });
});

describe('uv', () => {
  test('is in the store once, executable, and leaves nothing unfinished', async () => {
    const network = networkOf({ ...process.env });
    const [first, second] = await Promise.all([
      uvProgram(store, network, signal),
      uvProgram(store, network, signal),
    ]);
    expect(second).toBe(first);
    expect(statSync(first).mode & 0o111).toBe(0o111);
    expect(readdirSync(join(store.dir, 'cogpack', 'tmp'))).toEqual([]);
    const facts = JSON.parse(readFileSync(new URL('../../stdlib/facts/uv.json', import.meta.url), 'utf8'));
    expect(execFileSync(first, ['--version'], { encoding: 'utf8' })).toContain(facts.version);
  });

  test('answers for the stand-in as it does for a real interpreter of the same kind', async context => {
    const script =
      'import json, platform; print(json.dumps([platform.python_version(), platform.machine(), *platform.libc_ver()]))';
    let found: string[];
    try {
      found = JSON.parse(execFileSync('python3', ['-c', script], { encoding: 'utf8', stdio: 'pipe' }));
    } catch {
      return context.skip('there is no Python here');
    }
    const [version, machine, libc, glibc] = found;
    if (libc !== 'glibc') return context.skip('the Python here is not on glibc');
    const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], {
      encoding: 'utf8',
    }).trim();
    const program = await uvProgram(store, networkOf({ ...process.env }), signal);
    const input = {
      program,
      target: { version: version!, machine: machine!, glibcMinor: Number(glibc!.split('.')[1]) },
      requirements: ['scikit-learn==1.5.2', 'uvicorn[standard]', 'pyarrow', 'ipython'],
      constraints: [],
      without: [],
      bound: [],
      project: folder,
      indexes: config.pythonIndexes(),
      env: process.env,
      store,
      signal,
    };
    const standIn = await compileWithUv(input);
    const real = await compileWithUv({ ...input, interpreter: python });
    expect(standIn.messages).not.toContain('error');
    expect(parsePylock(standIn.pylock, 'it')).toEqual(parsePylock(real.pylock, 'it'));
  });
});
