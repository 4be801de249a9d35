// Reads pylock.toml (PEP 751; packaging.python.org, "pylock.toml specification"): which packages, and for each the files
// that it may be installed from. URLs in it are of this machine's index, so only file names, sizes and hashes are kept;
// a URL or a path that the user required stays.
import { parse } from 'smol-toml';
import { z } from 'zod';
import { CogpackError, messageOf } from '../../base/error.ts';

export type LockedFile = {
  readonly filename: string;
  /** `sha256:…`; undefined when the index states none. */
  readonly sha256: string | undefined;
  readonly size: number | undefined;
  /** Where the file was found: for this run only. */
  readonly url: string | undefined;
  /** Relative to the project. */
  readonly path: string | undefined;
};

export type Pylock = {
  readonly packages: readonly LockedPackage[];
  /** Specifiers that the interpreter keeps: `>=3.11`. */
  readonly requiresPython: string | undefined;
  /** Markers of which one holds, where there are any. */
  readonly environments: readonly string[];
  readonly defaultGroups: readonly string[];
};

export type LockedPackage = {
  readonly name: string;
  readonly version: string | undefined;
  /** The URL of the index that it comes from, where the lock states it. */
  readonly index: string | undefined;
  readonly marker: string | undefined;
  readonly requiresPython: string | undefined;
  readonly wheels: readonly LockedFile[];
  /** A URL or a path that was required, in place of a version. */
  readonly archive: LockedFile | undefined;
  /** What it would have to be built from: a folder, a repository, a source distribution. */
  readonly source: 'directory' | 'vcs' | 'sdist' | undefined;
};

const fileSchema = z.object({
  name: z.string().optional(),
  url: z.string().optional(),
  path: z.string().optional(),
  size: z.number().int().nonnegative().optional(),
  hashes: z.record(z.string(), z.string()).default({}),
});

const packageSchema = z.object({
  name: z.string(),
  version: z.string().optional(),
  index: z.string().optional(),
  marker: z.string().optional(),
  'requires-python': z.string().optional(),
  wheels: z.array(fileSchema).default([]),
  archive: fileSchema.optional(),
  sdist: z.unknown().optional(),
  vcs: z.unknown().optional(),
  directory: z.unknown().optional(),
});

const pylockSchema = z.object({
  'lock-version': z.string().regex(/^1\./, 'expected a version 1.x'),
  'requires-python': z.string().optional(),
  environments: z.array(z.string()).default([]),
  'default-groups': z.array(z.string()).default([]),
  packages: z.array(packageSchema).default([]),
});

/** `label` names the lock in `lock/pylock`. */
export function parsePylock(text: string, label: string): Pylock {
  let parsed: z.infer<typeof pylockSchema>;
  try {
    parsed = pylockSchema.parse(parse(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new CogpackError('lock/pylock', `${label} is not a pylock.toml (PEP 751): ${reason}`, {
      cause: error,
    });
  }
  return {
    requiresPython: parsed['requires-python'],
    environments: parsed.environments,
    defaultGroups: parsed['default-groups'],
    packages: parsed.packages.map(packageOf),
  };
}

function packageOf(locked: z.infer<typeof packageSchema>): LockedPackage {
  const { name, version, index, marker, wheels, archive, sdist, vcs, directory } = locked;
  return {
    name,
    version,
    index,
    marker,
    requiresPython: locked['requires-python'],
    wheels: wheels.map(fileOf),
    archive: archive && fileOf(archive),
    source:
      directory !== undefined
        ? 'directory'
        : vcs !== undefined
          ? 'vcs'
          : sdist !== undefined
            ? 'sdist'
            : undefined,
  };
}

// A name in a lock may be the normal form; the URL ends with the one that stands on the index's page.
function fileOf({ name, url, path, size, hashes }: z.infer<typeof fileSchema>): LockedFile {
  const place = url === undefined ? path : URL.canParse(url) ? new URL(url).pathname : url;
  const last = place?.split('/').pop() ?? '';
  const inPlace = url === undefined ? last : decoded(last);
  return {
    filename: inPlace.endsWith('.whl') ? inPlace : (name ?? inPlace),
    sha256: hashes.sha256 === undefined ? undefined : `sha256:${hashes.sha256.toLowerCase()}`,
    size,
    url,
    path,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
