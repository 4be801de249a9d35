// Of a lock for many machines (pylock.toml, or uv.lock in that form) the packages of one: markers are judged for the
// target, with the extras and dependency groups that are asked for (PEP 751, "Installation").
import { CogpackError } from '../../base/error.ts';
import { evaluateMarker, type MarkerEnvironment, markersOf } from './markers.ts';
import type { LockedPackage, Pylock } from './pylock.ts';
import type { PythonTarget } from './target.ts';
import { satisfies } from './version.ts';

export type Selection = {
  readonly target: PythonTarget;
  readonly extras: readonly string[];
  /** Undefined: those that the lock takes by default. */
  readonly groups: readonly string[] | undefined;
};

/** `label` names the lock. Throws `lock/pylock` for markers that are none, `lock/python` when it is not for the target. */
export function selectPackages(lock: Pylock, selection: Selection, label: string): readonly LockedPackage[] {
  const { target, extras, groups } = selection;
  const environment: MarkerEnvironment = {
    ...markersOf(target),
    extra: '',
    extras,
    dependency_groups: groups ?? lock.defaultGroups,
  };
  const holds = (marker: string): boolean => {
    const result = evaluateMarker(marker, environment);
    if (result !== undefined) return result;
    throw new CogpackError('lock/pylock', `${label}: ${JSON.stringify(marker)} is no environment marker`);
  };
  checkPython(lock.requiresPython, target, label);
  if (lock.environments.length > 0 && !lock.environments.some(holds)) {
    throw new CogpackError(
      'lock/python',
      `${label} was not made for Python ${target.version} on Linux ${target.machine}; it is for ${lock.environments.join(', or ')}`,
      { hint: 'make it anew with this environment among those that it is for' },
    );
  }
  const selected = lock.packages.filter(({ marker }) => marker === undefined || holds(marker));
  const seen = new Set<string>();
  for (const { name, requiresPython } of selected) {
    checkPython(requiresPython, target, `${label}: ${name}`);
    if (seen.has(name)) {
      throw new CogpackError('lock/pylock', `${label} has several entries of ${name} for one environment`);
    }
    seen.add(name);
  }
  return selected;
}

function checkPython(specifiers: string | undefined, target: PythonTarget, label: string): void {
  for (const specifier of specifiers?.split(',') ?? []) {
    const match = /^\s*(~=|===?|!=|<=?|>=?)\s*(\S+)\s*$/.exec(specifier);
    if (match === null || satisfies(target.version, match[1]!, match[2]!) !== false) continue;
    throw new CogpackError(
      'lock/python',
      `${label} needs Python ${specifiers}; the image has ${target.version}`,
      {
        hint: 'choose another Python in the description',
      },
    );
  }
}
