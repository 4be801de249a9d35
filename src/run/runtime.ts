// Starts a bundle under an OCI runtime, crun or runc, and runs programs in it.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CogpackError } from '../base/error.ts';
import { type Container, runNow, runToEnd } from './container.ts';

export type Runtime = 'crun' | 'runc';

// Where the host mounts both cgroup hierarchies crun refuses to start: it gets the unified one, in a mount namespace.
const unified = 'umount -R -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"';

/** Throws `run/start` with what the runtime says. */
export async function startBundle(runtime: Runtime, bundle: string, id: string): Promise<Container> {
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
    running: () => /"status": *"running"/.test(runNow(command('state', id)).stdout),
    stop: () => void runNow(command('delete', '--force', id)),
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
