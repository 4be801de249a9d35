// Programs written in Go that tests and benchmarks run against: crane and a registry of go-containerregistry, the
// conformance suite of distribution-spec, go-jsonnet. One that is not on the PATH is built, at a fixed version, where Go is there.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const modules = {
  crane: 'github.com/google/go-containerregistry/cmd/crane@v0.22.1',
  registry: 'github.com/google/go-containerregistry/cmd/registry@v0.22.1',
  conformance: 'github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111',
  jsonnet: 'github.com/google/go-jsonnet/cmd/jsonnet@v0.22.0',
} as const;

// Other programs have these names too.
const ambiguous: readonly string[] = ['registry', 'jsonnet'];

const folder = new URL('../node_modules/.cache/go-tools', import.meta.url).pathname;

/** The path of a program, or undefined where it is not and cannot be built. */
export function goTool(name: keyof typeof modules): string | undefined {
  const built = join(folder, name);
  if (existsSync(built)) return built;
  const { status, stdout } = spawnSync('which', [name], { encoding: 'utf8' });
  if (status === 0 && !ambiguous.includes(name)) return stdout.trim();
  spawnSync('go', ['install', modules[name]], { env: { ...process.env, GOBIN: folder }, stdio: 'ignore' });
  return existsSync(built) ? built : undefined;
}
