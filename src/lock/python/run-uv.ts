// Runs uv: requirements in, or a project's uv.lock, and pylock.toml (PEP 751) out. uv gets an environment of its own: of
// this machine's settings only the indexes, the proxies, the certificates and the logins reach it, and the interpreter
// is the target's stand-in.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hexOf, sha256 } from '../../base/digest.ts';
import { CogpackError, isSystemError, messageOf } from '../../base/error.ts';
import { writeFileAtomic } from '../../base/files.ts';
import type { PythonIndexes } from '../../fetch/python-config.ts';
import type { Store } from '../../store/store.ts';
import { interpreterScript } from './interpreter.ts';
import type { PythonTarget } from './target.ts';

export type UvInput = {
  readonly program: string;
  readonly target: PythonTarget;
  /** In place of the target's stand-in. */
  readonly interpreter?: string;
  readonly project: string;
  readonly indexes: PythonIndexes;
  readonly env: NodeJS.ProcessEnv;
  readonly store: Store;
  readonly signal: AbortSignal;
};

export type CompileInput = UvInput & {
  /** Requirements (PEP 508), and paths relative to `project`. */
  readonly requirements: readonly string[];
  readonly constraints: readonly string[];
  /** Requirements whose packages come from one index and no other. */
  readonly bound: readonly BoundRequirement[];
  /** Packages that are left out, whatever requires them. */
  readonly without: readonly string[];
};

export type BoundRequirement = { readonly name: string; readonly text: string; readonly index: string };

export type ExportInput = UvInput & {
  /** The folder of uv.lock and its pyproject.toml. */
  readonly folder: string;
  readonly extras: readonly string[];
  readonly groups: readonly string[];
};

/** uv's end: its exit code, pylock.toml, and what it said on stderr. */
export type Compiled = { readonly code: number | null; readonly pylock: string; readonly messages: string };

/** Resolves requirements. Throws `lock/uv` when uv cannot be started. */
export async function compileWithUv(input: CompileInput): Promise<Compiled> {
  const folder = mkdtempSync(join(tmpdir(), 'cogpack-lock-'));
  try {
    const files = [
      ...(input.constraints.length > 0
        ? ['--constraints', write(folder, 'constraints.txt', lines(input.constraints))]
        : []),
      ...(input.without.length > 0
        ? ['--overrides', write(folder, 'overrides.txt', lines(input.without.map(never)))]
        : []),
      ...(input.bound.length > 0 ? [write(folder, 'pyproject.toml', projectOf(input))] : []),
    ];
    const args = ['pip', 'compile', '-', '--format', 'pylock.toml', '--only-binary', ':all:', ...files];
    return await run(input, args, { cwd: input.project, stdin: lines(input.requirements) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const never = (name: string): string => `${name}; python_version < "0"`;

/** Reads uv.lock as it is, for all platforms: nothing is resolved. Throws `lock/uv` when uv cannot be started. */
export function exportWithUv(input: ExportInput): Promise<Compiled> {
  const { extras, groups, folder } = input;
  const chosen = [
    ...extras.flatMap(extra => ['--extra', extra]),
    ...groups.flatMap(group => ['--group', group]),
  ];
  const args = ['export', '--frozen', '--format', 'pylock.toml', '--no-default-groups', '--no-emit-project'];
  return run(input, [...args, ...chosen], { cwd: folder, stdin: '' });
}

// Only a project can bind a package to an index (uv's documentation, "Package indexes"). JSON's strings are TOML's too.
function projectOf({ bound, target }: CompileInput): string {
  const urls = [...new Set(bound.map(({ index }) => index))];
  return lines([
    '[project]',
    'name = "cogpack-lock"',
    'version = "0"',
    `requires-python = ">=${target.version}"`,
    `dependencies = ${JSON.stringify(bound.map(({ text }) => text))}`,
    '[tool.uv.sources]',
    ...new Set(bound.map(({ name, index }) => `${name} = { index = "index-${urls.indexOf(index)}" }`)),
    ...urls.map(
      (url, at) => `[[tool.uv.index]]\nname = "index-${at}"\nurl = ${JSON.stringify(url)}\nexplicit = true`,
    ),
  ]);
}

function write(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function lines(items: readonly string[]): string {
  return items.map(item => `${item}\n`).join('');
}

// By its content: uv remembers what the program at a path has answered.
function interpreterFile(store: Store, target: PythonTarget): string {
  const script = interpreterScript(target);
  const path = join(store.dir, 'cogpack', 'tools', hexOf(sha256(script)), 'python');
  if (!existsSync(path)) writeFileAtomic(path, script);
  chmodSync(path, 0o755);
  return path;
}

const passedOn: readonly string[] = [
  'HOME',
  'NETRC',
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'SSL_CLIENT_CERT'],
  ...['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'],
];

function environment({ env, indexes }: UvInput): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(
    passedOn.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
  return {
    ...kept,
    PATH: '/usr/bin:/bin',
    UV_DEFAULT_INDEX: indexes.main,
    UV_INDEX: indexes.extra.join(' '),
  };
}

function run(
  input: UvInput,
  args: readonly string[],
  { cwd, stdin }: { readonly cwd: string; readonly stdin: string },
): Promise<Compiled> {
  const common = [
    ...['--python', input.interpreter ?? interpreterFile(input.store, input.target)],
    ...['--cache-dir', join(input.store.dir, 'cogpack', 'tools', 'uv-cache')],
    ...['--color', 'never'],
    '--no-config',
    '--no-header',
    '--no-progress',
    '--no-python-downloads',
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(input.program, [...args, ...common], {
      cwd,
      env: environment(input),
      signal: input.signal,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let pylock = '';
    let messages = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      pylock += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      messages += text;
    });
    child.once('error', error =>
      reject(
        isSystemError(error, 'ABORT_ERR')
          ? input.signal.reason
          : new CogpackError('lock/uv', `uv cannot be started: ${messageOf(error)}`, { cause: error }),
      ),
    );
    child.once('close', code => resolve({ code, pylock, messages }));
    // uv may end before it has read everything; its exit code says why.
    child.stdin.on('error', () => undefined).end(stdin);
  });
}
