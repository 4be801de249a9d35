// Where credentials come from: docker's config.json and podman's auth.json (containers-auth.json(5)), whose entries
// hold them or name a credential helper (docker-credential-NAME, called with `get`).
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isRecord } from '../descriptor.ts';
import { messageOf, RegistryError } from '../error.ts';
import { configKeys, serverKey } from '../hosts.ts';

export type Credentials =
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  /** A refresh token, exchanged for access tokens. */
  | { readonly type: 'identity-token'; readonly token: string }
  /** Sent to the registry as it is. */
  | { readonly type: 'registry-token'; readonly token: string };

/** `host` is host[:port] as in a reference; undefined means anonymous. */
export type CredentialSource = (host: string, repository: string) => Promise<Credentials | undefined>;

const helperMs = 30_000;

/** Credentials of the files that docker and podman write, the first file that knows the host. Throws `credentials`. */
export function credentialFiles(env: NodeJS.ProcessEnv): CredentialSource {
  const known = new Map<string, Promise<Credentials | undefined>>();
  return (host, repository) => {
    const key = `${host}/${repository}`;
    let found = known.get(key);
    if (found === undefined) {
      found = lookUp(filesOf(env), host, repository, env);
      known.set(key, found);
      found.catch(() => known.delete(key));
    }
    return found;
  };
}

function filesOf(env: NodeJS.ProcessEnv): string[] {
  const home = env.HOME || homedir();
  return [
    ...(env.REGISTRY_AUTH_FILE ? [env.REGISTRY_AUTH_FILE] : []),
    ...(env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, 'containers', 'auth.json')] : []),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers', 'auth.json'),
    join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json'),
  ];
}

async function lookUp(
  files: readonly string[],
  host: string,
  repository: string,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  for (const file of files) {
    const config = readConfig(file);
    const found = config && (await inConfig(config, file, host, repository, env));
    if (found !== undefined) return found;
  }
  return undefined;
}

async function inConfig(
  config: Record<string, unknown>,
  file: string,
  host: string,
  repository: string,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  const keys = configKeys(host, repository);
  const helpers = isRecord(config.credHelpers) ? config.credHelpers : {};
  const auths = isRecord(config.auths) ? config.auths : {};
  for (const key of keys) {
    const helper = helpers[key];
    if (typeof helper === 'string') return askHelper(helper, key, file, env);
    const entry = auths[key];
    const found = isRecord(entry) ? fromEntry(entry, `${file}: auths["${key}"]`) : undefined;
    if (found !== undefined) return found;
  }
  if (typeof config.credsStore !== 'string' || config.credsStore === '') return undefined;
  const stored = keys.find(key => key in auths) ?? serverKey(host);
  return askHelper(config.credsStore, stored, file, env);
}

function readConfig(file: string): Record<string, unknown> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code)))
      return undefined;
    throw unusable(file, messageOf(error), error);
  }
  if (text.trim() === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch (error) {
    throw unusable(file, messageOf(error), error);
  }
  throw unusable(file, 'expected a JSON object');
}

function fromEntry(entry: Record<string, unknown>, place: string): Credentials | undefined {
  const { registrytoken, identitytoken, auth, username, password } = entry;
  if (typeof registrytoken === 'string' && registrytoken)
    return { type: 'registry-token', token: registrytoken };
  if (typeof identitytoken === 'string' && identitytoken)
    return { type: 'identity-token', token: identitytoken };
  if (typeof auth === 'string' && auth) {
    const text = Buffer.from(auth, 'base64').toString().replace(/\0+$/, '');
    const colon = text.indexOf(':');
    if (colon < 0) throw unusable(place, 'auth is not the base64 of user:password');
    return { type: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  if (typeof username === 'string' && typeof password === 'string')
    return { type: 'basic', username, password };
  return undefined;
}

// docker-credential-helpers' protocol: the server on stdin, {Username, Secret} on stdout; the user <token> marks a
// refresh token.
async function askHelper(
  name: string,
  server: string,
  file: string,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[A-Za-z0-9._-]+$/.test(name))
    throw unusable(file, `"${name}" is not the name of a credential helper`);
  const { code, output } = await run(program, server, file, env);
  if (code !== 0) {
    if (/credentials not found/i.test(output)) return undefined;
    throw unusable(file, `${program} get ended with ${code} for ${server}: ${output.trim().slice(0, 200)}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch (error) {
    throw unusable(file, `${program} get printed no JSON for ${server}`, error);
  }
  if (!isRecord(value) || typeof value.Username !== 'string' || typeof value.Secret !== 'string') {
    throw unusable(file, `${program} get printed no Username and Secret for ${server}`);
  }
  if (value.Username === '<token>') return { type: 'identity-token', token: value.Secret };
  return { type: 'basic', username: value.Username, password: value.Secret };
}

function run(
  program: string,
  input: string,
  file: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { env, stdio: ['pipe', 'pipe', 'ignore'], timeout: helperMs });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.stdin.on('error', () => {});
    child.on('error', error => reject(unusable(file, `cannot run ${program}: ${messageOf(error)}`, error)));
    child.on('close', code => resolve({ code, output: Buffer.concat(parts).toString() }));
    child.stdin.end(input);
  });
}

function unusable(place: string, why: string, cause?: unknown): RegistryError {
  return new RegistryError('credentials', `cannot use the credentials in ${place}: ${why}`, {
    hint: 'mend the file, or log in again (docker login or podman login)',
    cause,
  });
}
