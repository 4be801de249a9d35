// What a Python request is resolved for: an interpreter (CPython), a platform and a C library, all of the image and
// none of this machine.

export type PythonTarget = {
  /** `3.11.2` */
  readonly version: string;
  /** As wheels and markers name it: `x86_64`, `aarch64`. */
  readonly machine: string;
  /** The minor version of glibc 2: 36 for 2.36. */
  readonly glibcMinor: number;
};

const machines: Readonly<Record<string, string>> = { 'linux/amd64': 'x86_64', 'linux/arm64': 'aarch64' };
export const platforms: readonly string[] = Object.keys(machines);

// The patch release that Debian's suites carry (packages.debian.org: bullseye, bookworm, trixie). Some packages
// exclude patch releases, so 3.11.0 would not do for 3.11.
const patches: Readonly<Record<string, string>> = { '3.9': '3.9.2', '3.11': '3.11.2', '3.13': '3.13.5' };

/** `python` is `3.11` or `3.11.2`, `platform` one of `platforms`, `glibc` as `2.36`. */
export function targetOf(request: {
  readonly python: string;
  readonly platform: string;
  readonly glibc: string;
}): PythonTarget {
  const { python, platform, glibc } = request;
  return {
    version: patches[python] ?? (python.split('.').length === 2 ? `${python}.0` : python),
    machine: machines[platform]!,
    glibcMinor: Number(glibc.split('.')[1]),
  };
}

/** `[3, 11]` */
export function languageOf({ version }: PythonTarget): readonly [number, number] {
  const [major, minor] = version.split('.').map(Number);
  return [major!, minor!];
}
