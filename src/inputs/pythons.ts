// The Pythons that an image can have: those that Debian's suites carry (stdlib/debian-suites.libsonnet), and the choice
// between them by what a project says of itself.
import { satisfies } from '../lock/python/version.ts';

export type PythonVersion = { readonly minor: string; readonly full: string; readonly suite: string };

/** The first is taken where a project does not say. */
export const pythons: readonly PythonVersion[] = [
  { minor: '3.11', full: '3.11.2', suite: 'bookworm' },
  { minor: '3.13', full: '3.13.5', suite: 'trixie' },
];

/** `3.11 or 3.13` */
export const pythonChoices = pythons.map(({ minor }) => minor).join(' or ');

/** The Python of a version as people write it, `3.11` or `3.11.2`; undefined when no suite carries it. */
export function pythonOf(version: string): PythonVersion | undefined {
  return pythons.find(({ minor, full }) => version === minor || version === full);
}

/** The first that keeps specifiers such as `>=3.9,<3.13`; undefined when none does or they are not well-formed. */
export function pythonFor(
  specifiers: string,
  among: readonly PythonVersion[] = pythons,
): PythonVersion | undefined {
  return among.find(({ full }) =>
    specifiers.split(',').every(specifier => {
      const match = /^\s*(~=|===?|!=|<=?|>=?)\s*(\S+)\s*$/.exec(specifier);
      return specifier.trim() === '' || (match !== null && satisfies(full, match[1]!, match[2]!) === true);
    }),
  );
}
