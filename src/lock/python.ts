// The lock kind `python`: packages for the image's interpreter, as wheels. Requirements are resolved by uv; a lock that
// the project brings is read as it is. Of the files that there are, the best by tag is taken. The answer names files
// as they stand on an index's page of their project, with size and sha256, and no host but those that the user wrote.
import { z } from 'zod';
import { digestSchema } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { normalName } from '../formats/wheel-metadata.ts';
import type { ResolveContext } from './context.ts';
import { answerPackages, noWheel, type PythonPackage } from './python/answer.ts';
import { findIndex, placeInLock } from './python/indexes.ts';
import { isPlainUrl } from './python/place.ts';
import { isProjectLock, readProjectLock } from './python/project-lock.ts';
import { parsePylock } from './python/pylock.ts';
import { type PinnedHashes, type Requirement, readRequirement } from './python/requirement.ts';
import { type Compiled, type CompileInput, compileWithUv, type UvInput } from './python/run-uv.ts';
import { selectPackages } from './python/selected.ts';
import { tagRanks } from './python/tags.ts';
import { platforms, targetOf } from './python/target.ts';
import { uvProgram } from './python/uv-tool.ts';
import { parseVersion } from './python/version.ts';
import { allWanting, versionsWithWheels } from './python/wanting.ts';

export type { PythonPackage } from './python/answer.ts';

const indexUrl = z.string().refine(isPlainUrl, 'expected an http or https URL without a login');

export const pythonRequest = z
  .strictObject({
    kind: z.literal('python'),
    /** `3.11`, or `3.11.2` where the patch release matters. */
    python: z.string().regex(/^3\.\d{1,2}(\.\d{1,2})?$/, 'expected a version of Python such as 3.11'),
    platform: z.enum(platforms as [string, ...string[]]),
    /** The image's C library: `2.36`. */
    glibc: z.string().regex(/^2\.\d{1,2}$/, 'expected a version of glibc such as 2.36'),
    /** Requirements (PEP 508), with `--hash=sha256:…` if they are pinned so, and paths of wheels in the project. */
    requirements: z.array(z.string()).optional(),
    /** Requirements that hold for what is needed, without being needed themselves. */
    constraints: z.array(z.string()).optional(),
    /** What the image has by other means, name → version: it is resolved at that version, and left out of the answer. */
    provided: z.record(z.string(), z.string()).optional(),
    /**
     * Indexes that the user wrote. A URL alone is asked for every package, before the machine's own; one with packages,
     * which stand among the requirements, is the only one for these and is asked for no other.
     */
    indexes: z
      .array(z.union([indexUrl, z.strictObject({ url: indexUrl, packages: z.array(z.string()) })]))
      .optional(),
    /** In place of requirements: a lock of the project, with the extras and dependency groups that are wanted. */
    lock: z
      .strictObject({
        path: z.string().refine(isProjectLock, 'expected uv.lock, pylock.toml or pylock.NAME.toml'),
        sha256: digestSchema,
        extras: z.array(z.string()).default([]),
        groups: z.array(z.string()).optional(),
        /** Packages that the description brings itself, from the project's folders: these are left out. */
        provided: z.array(z.string()).default([]),
      })
      .optional(),
  })
  .refine(({ requirements, lock }) => (requirements === undefined) !== (lock === undefined), {
    message: 'expected either requirements or lock',
  });
export type PythonRequest = z.infer<typeof pythonRequest>;
/** Sorted by name. */
export type PythonAnswer = { readonly packages: readonly PythonPackage[] };

/**
 * Throws `lock/requirement`, `lock/no-wheel`, `lock/python`, `lock/hash`, `lock/file`, `lock/pylock`, and as uv's start
 * and fetches do.
 */
export async function resolvePython(request: PythonRequest, context: ResolveContext): Promise<PythonAnswer> {
  return request.lock === undefined
    ? resolveRequirements(request, context)
    : readLocked(request, request.lock, context);
}

