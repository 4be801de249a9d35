// Certificates of clients (mutual TLS): docker-registry asks for them, and nobody else is given them.
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type ClientOptions,
  createClient,
  type FileSink,
  parseReference,
} from '../../registry-client/src/index.ts';
import { cogpack } from '../support/cli.ts';
import { type Certificate, makeCertificate } from './support/certificates.ts';
import { describe as describeBytes, makeImage, memorySink } from './support/images.ts';
import { hasProgram, type RunningRegistry, startDockerRegistry, temporaryDir } from './support/processes.ts';

const image = makeImage(30, [1000, 200_000]);
let pki: string;
let authority: Certificate;
let own: Certificate;
let strangers: Certificate;
let root: string;
const closers: (() => unknown)[] = [];

beforeAll(() => {
  pki = temporaryDir('pki');
  authority = makeCertificate(pki, 'authority');
  own = makeCertificate(pki, 'client', authority);
  strangers = makeCertificate(pki, 'stranger', makeCertificate(pki, 'other-authority'));
});
afterAll(() => rmSync(pki, { recursive: true, force: true }));
beforeEach(() => {
  root = temporaryDir('certificates');
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  rmSync(root, { recursive: true, force: true });
});

function client(options: ClientOptions = {}) {
  const created = createClient({
    env: { XDG_CONFIG_HOME: root },
    retry: { attempts: 6, delayMs: 1 },
    ...options,
  });
  closers.push(() => created.close());
  return created;
}

/** What docker and podman keep for a host. */
function certificateFolder(host: string, files: Readonly<Record<string, string>>): string {
  const dir = join(root, 'containers', 'certs.d', host);
  mkdirSync(dir, { recursive: true });
  for (const [name, path] of Object.entries(files)) copyFileSync(path, join(dir, name));
  return dir;
}

describe.runIf(hasProgram('openssl') && hasProgram('docker-registry'))(
  'a registry that asks for them',
  () => {
    let registry: RunningRegistry;
    beforeAll(async () => {
      const server = makeCertificate(pki, 'server', authority);
      registry = await startDockerRegistry({
        tls: { certificate: server.certPath, key: server.keyPath, clientcas: [authority.certPath] },
      });
    });
    afterAll(() => registry?.stop());

    const reference = (name: string) => parseReference(`https://${registry.host}/${name}`);
    const push = (options: ClientOptions) =>
      client(options).pushImage({ reference: reference('model:v1'), ...image });

    test('takes an image from a client that has one, and gives it back', async () => {
      const known = client({ ca: authority.cert, cert: own.cert, key: own.key });
      await known.pushImage({ reference: reference('model:v1'), ...image });
      const sink = memorySink();
      await known.pullImage({ reference: reference('model:v1'), sink });
      expect(sink.blobs).toEqual(image.blobs);
    });

    test('is given it by the threads of a large pull too', async () => {
      const large = makeImage(31, [40 << 20, 30 << 20]);
      const known = client({ ca: authority.cert, cert: own.cert, key: own.key });
      await known.pushImage({ reference: reference('large:v1'), ...large });
      const pathOf = (digest: string) => join(root, digest.slice('sha256:'.length));
      const sink: FileSink = {
        flush: false,
        has: () => false,
        temporary: ({ digest }) => `${pathOf(digest)}.part`,
        commit: ({ digest }, path) => renameSync(path, pathOf(digest)),
      };
      await known.pullImage({ reference: reference('large:v1'), sink });
      for (const [digest, bytes] of large.blobs)
        expect(readFileSync(pathOf(digest)).equals(bytes)).toBe(true);
    });

    test('finds it where docker and podman keep it', async () => {
      certificateFolder(registry.host, {
        'ca.crt': authority.certPath,
        'client.cert': own.certPath,
        'client.key': own.keyPath,
      });
      expect((await push({})).digest).toBe(image.manifest.digest);
    });

    test('refuses a client that has none, which says where to put it', async () => {
      await expect(push({ ca: authority.cert })).rejects.toMatchObject({
        code: 'tls',
        message: expect.stringContaining('the registry refuses the client: '),
        hint: expect.stringContaining('certs.d'),
      });
    });

    test("refuses another authority's", async () => {
      const attempt = push({ ca: authority.cert, cert: strangers.cert, key: strangers.key });
      await expect(attempt).rejects.toMatchObject({
        code: 'tls',
        message: expect.stringContaining('the registry refuses the client: '),
      });
    });

    test('is not trusted where its authority is not', async () => {
      await expect(push({ cert: own.cert, key: own.key })).rejects.toMatchObject({
        code: 'tls',
        hint: expect.stringContaining('authority'),
      });
    });

    test('is told of by the command line in the same words, without a stack', async () => {
      certificateFolder(registry.host, { 'ca.crt': authority.certPath });
      const { code, stderr } = await cogpack(['inspect', `https://${registry.host}/model:v1`], {
        env: { ...process.env, XDG_CONFIG_HOME: root },
      });
      expect(code).toBe(1);
      expect(stderr).toContain('the registry refuses the client');
      expect(stderr).toContain('certs.d');
      expect(stderr).not.toMatch(/^ +at /m);
    });
  },
);

