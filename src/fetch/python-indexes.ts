// Which Python indexes this machine uses: what uv is told (environment, uv.toml, pyproject.toml), else what pip is told
// (environment, pip.conf in all its places), else the default that the machine's own pip or uv was made with. No
// index stands in cogpack itself. Extra indexes come before the default one, which is the order in which uv asks them.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse as parseToml, TomlError } from 'smol-toml';
import { z } from 'zod';
import { CogpackError, isSystemError, messageOf } from '../base/error.ts';
import { parseIni } from './ini.ts';

/** Base URLs of the Simple repository API (PEP 503), with the user's own userinfo if they hold one. */
export type PythonIndexes = {
  readonly extra: readonly string[];
  readonly default: string | undefined;
};

/** What is configured for a project, before the built-in default. Throws `fetch/config` for a file it cannot read. */
export function configuredIndexes(env: NodeJS.ProcessEnv, project: string): PythonIndexes {
  const all = [...uvSources(env, project), ...pipSources(env)];
  return {
    extra: [...new Set(all.flatMap(source => source.extra))],
    default: all.find(source => source.default !== undefined)?.default,
  };
}

type Source = PythonIndexes;

const indexSchema = z.object({
  url: z.string(),
  default: z.boolean().optional(),
});
const uvSettings = z.object({
  index: z.array(indexSchema).optional(),
  'index-url': z.string().optional(),
  'extra-index-url': z.array(z.string()).optional(),
  pip: z
    .object({
      'index-url': z.string().optional(),
      'extra-index-url': z.array(z.string()).optional(),
    })
    .optional(),
});

function* uvSources(env: NodeJS.ProcessEnv, project: string): Generator<Source> {
  yield {
    extra: [...words(env.UV_INDEX).map(withoutName), ...words(env.UV_EXTRA_INDEX_URL)],
    default: env.UV_DEFAULT_INDEX ? withoutName(env.UV_DEFAULT_INDEX) : env.UV_INDEX_URL || undefined,
  };
  if (env.UV_NO_CONFIG) return;
  if (env.UV_CONFIG_FILE) {
    yield uvFile(env.UV_CONFIG_FILE, false);
    return;
  }
  for (let dir = project; ; dir = dirname(dir)) {
    const own = uvFile(join(dir, 'uv.toml'), false);
    const found = own === empty ? uvFile(join(dir, 'pyproject.toml'), true) : own;
    if (found !== empty) {
      yield found;
      break;
    }
    if (dirname(dir) === dir) break;
  }
  yield uvFile(join(configHome(env), 'uv', 'uv.toml'), false);
  yield uvFile('/etc/uv/uv.toml', false);
}

const empty: Source = { extra: [], default: undefined };

function uvFile(file: string, isPyproject: boolean): Source {
  const text = readIfThere(file);
  if (text === undefined) return empty;
  const fault = (cause: unknown) =>
    new CogpackError('fetch/config', `${file} cannot be read as uv's configuration: ${messageOf(cause)}`, {
      hint: 'mend the file; uv itself would refuse it too',
      cause,
    });
  let table: unknown;
  try {
    table = parseToml(text);
  } catch (error) {
    throw error instanceof TomlError ? fault(error) : error;
  }
  if (isPyproject) table = (table as { tool?: { uv?: unknown } }).tool?.uv;
  if (table === undefined) return empty;
  const settings = uvSettings.safeParse(table);
  if (!settings.success) throw fault(settings.error);
  const { index = [], pip, ...rest } = settings.data;
  return {
    extra: [
      ...index.filter(({ default: isDefault }) => !isDefault).map(({ url }) => url),
      ...(rest['extra-index-url'] ?? pip?.['extra-index-url'] ?? []),
    ],
    default:
      index.find(({ default: isDefault }) => isDefault)?.url ?? rest['index-url'] ?? pip?.['index-url'],
  };
}

function* pipSources(env: NodeJS.ProcessEnv): Generator<Source> {
  yield { extra: words(env.PIP_EXTRA_INDEX_URL), default: env.PIP_INDEX_URL || undefined };
  if (env.PIP_CONFIG_FILE) {
    yield pipFile(env.PIP_CONFIG_FILE);
    if (env.PIP_CONFIG_FILE === '/dev/null') return;
  }
  if (env.VIRTUAL_ENV) yield pipFile(join(env.VIRTUAL_ENV, 'pip.conf'));
  const home = env.HOME || homedir();
  yield pipFile(join(configHome(env), 'pip', 'pip.conf'));
  yield pipFile(join(home, '.pip', 'pip.conf'));
  for (const dir of (env.XDG_CONFIG_DIRS || '/etc/xdg').split(':'))
    yield pipFile(join(dir, 'pip', 'pip.conf'));
  yield pipFile('/etc/pip.conf');
}

function pipFile(file: string): Source {
  const text = readIfThere(file);
  if (text === undefined) return empty;
  const values = parseIni(text);
  const value = (key: string) =>
    values.get(`install.${key}`) ?? values.get(`download.${key}`) ?? values.get(`global.${key}`);
  return { extra: words(value('extra-index-url')), default: value('index-url') };
}

/** The default index that the machine's pip, or its uv, was made with; undefined when there is neither. */
export function builtInIndex(env: NodeJS.ProcessEnv): string | undefined {
  const ask = (program: string, args: readonly string[], pattern: RegExp): string | undefined => {
    try {
      const help = execFileSync(program, args, { env, stdio: ['ignore', 'pipe', 'ignore'], timeout: 30_000 });
      return pattern.exec(help.toString('utf8'))?.[1];
    } catch {
      return undefined;
    }
  };
  const pipHelp = ['download', '--help'];
  const inPipHelp = /--index-url[^(]*\(default\s+(https?:\/\/[^\s)]+)/;
  return (
    ask('python3', ['-m', 'pip', ...pipHelp], inPipHelp) ??
    ask('pip3', pipHelp, inPipHelp) ??
    ask('pip', pipHelp, inPipHelp) ??
    ask('uv', ['pip', 'compile', '--no-config', '--emit-index-url', '/dev/null'], /^--index-url (\S+)/m)
  );
}

function configHome(env: NodeJS.ProcessEnv): string {
  return env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
}

function words(text: string | undefined): string[] {
  return text?.split(/\s+/).filter(word => word !== '') ?? [];
}

// uv lets an index in its variables be written `name=URL`.
function withoutName(index: string): string {
  return index.replace(/^[A-Za-z0-9._-]+=(?=[a-z]+:\/\/)/, '');
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR')) return undefined;
    throw error;
  }
}
