// Starts an image under crun: unpacked by umoci, with the process that its configuration names or another.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, output, run } from './cli.ts';

/** Unpacks `oci:layout:tag` into a runtime bundle. */
export async function unpack(layout: string, tag: string, bundle: string): Promise<void> {
  await output('umoci', ['unpack', '--image', `${layout}:${tag}`, bundle]);
}

/** Runs the bundle to its end. `args` stands in place of the image's own command. */
export async function runBundle(bundle: string, args?: readonly string[]): Promise<Finished> {
  const file = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  config.process.terminal = false;
  if (args !== undefined) config.process.args = args;
  writeFileSync(file, JSON.stringify(config));
  const id = `cogpack-test-${process.pid}-${Date.now()}`;
  const crun = ['--cgroup-manager=disabled', 'run', '--bundle', bundle, id];
  const result = await run('crun', crun);
  if (!/cgroups in hybrid mode/.test(result.stderr)) return result;
  // crun reads only the unified hierarchy: give it one, in a mount namespace of its own.
  const script = 'umount -R -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec crun "$@"';
  return run('unshare', ['-m', 'sh', '-c', script, 'sh', ...crun]);
}
