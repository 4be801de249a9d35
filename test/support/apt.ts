// apt as a peer: what it would install into a system that has nothing. It reads the archive that it is given, into a
// folder of its own, and neither the machine's packages nor its sources.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** For each set of names: `name version` by name, one on a line; what apt says where it refuses. */
export function aptChooses(
  folder: string,
  root: string,
  suite: string,
  architecture: string,
  wanted: readonly string[],
): string[] {
  const state = join(folder, `apt-${suite}-${architecture}`);
  const options = [
    `Dir::State=${state}`,
    'Dir::State::status=/dev/null',
    `Dir::Cache=${state}`,
    `Dir::Etc::sourcelist=${state}/sources.list`,
    'Dir::Etc::sourceparts=/dev/null',
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
  ].flatMap(option => ['-o', option]);
  mkdirSync(join(state, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(state, 'archives', 'partial'), { recursive: true });
  writeFileSync(join(state, 'sources.list'), `deb ${root} ${suite} main\n`);
  execFileSync('apt-get', ['update', ...options], { stdio: 'pipe' });
  return wanted.map(names => {
    const args = ['install', '--simulate', '--no-install-recommends', ...options, ...names.split(' ')];
    const { status, stdout, stderr } = spawnSync('apt-get', args, { encoding: 'utf8', maxBuffer: 1 << 26 });
    if (status !== 0) return `apt refuses: ${stdout}${stderr}`;
    return stdout
      .split('\n')
      .flatMap(line => /^Inst (\S+) \((\S+)/.exec(line)?.slice(1).join(' ') ?? [])
      .sort()
      .join('\n');
  });
}
