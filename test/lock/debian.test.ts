// The kind debian against a small archive on loopback, and against apt on this machine's own mirror.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { archiveRoots } from '../../src/fetch/config.ts';
import { readConfig } from '../../src/fetch/index.ts';
import { type DebianAnswer, resolveDebian } from '../../src/lock/debian.ts';
import { resolveRequest } from '../../src/lock/index.ts';
import { openStore } from '../../src/store/store.ts';
import { networkOf, type Served, serve } from '../fetch/server.ts';
import { aptChooses } from '../support/apt.ts';
import { makeSigner } from './openpgp-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'cogpack-debian-'));
const signal = AbortSignal.timeout(300_000);
const signer = makeSigner('rsa');
const keyring = join(folder, 'keyring.gpg');
writeFileSync(keyring, signer.keyring);
let served: Served | undefined;
beforeAll(() => () => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await served?.close();
  served = undefined;
});

const stanza = (name: string, version: string, more = '') =>
  `Package: ${name}\nVersion: ${version}\nArchitecture: all\n${more}Filename: pool/main/${name}_${version}_all.deb\nSize: 12\nSHA256: ${'a'.repeat(64)}\n`;

type Archive = { readonly release: string; readonly files: Readonly<Record<string, Buffer>> };

/** A suite with one Packages index, fetched by its hash. */
function archive(codename: string, packages: string, byHash = true): Archive {
  const index = execFileSync('xz', ['-c'], { input: packages });
  const hash = createHash('sha256').update(index).digest('hex');
  const path = 'main/binary-amd64';
  const release = `Origin: Debian\nSuite: stable\nCodename: ${codename}\nArchitectures: all amd64\n${byHash ? 'Acquire-By-Hash: yes\n' : ''}SHA256:\n ${hash} ${index.length} ${path}/Packages.xz\n`;
  return { release, files: { [`${path}/${byHash ? `by-hash/SHA256/${hash}` : 'Packages.xz'}`]: index } };
}

function serveArchives(suites: Readonly<Record<string, Archive>>): Promise<Served> {
  return serve((request, response) => {
    const [, suite = '', path = ''] =
      /^\/(debian(?:-security)?\/dists\/[^/]+)\/(.*)$/.exec(request.url!) ?? [];
    const known = suites[suite];
    const body = path === 'InRelease' && known ? signer.clearSign(known.release) : known?.files[path];
    if (body === undefined) response.writeHead(404).end();
    else response.end(body);
  });
}

const request = {
  kind: 'debian',
  suite: 'bookworm',
  platform: 'linux/amd64',
  packages: ['app'],
} as const;

function resolve(
  url: string,
  more: object = {},
  env: NodeJS.ProcessEnv = { COGPACK_DEBIAN_KEYRING: keyring },
): Promise<DebianAnswer> {
  const network = networkOf(env, folder, { debianMirror: `${url}/debian` });
  const context = {
    project: folder,
    config: network.config,
    store: openStore(join(folder, 'store')),
    signal,
  };
  return resolveDebian({ ...request, packages: ['app'], ...more }, { ...context, network });
}

const packages = [stanza('app', '1', 'Depends: lib\n'), stanza('lib', '1.0')].join('\n');

test('an answer has what a fetch needs, by name, and no host', async () => {
  served = await serveArchives({ 'debian/dists/bookworm': archive('bookworm', packages) });
  const answer = await resolve(served.url);
  expect(answer).toEqual({
    packages: [
      {
        name: 'app',
        version: '1',
        architecture: 'all',
        filename: 'pool/main/app_1_all.deb',
        sha256: `sha256:${'a'.repeat(64)}`,
        size: 12,
        archive: 'debian',
      },
      expect.objectContaining({ name: 'lib', version: '1.0' }),
    ],
  });
  expect(JSON.stringify(answer)).not.toContain('127.0.0.1');
});

test('security updates count when they are asked for', async () => {
  served = await serveArchives({
    'debian/dists/bookworm': archive('bookworm', packages, false),
    'debian/dists/bookworm-updates': archive('bookworm-updates', ''),
    'debian-security/dists/bookworm-security': archive('bookworm-security', stanza('lib', '1.0+deb12u1')),
  });
  expect((await resolve(served.url)).packages[1]).toMatchObject({ version: '1.0', archive: 'debian' });
  const secured = await resolve(served.url, { archives: ['debian', 'debian-security'] });
  expect(secured.packages[1]).toMatchObject({ version: '1.0+deb12u1', archive: 'debian-security' });
});

