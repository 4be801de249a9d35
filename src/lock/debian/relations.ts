// Relationships between Debian packages (Debian Policy 7): `a (>= 1) | b:any, c`. Commas are "and", bars are "or".
import type { Relation } from './version.ts';

export type Dependency = {
  readonly name: string;
  /** `any`, or an architecture; undefined for none. */
  readonly qualifier: string | undefined;
  readonly relation: Relation | undefined;
  readonly version: string;
};
/** One of these must hold; in the order of preference. */
export type Alternatives = readonly Dependency[];

const pattern =
  /^([A-Za-z0-9][A-Za-z0-9+.-]*)(?::([a-z0-9-]+))?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s)]+)\s*\))?/;
// The single forms mean "or equal", as they did when they were in use.
const relations: Readonly<Record<string, Relation>> = { '<': '<=', '>': '>=' };

/** The groups of a field, in its order; what is no relationship is left out. */
export function parseRelations(field: string | undefined): Alternatives[] {
  return (field ?? '')
    .split(',')
    .map(group => group.split('|').flatMap(parseOne))
    .filter(group => group.length > 0);
}

function parseOne(text: string): Dependency[] {
  const match = pattern.exec(text.trim());
  if (match === null) return [];
  const [, name = '', qualifier, operator, version = ''] = match;
  const relation = operator === undefined ? undefined : (relations[operator] ?? (operator as Relation));
  return [{ name, qualifier, relation, version }];
}

/** As a control file writes it. */
export function showDependency({ name, qualifier, relation, version }: Dependency): string {
  return `${name}${qualifier === undefined ? '' : `:${qualifier}`}${relation === undefined ? '' : ` (${relation} ${version})`}`;
}

export function showAlternatives(alternatives: Alternatives): string {
  return alternatives.map(showDependency).join(' | ');
}
