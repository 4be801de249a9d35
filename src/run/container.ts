// A started image, whatever started it, and how programs are run to their end.
import { type SpawnOptions, spawn, spawnSync } from 'node:child_process';

export type Container = {
  /** Runs a program in the container; `input` is its stdin. */
  exec(args: readonly string[], input?: string): Promise<Ended>;
  /** What the container has printed. */
  logs(): string;
  running(): boolean;
  stop(): void;
};

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export function runToEnd(
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

/** For what is short, and for a stop that must be done before this process ends. */
export function runNow([program, ...args]: readonly string[]): Ended {
  const { status, stdout, stderr } = spawnSync(program!, args, { encoding: 'utf8' });
  return { code: status, stdout: stdout ?? '', stderr: stderr ?? '' };
}
