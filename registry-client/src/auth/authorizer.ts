// Answers challenges: Basic (RFC 7617) with the host's credentials, Bearer with a token from the realm that the
// challenge names (distribution's token specification: GET with Basic, or POST of a refresh token). Tokens are kept
// until shortly before they expire, per origin and scopes, and asked for once however many requests wait for them.
import { isRecord } from '../descriptor.ts';
import { RegistryError } from '../error.ts';
import type { Http } from '../http.ts';
import { parseChallenges } from './challenge.ts';
import type { Credentials } from './credentials.ts';

export type Authorizer = {
  /** The Authorization header for a request at `origin`, as far as it is known what the registry wants. */
  authorization(origin: string, scopes: readonly string[]): Promise<string | undefined>;
  /** Takes in a 401; true when another try with `authorization` may succeed. `used` is what the failed try sent. */
  challenged(
    origin: string,
    header: string,
    scopes: readonly string[],
    used: string | undefined,
  ): Promise<boolean>;
};

type Realm =
  | { readonly type: 'basic'; readonly authorization: string }
  | { readonly type: 'fixed'; readonly authorization: string }
  | { readonly type: 'bearer'; readonly url: URL; readonly service: string | undefined };
type Token = { readonly authorization: string; readonly expires: number };

const spareMs = 10_000;
const defaultLifeSeconds = 60;
const maxTokenBytes = 256 << 10;
const clientId = 'cogpack-registry-client';

/** `credentialsFor` gets the origin and the first scope's repository. */
export function createAuthorizer(
  http: () => Http,
  credentialsFor: (origin: string, repository: string) => Promise<Credentials | undefined>,
): Authorizer {
  const realms = new Map<string, Realm>();
  const tokens = new Map<string, Promise<Token>>();

  const keyOf = (origin: string, scopes: readonly string[]) => [origin, ...scopes].join(' ');

  const authorization: Authorizer['authorization'] = async (origin, scopes) => {
    const realm = realms.get(origin);
    if (realm === undefined) return undefined;
    if (realm.type !== 'bearer') return realm.authorization;
    const key = keyOf(origin, scopes);
    const known = await tokens.get(key);
    if (known !== undefined && known.expires > performance.now()) return known.authorization;
    const asked = tokens.get(key);
    if (known === undefined || (await asked) === known) {
      const fresh = askToken(realm, origin, scopes);
      tokens.set(key, fresh);
      fresh.catch(() => tokens.delete(key));
    }
    return (await tokens.get(key))?.authorization;
  };

  const challenged: Authorizer['challenged'] = async (origin, header, scopes, used) => {
    const challenges = parseChallenges(header);
    const bearer = challenges.find(each => each.scheme === 'bearer');
    const credentials = await credentialsFor(origin, repositoryOf(scopes));
    if (credentials?.type === 'registry-token') {
      const fixed = `Bearer ${credentials.token}`;
      realms.set(origin, { type: 'fixed', authorization: fixed });
      return used !== fixed;
    }
    if (bearer !== undefined) {
      realms.set(origin, {
        type: 'bearer',
        url: realmUrl(bearer.parameters.realm, origin),
        service: bearer.parameters.service,
      });
      const key = keyOf(origin, scopes);
      const known = await tokens.get(key)?.catch(() => undefined);
      if (known?.authorization === used) tokens.delete(key);
      return true;
    }
    if (challenges.some(each => each.scheme === 'basic') && credentials?.type === 'basic') {
      const basic = basicHeader(credentials.username, credentials.password);
      realms.set(origin, { type: 'basic', authorization: basic });
      return used !== basic;
    }
    return false;
  };

  const askToken = async (
    realm: Extract<Realm, { type: 'bearer' }>,
    origin: string,
    scopes: readonly string[],
  ): Promise<Token> => {
    const credentials = await credentialsFor(origin, repositoryOf(scopes));
    const asked = performance.now();
    const answer =
      credentials?.type === 'identity-token'
        ? await postForToken(realm, scopes, credentials.token)
        : await getToken(realm, scopes, credentials);
    return readToken(answer, asked, realm.url);
  };

  const getToken = async (
    { url, service }: Extract<Realm, { type: 'bearer' }>,
    scopes: readonly string[],
    credentials: Credentials | undefined,
  ): Promise<Buffer> => {
    const target = new URL(url);
    if (service !== undefined) target.searchParams.set('service', service);
    for (const scope of scopes) target.searchParams.append('scope', scope);
    const basic = credentials?.type === 'basic' && basicHeader(credentials.username, credentials.password);
    const headers = basic ? { authorization: basic } : {};
    return (await http().read({ method: 'GET', url: target, headers, expect: [200] }, maxTokenBytes)).bytes;
  };

  const postForToken = async (
    { url, service }: Extract<Realm, { type: 'bearer' }>,
    scopes: readonly string[],
    refreshToken: string,
  ): Promise<Buffer> => {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: clientId,
      scope: scopes.join(' '),
      ...(service !== undefined && { service }),
    }).toString();
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(Buffer.byteLength(form)),
    };
    const ask = { method: 'POST', url, headers, body: () => form, expect: [200] } as const;
    return (await http().read(ask, maxTokenBytes)).bytes;
  };

  return { authorization, challenged };
}

export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function repositoryOf(scopes: readonly string[]): string {
  return scopes[0]?.split(':')[1] ?? '';
}

// Credentials go to the realm, so one that would send them in the clear is refused where the registry is not.
function realmUrl(realm: string | undefined, origin: string): URL {
  if (realm === undefined || !URL.canParse(realm)) {
    throw new RegistryError('protocol', `${origin} asks for a token but names no realm to get it from`);
  }
  const url = new URL(realm);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && origin.startsWith('http:'))) return url;
  throw new RegistryError(
    'redirect',
    `${origin} asks for a token from ${url.protocol}//${url.host}, which is not HTTPS`,
  );
}

function readToken(bytes: Buffer, asked: number, realm: URL): Token {
  const value: unknown = parse(bytes);
  const token = isRecord(value) ? (value.token ?? value.access_token) : undefined;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new RegistryError('protocol', `${realm.origin}${realm.pathname} answered without a token`);
  }
  const stated =
    isRecord(value) && typeof value.expires_in === 'number' ? value.expires_in : defaultLifeSeconds;
  const life = Math.max(stated, defaultLifeSeconds) * 1000;
  return { authorization: `Bearer ${token}`, expires: asked + life - spareMs };
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