describe.runIf(hasProgram('openssl'))('certificates that cannot be used', () => {
  test.each<[string, () => Record<string, string>, string]>([
    ['no key', () => ({ 'client.cert': own.certPath }), 'client.key'],
    ['no certificate', () => ({ 'client.key': own.keyPath }), 'client.cert'],
    [
      'the key of another',
      () => ({ 'client.cert': own.certPath, 'client.key': strangers.keyPath }),
      'the key is not that of the certificate',
    ],
    ['a key as certificate', () => ({ 'client.cert': own.keyPath, 'client.key': own.keyPath }), 'certs.d'],
  ])('%s: an error names the folder before anything is sent', async (_, files, says) => {
    const dir = certificateFolder('127.0.0.1:1', files());
    const attempt = client().getManifest(parseReference('https://127.0.0.1:1/model:v1'), 'v1');
    await expect(attempt).rejects.toMatchObject({ code: 'tls', message: expect.stringContaining(says) });
    await expect(attempt).rejects.toThrow(dir);
  });

  test('a certificate without its key is refused by the client itself', () => {
    expect(() => client({ cert: own.cert })).toThrow('both a certificate and its key');
  });
});

test.runIf(hasProgram('openssl'))('a host that a registry redirects to learns no certificate', async () => {
  const server = makeCertificate(pki, 'redirecting', authority);
  const tls = { cert: server.cert, key: server.key, ca: authority.cert };
  const seen: { host: string; client: string | undefined }[] = [];
  const bytes = Buffer.from('the blob');
  const listen = async (host: string, location?: string) => {
    const started = createServer(
      { ...tls, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const { subject } = (request.socket as TLSSocket).getPeerCertificate();
        seen.push({ host, client: subject?.CN as string | undefined });
        if (location === undefined) response.end(bytes);
        else response.writeHead(307, { location }).end();
      },
    );
    await new Promise<void>(resolve => started.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      started.closeAllConnections();
      started.close();
    });
    return `https://127.0.0.1:${(started.address() as AddressInfo).port}`;
  };
  const storage = await listen('storage');
  const registry = await listen('registry', `${storage}/blob`);
  const known = client({ ca: authority.cert, cert: own.cert, key: own.key });
  const { digest, size } = describeBytes(bytes, 'text/plain');
  const parts = known.getBlob(parseReference(`${registry}/model`), { digest, size });
  for await (const part of parts) expect(part).toEqual(bytes);
  expect(seen).toEqual([
    { host: 'registry', client: 'client' },
    { host: 'storage', client: undefined },
  ]);
});
