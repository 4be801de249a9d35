// Whole processes, timed.
import { spawnSync } from 'node:child_process';

export type Timed = { readonly seconds: number; readonly stdout: string };

/** Runs a command to its end; throws with its stderr when it fails. */
export function runTimed(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Timed {
  const before = performance.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const seconds = (performance.now() - before) / 1000;
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stderr}`);
  return { seconds, stdout };
}

/** The median of `runs` measurements. */
export function medianOf(runs: number, measure: () => number): number {
  const values = Array.from({ length: runs }, measure).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)]!;
}
