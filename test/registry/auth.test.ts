// Credentials: where they are found, what is sent for them, and where they never go.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type ClientOptions,
  type Credentials,
  createClient,
  credentialFiles,
  parseReference,
} from '../../registry-client/src/index.ts';
import { startServer } from '../../registry-client/src/server.ts';
import { makeImage } from './support/images.ts';
import { hasProgram, startDockerRegistry, temporaryDir } from './support/processes.ts';

let dir: string;
const closers: (() => unknown)[] = [];
beforeEach(() => {
  dir = temporaryDir('auth');
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  rmSync(dir, { recursive: true, force: true });
});

const basic: Credentials = { type: 'basic', username: 'ann', password: 'pass:word' };
const header = `Basic ${Buffer.from('ann:pass:word').toString('base64')}`;

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function client(options: ClientOptions = {}) {
  const created = createClient({ env: {}, retry: { attempts: 2, delayMs: 1 }, ...options });
  closers.push(() => created.close());
  return created;
}

/** A registry that wants a token for each scope, and the realm that gives them; both note what came. */
async function tokenRegistry(tokenAnswer: (request: IncomingMessage, body: string, scope: string) => object) {
  const asked: { method: string; scopes: string[]; authorization: string | undefined; body: string }[] = [];
  const seen: (string | undefined)[] = [];
  const realm = await serve(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const url = new URL(request.url!, 'http://realm');
    const scopes = url.searchParams.getAll('scope');
    asked.push({ method: request.method!, scopes, authorization: request.headers.authorization, body });
    response.end(JSON.stringify(tokenAnswer(request, body, scopes.join(' '))));
  });
  const host = await serve((request, response) => {
    seen.push(request.headers.authorization);
    if (request.headers.authorization?.startsWith('Bearer good')) {
      response.writeHead(200, { 'content-length': '7' }).end();
      return;
    }
    const challenge = `Bearer realm="http://${realm}/token",service="test"`;
    response.writeHead(401, { 'www-authenticate': challenge }).end();
  });
  return { host, asked, seen };
}

const digest = `sha256:${'a'.repeat(64)}`;

describe('tokens', () => {
  test('one token serves all requests of a scope, also when they come together', async () => {
    const { host, asked, seen } = await tokenRegistry(() => ({ token: 'good', expires_in: 300 }));
    const one = client({ auth: async () => basic });
    const repository = parseReference(`${host}/model`);
    await one.headBlob(repository, digest);
    await Promise.all([1, 2, 3, 4].map(() => one.headBlob(repository, digest)));
    expect(asked).toEqual([
      { method: 'GET', scopes: ['repository:model:pull'], authorization: header, body: '' },
    ]);
    expect(seen.filter(each => each === undefined)).toHaveLength(1);
  });

  test('a token that is refused is asked for anew, once', async () => {
    let count = 0;
    const { host, asked } = await tokenRegistry(() => {
      count += 1;
      return { access_token: count === 1 ? 'good' : 'bad' };
    });
    const one = client({ auth: async () => basic });
    await one.headBlob(parseReference(`${host}/model`), digest);
    const other = one.headBlob(parseReference(`${host}/other`), digest);
    await expect(other).rejects.toMatchObject({ code: 'unauthorized', status: 401 });
    expect(asked).toHaveLength(3);
  });

  test('an identity token is exchanged by POST and goes nowhere else', async () => {
    const { host, asked, seen } = await tokenRegistry(() => ({ access_token: 'good' }));
    await client({ auth: async () => ({ type: 'identity-token', token: 'refresh me' }) }).headBlob(
      parseReference(`${host}/model`),
      digest,
    );
    expect(asked[0]).toMatchObject({ method: 'POST', authorization: undefined });
    expect(new URLSearchParams(asked[0]!.body).get('refresh_token')).toBe('refresh me');
    expect(seen).toEqual([undefined, 'Bearer good']);
  });

  test('an answer without a token is an error that names the realm', async () => {
    const { host } = await tokenRegistry(() => ({ note: 'none' }));
    const attempt = client().headBlob(parseReference(`${host}/model`), digest);
    await expect(attempt).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringContaining('/token'),
    });
  });
});

describe('credentials', () => {
  test('are sent only after they have been asked for', async () => {
    const seen: unknown[] = [];
    const host = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(200).end();
    });
    await client({ auth: async () => basic }).headBlob(parseReference(`${host}/model`), digest);
    expect(seen).toEqual([undefined]);
  });

  test('do not follow a redirect to another host', async () => {
    const seen: unknown[] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(200, { 'content-length': '7' }).end();
    });
    const host = await serve((request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      } else {
        response.writeHead(307, { location: `http://${other}${request.url}` }).end();
      }
    });
    await client({ auth: async () => basic }).headBlob(parseReference(`${host}/model`), digest);
    expect(seen).toEqual([undefined]);
  });

  test('are not given to another host that asks for them after a redirect', async () => {
    const seen: unknown[] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    });
    const host = await serve((request, response) => {
      response.writeHead(307, { location: `http://${other}${request.url}` }).end();
    });
    const attempt = client({ auth: async () => basic }).headBlob(parseReference(`${host}/model`), digest);
    await expect(attempt).rejects.toMatchObject({ code: 'unauthorized' });
    expect(seen).toEqual([undefined]);
  });

  test('a refusal says that one should log in', async () => {
    const host = await serve((_, response) => {
      response
        .writeHead(401, { 'www-authenticate': 'Basic realm="x"' })
        .end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    });
    const attempt = client({ auth: async () => basic }).headBlob(parseReference(`${host}/model`), digest);
    await expect(attempt).rejects.toMatchObject({
      code: 'unauthorized',
      hint: expect.stringContaining('log in'),
    });
  });
});

