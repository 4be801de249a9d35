// The lock kind `python`: requirements and all that they need, as wheels for the image's interpreter. uv resolves them;
// of the files that it allows, the best by tag is taken. The answer names files as they stand on an index's page of
// their project, with size and sha256, and no host but those in URLs that the user wrote.
import { z } from 'zod';
import { type Digest, digestSchema } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { normalName } from '../formats/wheel-metadata.ts';
import type { ResolveContext } from './context.ts';
import { type Compiled, compileWithUv } from './python/compile.ts';
import { isIndexUrl, ownIndexOf } from './python/indexes.ts';
import { measured } from './python/measure.ts';
import { type LockedFile, type LockedPackage, parsePylock } from './python/pylock.ts';
import { type PinnedHashes, readRequirement } from './python/requirement.ts';
import { bestWheel, type TagRanks, tagRanks } from './python/tags.ts';
import { platforms, targetOf } from './python/target.ts';
import { uvProgram } from './python/uv-tool.ts';

export const pythonRequest = z.strictObject({
  kind: z.literal('python'),
  /** `3.11`, or `3.11.2` where the patch release matters. */
  python: z.string().regex(/^3\.\d{1,2}(\.\d{1,2})?$/, 'expected a version of Python such as 3.11'),
  platform: z.enum(platforms as [string, ...string[]]),
  /** The image's C library: `2.36`. */
  glibc: z.string().regex(/^2\.\d{1,2}$/, 'expected a version of glibc such as 2.36'),
  /** Requirements (PEP 508), with `--hash=sha256:…` if they are pinned so, and paths of wheels in the project. */
  requirements: z.array(z.string()),
  /** Requirements that hold for what is needed, without being needed themselves. */
  constraints: z.array(z.string()).optional(),
  /** Indexes that the user wrote: asked before those of the machine. */
  indexes: z.array(z.string().refine(isIndexUrl, 'expected an http or https URL without a login')).optional(),
});
export type PythonRequest = z.infer<typeof pythonRequest>;

export type PythonPackage = {
  readonly name: string;
  readonly version: string;
  /** The wheel's. */
  readonly filename: string;
  readonly sha256: Digest;
  /** In bytes. */
  readonly size: number;
  /** One of the request's indexes, when it is from there. */
  readonly index?: string;
  /** Where it is when it is on no index. */
  readonly location?:
    | { readonly kind: 'url'; readonly url: string }
    | { readonly kind: 'file'; readonly path: string };
};
/** Sorted by name. */
export type PythonAnswer = { readonly packages: readonly PythonPackage[] };

/** Throws `lock/requirement`, `lock/no-wheel`, `lock/python`, `lock/hash`, and as uv's start and fetches do. */
export async function resolvePython(request: PythonRequest, context: ResolveContext): Promise<PythonAnswer> {
  const { config, network, store, signal, project } = context;
  const requirements = request.requirements.map(readRequirement);
  const target = targetOf(request);
  const { extra, main } = config.pythonIndexes();
  const compiled = await compileWithUv({
    program: await uvProgram(store, network, signal),
    target,
    requirements: requirements.map(({ text }) => text),
    constraints: request.constraints ?? [],
    project,
    indexes: { extra: [...(request.indexes ?? []), ...extra], main },
    env: config.env,
    store,
    signal,
  });
  if (compiled.code !== 0) throw unresolved(compiled);
  const locked = parsePylock(compiled.pylock, "uv's answer");
  const ranks = tagRanks(target);
  const hashes = new Map(requirements.map(({ name, hashes }) => [name, hashes]));
  const packages = await Promise.all(
    locked.map(each =>
      packageOf(each, ranks, hashes.get(normalName(each.name)), request.indexes ?? [], context),
    ),
  );
  return { packages: packages.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

async function packageOf(
  locked: LockedPackage,
  ranks: TagRanks,
  hashes: PinnedHashes | undefined,
  indexes: readonly string[],
  context: ResolveContext,
): Promise<PythonPackage> {
  const wheel = wheelOf(locked, ranks, hashes);
  const { sha256, size } = await measured(wheel, context);
  const name = normalName(locked.name);
  const version = locked.version ?? wheel.filename.split('-')[1]!;
  const index =
    locked.archive === undefined ? await ownIndexOf(name, wheel.filename, indexes, context) : undefined;
  return {
    name,
    version,
    filename: wheel.filename,
    sha256: digestSchema.parse(sha256),
    size,
    ...(index !== undefined && { index }),
    ...(locked.archive !== undefined && { location: locationOf(locked.archive) }),
  };
}

function wheelOf(locked: LockedPackage, ranks: TagRanks, hashes: PinnedHashes | undefined): LockedFile {
  const files = locked.archive === undefined ? locked.wheels : [locked.archive];
  const wheel = bestWheel(files, ranks);
  if (wheel === undefined) throw noWheel([`${locked.name} ${locked.version ?? ''}`.trim()]);
  if (hashes === undefined || (wheel.sha256 !== undefined && hashes.includes(wheel.sha256))) return wheel;
  throw new CogpackError(
    'lock/hash',
    `${locked.name}: the requirement allows ${hashes.join(', ')}; ${wheel.filename} has ${wheel.sha256}`,
    { hint: 'add the hash of this wheel to the requirement, or take the hashes out' },
  );
}

function locationOf({ url, path, filename }: LockedFile): NonNullable<PythonPackage['location']> {
  if (path !== undefined) return { kind: 'file', path };
  if (url !== undefined && isIndexUrl(url)) return { kind: 'url', url };
  throw new CogpackError(
    'lock/requirement',
    `${filename}: its URL has a login in it, or is not http or https`,
    {
      hint: 'put the login into ~/.netrc: a lock is shared',
    },
  );
}

function unresolved({ messages }: Compiled): CogpackError {
  const text = messages
    .replace(/\/\/[^/@\s]*@/g, '//')
    .replace(/^(error|\s*cause): /gm, '')
    .replace(/^(warning|hint): .*$/gm, '')
    .trim();
  const wanting = [...messages.matchAll(/Wheels are required for `([^`]+)`/g)].map(match => match[1]!);
  if (wanting.length > 0) return noWheel(wanting, text);
  return new CogpackError('lock/python', `the Python packages cannot be resolved: ${text}`, {
    hint: 'change the requirements that are named; the indexes asked are those of uv and pip on this machine',
  });
}

function noWheel(packages: readonly string[], text = ''): CogpackError {
  const why = text === '' ? '' : `:\n${text}`;
  return new CogpackError(
    'lock/no-wheel',
    `there is no wheel for the image's Python and platform of ${packages.join(', ')}; source distributions are not built${why}`,
    {
      hint: 'ask for a version that has wheels, or build one (pip wheel), put it into the project and require its path',
    },
  );
}
