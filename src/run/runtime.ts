// Starts a bundle under an OCI runtime (crun or runc, whichever is there) and runs programs in it.
import { type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CogpackError } from '../base/error.ts';

export type Container = {
  /** Runs a program in the container; `input` is its stdin. */
  exec(args: readonly string[], input?: string): Promise<Ended>;
  /** What the container has printed. */
  logs(): string;
  running(): boolean;
  stop(): void;
};

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

const runtimes = ['crun', 'runc'];

// Where the host mounts both cgroup hierarchies crun refuses to start: it gets the unified one, in a mount namespace.
const unified = 'umount -R -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"';

/** Throws `run/no-runtime` with what to install, and `run/start` with what the runtime says. */
export async function startContainer(bundle: string, id: string): Promise<Container> {
  const runtime = runtimes.find(name => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
  if (runtime === undefined) {
    throw new CogpackError(
      'run/no-runtime',
      `no container runtime is here: looked for ${runtimes.join(' and ')}`,
      {
        hint: 'install one, for example with: sudo apt-get install crun',
      },
    );
  }
  const log = join(bundle, 'log');
  const flags = runtime === 'crun' ? ['--cgroup-manager=disabled'] : [];
  const start = [runtime, ...flags, 'run', '--detach', '--bundle', bundle, id];
  let wrap: readonly string[] = [];
  let started = await runLogged(start, log);
  if (started !== 0 && /cgroups in hybrid mode/.test(readLog(log))) {
    wrap = ['unshare', '-m', 'sh', '-c', unified, 'sh'];
    started = await runLogged([...wrap, ...start], log);
  }
  if (started !== 0) {
    throw new CogpackError('run/start', `${runtime} could not start the image: ${readLog(log).trim()}`);
  }
  const command = (...args: string[]) => [...wrap, runtime, ...flags, ...args];
  return {
    exec: (args, input) => runToEnd(command('exec', id, ...args), input),
    logs: () => readLog(log),
    running() {
      const [program, ...args] = command('state', id);
      const { stdout } = spawnSync(program!, args, { encoding: 'utf8' });
      return /"status": *"running"/.test(stdout);
    },
    stop() {
      const [program, ...args] = command('delete', '--force', id);
      spawnSync(program!, args, { stdio: 'ignore' });
    },
  };
}

const readLog = (file: string): string => readFileSync(file, 'utf8');

async function runLogged(command: readonly string[], log: string): Promise<number | null> {
  const out = openSync(log, 'w');
  try {
    return (await runToEnd(command, undefined, { stdio: ['ignore', out, out] })).code;
  } finally {
    closeSync(out);
  }
}

function runToEnd(
  [program, ...args]: readonly string[],
  input?: string,
  options: SpawnOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    const parts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', text => {
        parts[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', code => resolve({ code, ...parts }));
    child.stdin?.on('error', () => {}); // it may end without reading its input
    child.stdin?.end(input);
  });
}
