// From a package as uv or a lock states it to the wheel that the answer names: the best by tag, with its size and sha256.
import { type Digest, digestSchema } from '../../base/digest.ts';
import { CogpackError } from '../../base/error.ts';
import { normalName } from '../../formats/wheel-metadata.ts';
import type { ResolveContext } from '../context.ts';
import { measured } from './measure.ts';
import { locationOf, type Place } from './place.ts';
import type { LockedFile, LockedPackage } from './pylock.ts';
import type { PinnedHashes } from './requirement.ts';
import { bestWheel, type TagRanks } from './tags.ts';

export type PythonPackage = Place & {
  readonly name: string;
  readonly version: string;
  /** The wheel's, as it stands on an index's page. */
  readonly filename: string;
  readonly sha256: Digest;
  /** In bytes. */
  readonly size: number;
};

export type Choice = {
  readonly ranks: TagRanks;
  /** By the normal form of a package's name. */
  readonly hashes: ReadonlyMap<string, PinnedHashes>;
  /** Where a file is that is not on the machine's own indexes. */
  readonly placeOf: (locked: LockedPackage, file: LockedFile) => Promise<Place>;
};

/** In the order of their names. Throws `lock/no-wheel`, naming all packages without one, and `lock/hash`. */
export async function answerPackages(
  locked: readonly LockedPackage[],
  choice: Choice,
  context: ResolveContext,
): Promise<readonly PythonPackage[]> {
  const wheels = locked.map(each => ({ locked: each, wheel: bestWheel(filesOf(each), choice.ranks) }));
  const wanting = wheels.filter(({ wheel }) => wheel === undefined);
  if (wanting.length > 0) throw noWheel(wanting.map(({ locked }) => labelOf(locked)));
  const packages = await Promise.all(
    wheels.map(({ locked, wheel }) => packageOf(locked, wheel!, choice, context)),
  );
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function filesOf({ archive, wheels }: LockedPackage): readonly LockedFile[] {
  return archive === undefined ? wheels : [archive];
}

function labelOf({ name, version = '', source }: LockedPackage): string {
  const what = source === 'directory' ? ' (a folder)' : source === 'vcs' ? ' (a repository)' : '';
  return `${name} ${version}`.trim() + what;
}

async function packageOf(
  locked: LockedPackage,
  wheel: LockedFile,
  { hashes, placeOf }: Choice,
  context: ResolveContext,
): Promise<PythonPackage> {
  const name = normalName(locked.name);
  const { sha256, size } = await measured(wheel, context);
  const allowed = hashes.get(name);
  if (allowed !== undefined && !allowed.includes(sha256)) {
    throw new CogpackError(
      'lock/hash',
      `${name}: the requirement allows ${allowed.join(', ')}; ${wheel.filename} has ${sha256}`,
      { hint: 'add the hash of this wheel to the requirement, or take the hashes out' },
    );
  }
  return {
    name,
    version: locked.version ?? wheel.filename.split('-')[1]!,
    filename: wheel.filename,
    sha256: digestSchema.parse(sha256),
    size,
    ...(locked.archive === undefined && wheel.path === undefined
      ? await placeOf(locked, wheel)
      : { location: locationOf(wheel) }),
  };
}

/** A line for each package; `why` is the resolver's own account. */
export function noWheel(packages: readonly string[], why = ''): CogpackError {
  const list = packages.map(each => `\n  ${each}`).join('');
  return new CogpackError(
    'lock/no-wheel',
    `there is no wheel for the image's Python and platform, and source distributions are not built, of${list}${why === '' ? '' : `\n${why}`}`,
    {
      hint: 'ask for a version that has wheels, or build one (pip wheel), put it into the project and require its path',
    },
  );
}
