// Which Debian package provides a library by its soname: a table of the shlibs files of Debian's own packages
// (stdlib/facts/sonames.json, made by scripts/update-sonames.ts), for the hint in a finding.
import { readFileSync } from 'node:fs';

type Facts = { readonly sonames: Readonly<Record<string, string>> };

let table: ReadonlyMap<string, string> | undefined;

/** `libGL.so.1` → `libgl1`; undefined for a library that the table does not know. */
export function providerOf(soname: string): string | undefined {
  table ??= new Map(Object.entries(readFacts().sonames));
  return table.get(soname);
}

function readFacts(): Facts {
  const text = readFileSync(new URL('../../stdlib/facts/sonames.json', import.meta.url), 'utf8');
  return JSON.parse(text) as Facts;
}
