// Which packages have no wheel, all of them at once, and which versions of each have one: what a person needs to know to
// change the requirements in one go. A resolver stops at the first.
import { CogpackError } from '../../base/error.ts';
import { normalName, parseWheelName } from '../../formats/wheel-metadata.ts';
import type { ResolveContext } from '../context.ts';
import type { Compiled } from './run-uv.ts';
import { rankOf, type TagRanks } from './tags.ts';
import { compareVersions, isBeforeRelease, parseVersion } from './version.ts';

/** The packages that uv wants wheels of, as it names them. */
export function wantingIn({ code, messages }: Compiled): string[] {
  if (code === 0) return [];
  return [...messages.matchAll(/Wheels are required for `([^`]+)`/g)].map(match => match[1]!);
}

const mostWanting = 30;

/**
 * `compile` resolves without the packages that it is given. Gives all packages that want a wheel, and what uv said of the
 * first; none when what fails is something else.
 */
export async function allWanting(
  first: Compiled,
  compile: (without: readonly string[]) => Promise<Compiled>,
): Promise<readonly string[]> {
  const wanting = new Set<string>();
  for (let compiled = first; wanting.size < mostWanting; ) {
    const found = wantingIn(compiled).filter(name => !wanting.has(name));
    if (found.length === 0) break;
    for (const name of found) wanting.add(name);
    compiled = await compile([...wanting]);
  }
  return [...wanting];
}

/** `av: from 12.0.0 to 15.1.0`, by what the indexes have for the target. */
export async function versionsWithWheels(
  name: string,
  indexes: readonly string[],
  ranks: TagRanks,
  { network }: ResolveContext,
): Promise<string> {
  const pages = indexes.map(index =>
    network.pages(index, normalName(name), name).catch(error => {
      if (error instanceof CogpackError) return [];
      throw error;
    }),
  );
  const versions = new Set<string>();
  for (const { filename } of (await Promise.all(pages)).flat()) {
    const version = parseWheelName(filename)?.version;
    if (version !== undefined && rankOf(filename, ranks) !== undefined) versions.add(version);
  }
  const [oldest, ...newer] = [...versions]
    .flatMap(text => {
      const version = parseVersion(text.replaceAll('_', '+'));
      return version === undefined || isBeforeRelease(version) ? [] : [{ text, version }];
    })
    .sort((a, b) => compareVersions(a.version, b.version))
    .map(({ text }) => text);
  if (oldest === undefined) return `${name}: no version has one`;
  return newer.length === 0
    ? `${name}: only ${oldest} has one`
    : `${name}: from ${oldest} to ${newer.at(-1)}`;
}