describe('credential files', () => {
  const write = (path: string, value: unknown) => {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), JSON.stringify(value));
  };
  const auth = Buffer.from('ann:pass:word').toString('base64');
  const env = () => ({ HOME: dir, PATH: `${dir}/bin:${process.env.PATH}` });

  test("docker's config.json gives users, identity tokens and registry tokens", async () => {
    write('.docker/config.json', {
      auths: {
        'one.example': { auth },
        'https://two.example/v1/': { identitytoken: 'idt' },
        'three.example:5000': { registrytoken: 'rt' },
        'empty.example': {},
      },
    });
    const find = credentialFiles(env());
    expect(await find('one.example', 'a')).toEqual(basic);
    expect(await find('two.example', 'a')).toEqual({ type: 'identity-token', token: 'idt' });
    expect(await find('three.example:5000', 'a')).toEqual({ type: 'registry-token', token: 'rt' });
    expect(await find('empty.example', 'a')).toBeUndefined();
    expect(await find('four.example', 'a')).toBeUndefined();
  });

  test("podman's auth.json comes first, and its most particular entry wins", async () => {
    const other = Buffer.from('bob:b').toString('base64');
    write('.config/containers/auth.json', {
      auths: { 'one.example/team': { auth }, 'one.example': { auth: other } },
    });
    write('.docker/config.json', {
      auths: { 'one.example': { auth: Buffer.from('no:no').toString('base64') } },
    });
    const find = credentialFiles(env());
    expect(await find('one.example', 'team/model')).toEqual(basic);
    expect(await find('one.example', 'mine/model')).toMatchObject({ username: 'bob' });
  });

  test('a helper is asked, for one host or for all', async () => {
    const helper = (name: string, script: string) => {
      mkdirSync(join(dir, 'bin'), { recursive: true });
      writeFileSync(join(dir, 'bin', `docker-credential-${name}`), `#!/bin/sh\nread server\n${script}\n`);
      chmodSync(join(dir, 'bin', `docker-credential-${name}`), 0o755);
    };
    helper(
      'one',
      'echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"ann\\",\\"Secret\\":\\"$server/$1\\"}"',
    );
    helper(
      'all',
      '[ "$server" = none.example ] && { echo "credentials not found in native keychain"; exit 1; }; echo \'{"Username":"<token>","Secret":"idt"}\'',
    );
    write('.docker/config.json', { credHelpers: { 'one.example': 'one' }, credsStore: 'all' });
    const find = credentialFiles(env());
    expect(await find('one.example', 'a')).toEqual({
      type: 'basic',
      username: 'ann',
      password: 'one.example/get',
    });
    expect(await find('two.example', 'a')).toEqual({ type: 'identity-token', token: 'idt' });
    expect(await find('none.example', 'a')).toBeUndefined();
  });

  test.each([
    ['not JSON', '{'],
    ['a list', '[]'],
    ['an entry without a colon', JSON.stringify({ auths: { 'one.example': { auth: 'YWJj' } } })],
    ['a helper that is not there', JSON.stringify({ credHelpers: { 'one.example': 'absent' } })],
    ['a helper with a path for a name', JSON.stringify({ credHelpers: { 'one.example': '../x' } })],
  ])('%s is an error that names the file', async (_, text) => {
    mkdirSync(join(dir, '.docker'));
    writeFileSync(join(dir, '.docker', 'config.json'), text);
    await expect(credentialFiles(env())('one.example', 'a')).rejects.toMatchObject({
      code: 'credentials',
      message: expect.stringContaining(join(dir, '.docker', 'config.json')),
    });
  });
});

describe('htpasswd', () => {
  const image = makeImage(40, [1000]);
  const htpasswd = async () => {
    const file = join(dir, 'htpasswd');
    writeFileSync(file, `# users\nann:${(await bcrypt.hash('pass:word', 4)).replace('$2b$', '$2y$')}\n`);
    return file;
  };

  test('the embedded server lets in who knows a password, and nobody else', async () => {
    const server = await startServer({ dir: join(dir, 'registry'), htpasswd: await htpasswd() });
    closers.push(() => server.close());
    const push = (credentials: Credentials | undefined) =>
      client({ auth: async () => credentials }).pushImage({
        reference: parseReference(`${new URL(server.url).host}/model:v1`),
        manifest: image.manifest,
        open: image.open,
      });
    await expect(push(undefined)).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(push({ ...basic, password: 'wrong' } as Credentials)).rejects.toMatchObject({
      code: 'unauthorized',
    });
    await expect(push({ ...basic, username: 'bob' } as Credentials)).rejects.toMatchObject({
      code: 'unauthorized',
    });
    expect((await push(basic)).digest).toBe(image.manifest.digest);
  });

  test.runIf(hasProgram('docker-registry'))('docker-registry lets the client in', async () => {
    const registry = await startDockerRegistry({ htpasswd: await htpasswd() });
    closers.push(() => registry.stop());
    const reference = parseReference(`${registry.host}/model:v1`);
    const push = { reference, manifest: image.manifest, open: image.open };
    await expect(client().pushImage(push)).rejects.toMatchObject({ code: 'unauthorized' });
    expect((await client({ auth: async () => basic }).pushImage(push)).digest).toBe(image.manifest.digest);
  });
});