async function resolveRequirements(request: PythonRequest, context: ResolveContext): Promise<PythonAnswer> {
  const requirements = (request.requirements ?? []).map(readRequirement);
  const { first, bound } = indexesOf(request, requirements);
  // An index has the build of a release that a base or Debian has as 2.1.0+cu121 or 1.24.2+ds as the release itself.
  const provided = Object.entries(request.provided ?? {}).map(
    ([name, version]) => [normalName(name), version.split('+')[0]!] as const,
  );
  const input = await uvInput(request, context);
  const compile: CompileInput = {
    ...input,
    indexes: { ...input.indexes, extra: [...first, ...input.indexes.extra] },
    requirements: requirements.filter(({ name }) => !bound.has(name)).map(({ text }) => text),
    constraints: [
      ...(request.constraints ?? []),
      ...provided
        .filter(([, version]) => parseVersion(version) !== undefined)
        .map(([name, version]) => `${name}==${version}`),
    ],
    bound: requirements.flatMap(({ name, text }) => {
      const index = bound.get(name);
      return index === undefined ? [] : [{ name, text, index }];
    }),
    without: [],
  };
  const compiled = await compileWithUv(compile);
  if (compiled.code !== 0) {
    const wanting = await allWanting(compiled, without => compileWithUv({ ...compile, without }));
    if (wanting.length === 0) throw unresolved(compiled, provided);
    const indexes = [...compile.indexes.extra, compile.indexes.main];
    const ranks = tagRanks(input.target);
    throw noWheel(
      await Promise.all(wanting.map(name => versionsWithWheels(name, indexes, ranks, context))),
      uvSays(compiled),
    );
  }
  const here = new Set(provided.map(([name]) => name));
  const hashes = new Map<string, PinnedHashes>();
  for (const { name, hashes: pinned } of requirements) if (pinned !== undefined) hashes.set(name, pinned);
  const packages = await answerPackages(
    parsePylock(compiled.pylock, "uv's answer").packages.filter(({ name }) => !here.has(normalName(name))),
    {
      ranks: tagRanks(input.target),
      hashes,
      async placeOf(locked, file) {
        const only = bound.get(normalName(locked.name));
        const index = only ?? (await findIndex(locked, file, first, context));
        return index === undefined ? {} : { index };
      },
    },
    context,
  );
  return { packages };
}

type OwnIndexes = {
  readonly first: readonly string[];
  /** By the normal form of a package's name. */
  readonly bound: ReadonlyMap<string, string>;
};

function indexesOf({ indexes = [] }: PythonRequest, requirements: readonly Requirement[]): OwnIndexes {
  const bound = new Map<string, string>();
  for (const index of indexes) {
    if (typeof index === 'string') continue;
    for (const each of index.packages) {
      const name = normalName(each);
      if (!requirements.some(requirement => requirement.name === name)) {
        throw new CogpackError(
          'lock/requirement',
          `the index ${index.url} is bound to ${each}, which is not among the requirements`,
          { hint: `add ${each} to the requirements, or take it out of the index's packages` },
        );
      }
      bound.set(name, index.url);
    }
  }
  return { first: indexes.filter(index => typeof index === 'string'), bound };
}

async function readLocked(
  request: PythonRequest,
  lock: NonNullable<PythonRequest['lock']>,
  context: ResolveContext,
): Promise<PythonAnswer> {
  const target = targetOf(request);
  const { extras, groups, provided } = lock;
  const pylock = await readProjectLock({ ...lock, groups }, context.project, () => uvInput(request, context));
  const packages = await answerPackages(
    selectPackages(pylock, { target, extras, groups }, lock.path).filter(
      ({ name }) => !provided.includes(normalName(name)),
    ),
    {
      ranks: tagRanks(target),
      hashes: new Map(),
      placeOf: (locked, file) => placeInLock(locked, file, context),
    },
    context,
  );
  return { packages };
}

async function uvInput(
  request: PythonRequest,
  { config, network, project, signal, store }: ResolveContext,
): Promise<UvInput> {
  return {
    program: await uvProgram(store, network, signal),
    target: targetOf(request),
    project,
    indexes: config.pythonIndexes(),
    env: config.env,
    store,
    signal,
  };
}

/** What uv said, for people. */
function uvSays({ messages }: Compiled): string {
  return messages
    .replace(/\/\/[^/@\s]*@/g, '//')
    .replace(/^(error|\s*cause): /gm, '')
    .replace(/^(warning|hint): .*$/gm, '')
    .trim();
}

function unresolved(
  compiled: Compiled,
  provided: readonly (readonly [name: string, version: string])[],
): CogpackError {
  const text = uvSays(compiled);
  const named = provided.filter(([name]) => text.includes(name)).map(pair => pair.join(' '));
  return new CogpackError('lock/python', `the Python packages cannot be resolved: ${text}`, {
    hint:
      named.length > 0
        ? `${named.join(', ')} cannot be changed: the image has it by its base, or by a block's pythonPackages`
        : 'change the requirements that are named; the indexes asked are those of uv and pip on this machine',
  });
}
