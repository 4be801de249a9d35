// The lock kind `debian`: packages of a suite and all that they need in an empty system, as `apt-get install
// --no-install-recommends` would choose them. `archives` without `debian-security` is the suite alone, which changes
// with its point releases only; with it, the suite's -updates and -security count too, and the newest version wins.
import { z } from 'zod';
import { digestSchema } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import type { Network } from '../fetch/download.ts';
import type { ResolveContext } from './context.ts';
import { createPackageSet, type PackageSet } from './debian/packages.ts';
import { fetchIndex, type Suite } from './debian/release.ts';
import { solve } from './debian/solve.ts';

export const debianRequest = z.strictObject({
  kind: z.literal('debian'),
  suite: z.string().regex(/^[a-z]+$/, 'expected the name of a suite such as bookworm'),
  platform: z.string(),
  /** Names, or `name=version`. */
  packages: z.array(
    z.string().regex(/^[a-z0-9][a-z0-9+.-]*(=\S+)?$/, 'expected a package, or package=version'),
  ),
  archives: z.array(z.enum(['debian', 'debian-security'])).optional(),
  /** `name=version` of what a base image has: it stays as it is, and is left out of the answer. */
  installed: z.array(z.string().regex(/^[a-z0-9][a-z0-9+.-]*=\S+$/, 'expected package=version')).optional(),
});
export type DebianRequest = z.infer<typeof debianRequest>;

export const debianAnswer = z.strictObject({
  packages: z.array(
    z.strictObject({
      name: z.string(),
      version: z.string(),
      architecture: z.string(),
      /** From the archive's root: `pool/…`. */
      filename: z.string(),
      sha256: digestSchema,
      size: z.number().int().nonnegative(),
      archive: z.string(),
    }),
  ),
});
export type DebianAnswer = z.infer<typeof debianAnswer>;

const architectures: Readonly<Record<string, string>> = { 'linux/amd64': 'amd64', 'linux/arm64': 'arm64' };

/** Sorted by name. Throws `lock/platform`, `debian/…` and as fetches do. */
export async function resolveDebian(
  request: DebianRequest,
  { network, signal }: ResolveContext,
): Promise<DebianAnswer> {
  const architecture = architectures[request.platform];
  if (architecture === undefined) {
    throw new CogpackError(
      'lock/platform',
      `Debian packages for ${request.platform} cannot be locked; for ${Object.keys(architectures).join(' and ')} they can`,
    );
  }
  const set = await packageSet(suitesOf(request), architecture, network, signal);
  const installed = (request.installed ?? []).map(text => {
    const [name = '', version = ''] = text.split('=', 2);
    return { name, version };
  });
  const packages = solve(request.packages, set, architecture, installed).map(
    ({ name, version, architecture, filename, sha256, size, archive }) => ({
      name,
      version,
      architecture,
      filename,
      sha256,
      size,
      archive,
    }),
  );
  return { packages };
}

function suitesOf({ suite, archives = ['debian'] }: DebianRequest): Suite[] {
  const isSecured = archives.includes('debian-security');
  return [
    { archive: 'debian', name: suite },
    ...(isSecured ? [{ archive: 'debian', name: `${suite}-updates` }] : []),
    ...(isSecured ? [{ archive: 'debian-security', name: `${suite}-security` }] : []),
  ];
}

const sets = new WeakMap<Network, Map<string, Promise<PackageSet>>>();

/** Several requests on one suite read its indexes once. */
function packageSet(
  suites: readonly Suite[],
  architecture: string,
  network: Network,
  signal: AbortSignal,
): Promise<PackageSet> {
  const known = sets.get(network) ?? new Map<string, Promise<PackageSet>>();
  sets.set(network, known);
  const key = JSON.stringify([suites, architecture]);
  let set = known.get(key);
  if (set === undefined) {
    set = Promise.all(suites.map(suite => fetchIndex(suite, architecture, network, signal))).then(
      createPackageSet,
    );
    known.set(key, set);
    set.catch(() => known.delete(key));
  }
  return set;
}
