// User names and passwords for HTTP: from a URL's own userinfo, else from the netrc file ($NETRC, ~/.netrc). They go
// into the Authorization header of requests to that host, and nowhere else: `shownUrl` is what messages print.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type Login = { readonly user: string; readonly password: string };
/** Logins by host name; `default` is under the empty name. */
export type Netrc = ReadonlyMap<string, Login>;

/** The netrc of an environment; empty when there is none that can be read. */
export function readNetrc(env: NodeJS.ProcessEnv): Netrc {
  try {
    return parseNetrc(readFileSync(env.NETRC || join(env.HOME || homedir(), '.netrc'), 'utf8'));
  } catch {
    return new Map();
  }
}

/** netrc(5): `machine NAME login USER password WORD`, `default`, comments and `macdef` bodies. */
export function parseNetrc(text: string): Netrc {
  const logins = new Map<string, Login>();
  const withoutMacros = text.replace(/^[ \t]*macdef\b[\s\S]*?(?:\n[ \t]*\n|$(?![\s\S]))/gm, '');
  const words = withoutMacros.replace(/^\s*#.*$/gm, '').match(/"(?:\\.|[^"\\])*"|\S+/g) ?? [];
  let host: string | undefined;
  let login: { user: string; password: string } = { user: '', password: '' };
  const end = () => {
    if (host !== undefined && !logins.has(host)) logins.set(host, login);
    login = { user: '', password: '' };
  };
  for (let at = 0; at < words.length; at++) {
    switch (words[at]) {
      case 'machine':
        end();
        host = unquoted(words[++at]).toLowerCase();
        break;
      case 'default':
        end();
        host = '';
        break;
      case 'login':
      case 'user':
        login.user = unquoted(words[++at]);
        break;
      case 'password':
        login.password = unquoted(words[++at]);
        break;
      case 'account':
        at++;
    }
  }
  end();
  return logins;
}

function unquoted(word = ''): string {
  return word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word;
}

/** Who a URL says we are; else who the netrc says we are at its host. */
export function loginFor(url: URL, netrc: Netrc): Login | undefined {
  if (url.username !== '' || url.password !== '') {
    return { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  }
  return netrc.get(url.hostname.toLowerCase()) ?? netrc.get('');
}

export function authorizationOf({ user, password }: Login): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** A URL as messages show it: without user, password, query and fragment. */
export function shownUrl(url: URL | string): string {
  if (!URL.canParse(url)) return String(url).replace(/\/\/[^/@\s]*@/, '//');
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.search = '';
  shown.hash = '';
  return shown.href;
}
