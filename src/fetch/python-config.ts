// Which Python indexes this machine uses: as uv is told (its variables, uv.toml, [tool.uv] of the project), else as
// pip is told (its variables, pip.conf), else what pip itself has as default. No index stands in cogpack.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { CogpackError, messageOf } from '../base/error.ts';
import { parseIni } from './ini.ts';

/** Index URLs, with logins if they were written with them. */
export type PythonIndexes = {
  /** Asked for every project, before the default one. */
  readonly extra: readonly string[];
  readonly main: string;
};

type Found = { readonly extra: readonly string[]; readonly main: string | undefined };

const uvSchema = z.object({
  index: z
    .array(z.object({ url: z.string(), default: z.boolean().optional(), explicit: z.boolean().optional() }))
    .optional(),
  'index-url': z.string().optional(),
  'extra-index-url': z.array(z.string()).optional(),
});
type UvConfig = z.infer<typeof uvSchema>;

/** The indexes of an environment and a project folder. Throws `fetch/config`, and `fetch/no-index` when none is known. */
export function readPythonIndexes(env: NodeJS.ProcessEnv, projectDir: string): PythonIndexes {
  const uv = merged([uvVariables(env), ...uvFiles(env, projectDir).map(uvFile)]);
  const pip = merged([pipVariables(env), ...pipFiles(env).map(pipFile)]);
  const isUv = uv.main !== undefined || uv.extra.length > 0;
  return {
    extra: isUv ? uv.extra : pip.extra,
    main: uv.main ?? pip.main ?? builtInIndex(env),
  };
}

/** The first that names a main index wins, and so for the others. */
function merged(found: readonly Found[]): Found {
  return {
    main: found.find(({ main }) => main !== undefined)?.main,
    extra: found.find(({ extra }) => extra.length > 0)?.extra ?? [],
  };
}

function uvVariables(env: NodeJS.ProcessEnv): Found {
  return {
    main: env.UV_DEFAULT_INDEX || env.UV_INDEX_URL || undefined,
    // An index may be written `name=URL`.
    extra: words(`${env.UV_INDEX ?? ''} ${env.UV_EXTRA_INDEX_URL ?? ''}`).map(word =>
      word.replace(/^[\w.-]+=(?=\w+:)/, ''),
    ),
  };
}

function pipVariables(env: NodeJS.ProcessEnv): Found {
  return { main: env.PIP_INDEX_URL || undefined, extra: words(env.PIP_EXTRA_INDEX_URL) };
}

function words(text = ''): string[] {
  return text.split(/\s+/).filter(word => word !== '');
}

/** uv's files, the nearest first: the project's, the user's, the system's; uv.toml goes before pyproject.toml. */
function uvFiles(env: NodeJS.ProcessEnv, projectDir: string): { path: string; table: readonly string[] }[] {
  if (env.UV_NO_CONFIG) return [];
  if (env.UV_CONFIG_FILE) return [{ path: env.UV_CONFIG_FILE, table: [] }];
  const project: { path: string; table: readonly string[] }[] = [];
  for (let dir = projectDir; ; dir = dirname(dir)) {
    project.push({ path: join(dir, 'uv.toml'), table: [] });
    project.push({ path: join(dir, 'pyproject.toml'), table: ['tool', 'uv'] });
    if (dir === dirname(dir)) break;
  }
  const system = (env.XDG_CONFIG_DIRS || '/etc/xdg').split(':').map(dir => join(dir, 'uv', 'uv.toml'));
  const others = [join(configHome(env), 'uv', 'uv.toml'), ...system, '/etc/uv/uv.toml'];
  return [...project, ...others.map(path => ({ path, table: [] }))];
}

function uvFile({ path, table }: { path: string; table: readonly string[] }): Found {
  const text = readIfThere(path);
  if (text === undefined) return { main: undefined, extra: [] };
  let config: UvConfig;
  try {
    let value: unknown = parse(text);
    for (const key of table) value = (value as Record<string, unknown> | undefined)?.[key];
    config = uvSchema.parse(value ?? {});
  } catch (cause) {
    throw new CogpackError('fetch/config', `${path} is not a configuration of uv: ${messageOf(cause)}`, {
      cause,
    });
  }
  const indexes = (config.index ?? []).filter(({ explicit }) => explicit !== true);
  return {
    main: indexes.find(index => index.default === true)?.url ?? config['index-url'],
    extra: [
      ...indexes.filter(index => index.default !== true).map(({ url }) => url),
      ...(config['extra-index-url'] ?? []),
    ],
  };
}

/** pip's files, the strongest first (pip's documentation, "Configuration"). */
function pipFiles(env: NodeJS.ProcessEnv): string[] {
  if (env.PIP_CONFIG_FILE === '/dev/null') return [];
  const home = env.HOME || homedir();
  const system = (env.XDG_CONFIG_DIRS || '/etc/xdg').split(':').map(dir => join(dir, 'pip', 'pip.conf'));
  return [
    ...(env.PIP_CONFIG_FILE ? [env.PIP_CONFIG_FILE] : []),
    ...(env.VIRTUAL_ENV ? [join(env.VIRTUAL_ENV, 'pip.conf')] : []),
    join(configHome(env), 'pip', 'pip.conf'),
    join(home, '.pip', 'pip.conf'),
    '/etc/pip.conf',
    ...system,
  ];
}

function pipFile(path: string): Found {
  const text = readIfThere(path);
  if (text === undefined) return { main: undefined, extra: [] };
  const values = parseIni(text);
  const value = (key: string) =>
    values.get(`install.${key}`) ?? values.get(`download.${key}`) ?? values.get(`global.${key}`);
  return { main: value('index-url') || undefined, extra: words(value('extra-index-url')) };
}

function configHome(env: NodeJS.ProcessEnv): string {
  return env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const askPip = 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)';

/** What pip, or uv, was made with on this machine. */
function builtInIndex(env: NodeJS.ProcessEnv): string {
  const index =
    ask('python3', ['-I', '-c', askPip], /^(\w+:\S+)$/m, env) ??
    ask(
      'uv',
      ['pip', 'compile', '--no-config', '--emit-index-url', '/dev/null'],
      /^--index-url (\S+)$/m,
      env,
    );
  if (index !== undefined) return index;
  throw new CogpackError('fetch/no-index', 'no Python index is known on this machine', {
    hint: 'set UV_DEFAULT_INDEX to its URL, or install pip, whose default is then taken',
  });
}

function ask(
  program: string,
  args: readonly string[],
  answer: RegExp,
  env: NodeJS.ProcessEnv,
): string | undefined {
  try {
    const options = { env, stdio: ['ignore' as const, 'pipe' as const, 'ignore' as const], timeout: 30_000 };
    return answer.exec(execFileSync(program, args, options).toString('utf8'))?.[1];
  } catch {
    return undefined;
  }
}
