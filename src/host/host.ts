// What the checks of a host look at: its files and its programs. The root stands before absolute paths, so that a
// folder can be taken for a host.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Host = {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
};

/** One thing that a host has or lacks. */
export type Finding = {
  readonly name: string;
  /** `absent` is not there and is not asked for. */
  readonly state: 'ok' | 'absent' | 'missing';
  readonly found: string;
  /** How to get what is missing, or what could be had. */
  readonly cure?: string;
};

/** The text of a file; undefined when it cannot be read. */
export function readText({ root }: Host, path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

/** The names in a folder; none when it cannot be read. */
export function list({ root }: Host, path: string): string[] {
  try {
    return readdirSync(join(root, path)).sort();
  } catch {
    return [];
  }
}

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs a program; undefined when there is none of that name. It has 20 seconds. */
export function run({ env }: Host, program: string, args: readonly string[]): Ended | undefined {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    env,
    encoding: 'utf8',
    timeout: 20_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') return undefined;
  return { code: status, stdout: stdout ?? '', stderr: stderr ?? '' };
}