test('a Packages index with other bytes than the Release file states is refused', async () => {
  const good = archive('bookworm', packages);
  const [path, index] = Object.entries(good.files)[0]!;
  const other = Buffer.from(index).fill(0xff, 20, 21);
  served = await serveArchives({ 'debian/dists/bookworm': { ...good, files: { [path]: other } } });
  await expect(resolve(served.url)).rejects.toMatchObject({
    code: 'fetch/sha256',
    message: expect.stringContaining('debian bookworm main/binary-amd64/Packages.xz'),
  });
});

test('what is no archive, another suite, another architecture and no such suite are named', async () => {
  served = await serveArchives({
    'debian/dists/bookworm': { release: 'hello\n', files: {} },
    'debian/dists/trixie': archive('bookworm', packages),
    'debian/dists/sid': archive('sid', packages),
  });
  await expect(resolve(served.url)).rejects.toMatchObject({ code: 'debian/release' });
  await expect(resolve(served.url, { suite: 'trixie' })).rejects.toMatchObject({
    code: 'debian/release',
    message: expect.stringContaining('is of the suite bookworm, stable; expected trixie'),
  });
  await expect(resolve(served.url, { suite: 'sid', platform: 'linux/arm64' })).rejects.toMatchObject({
    code: 'debian/release',
    message: 'debian sid has no packages for arm64; it has all, amd64',
  });
  await expect(resolve(served.url, { suite: 'potato' })).rejects.toMatchObject({ code: 'fetch/not-found' });
  await expect(resolve(served.url, { platform: 'linux/s390x' })).rejects.toMatchObject({
    code: 'lock/platform',
  });
});

test('a damaged index is an error', async () => {
  const damaged = Buffer.from('this is no xz');
  const hash = createHash('sha256').update(damaged).digest('hex');
  const release = `Codename: bookworm\nArchitectures: amd64\nAcquire-By-Hash: yes\nSHA256:\n ${hash} 13 main/binary-amd64/Packages.xz\n`;
  const files = { [`main/binary-amd64/by-hash/SHA256/${hash}`]: damaged };
  served = await serveArchives({ 'debian/dists/bookworm': { release, files } });
  await expect(resolve(served.url)).rejects.toMatchObject({ code: 'debian/index' });
});

test('a request that is no request of its kind is refused with what is wrong', async () => {
  const config = readConfig({}, folder);
  const context = { project: folder, config, store: openStore(join(folder, 'store')), signal };
  await expect(resolveRequest({ ...request, packages: ['No Name'] }, context)).rejects.toMatchObject({
    code: 'lock/request',
    message: expect.stringContaining('expected a package'),
  });
  await expect(resolveRequest({ kind: 'rpm' }, context)).rejects.toMatchObject({ code: 'lock/kind' });
});

test('an InRelease file that Debian has not signed is refused', async () => {
  served = await serveArchives({ 'debian/dists/bookworm': archive('bookworm', packages) });
  await expect(resolve(served.url, {}, {})).rejects.toMatchObject({
    code: 'debian/signature',
    message: expect.stringContaining(`signed by unknown keys: ${signer.fingerprint.toUpperCase()}`),
    hint: expect.stringContaining('COGPACK_DEBIAN_KEYRING'),
  });
});

test("the closure of packages is apt's own", async () => {
  const config = readConfig(process.env, folder);
  const context = { project: folder, config, store: openStore(join(folder, 'store')), signal };
  const wanted = [
    'python3.11 libsndfile1',
    'libopencv-dev postfix',
    'openjdk-17-jre-headless php-illuminate-routing',
  ];
  const answers = await Promise.all(
    wanted.map(names => resolveRequest({ ...request, packages: names.split(' ') }, context)),
  );
  const chosen = (answers as unknown as DebianAnswer[]).map(answer =>
    answer.packages
      .map(({ name, version }) => `${name} ${version}`)
      .sort()
      .join('\n'),
  );
  expect(chosen).toEqual(aptChooses(folder, archiveRoots(config, 'debian')[0]!, 'bookworm', 'amd64', wanted));
});
