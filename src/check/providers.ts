// Which package provides a library by its soname, for the hint in a finding: Debian's packages by their shlibs files
// (stdlib/facts/sonames.json, made by scripts/update-sonames.ts), NVIDIA's wheels by their RECORD files.
import { readFileSync } from 'node:fs';

type Facts = { readonly sonames: Readonly<Record<string, string>> };

let table: ReadonlyMap<string, string> | undefined;

/** `libGL.so.1` → `libgl1 (deb)`, `libcudart.so.12` → `nvidia-cuda-runtime-cu12 (wheel)`; undefined where no table has it. */
export function providerOf(soname: string): string | undefined {
  table ??= new Map([...readFacts('nvidia-sonames.json', 'wheel'), ...readFacts('sonames.json', 'deb')]);
  return table.get(soname);
}

let wheels: ReadonlyMap<string, readonly string[]> | undefined;

/** What one of NVIDIA's wheels brings, but for sonames that name a version in full; nothing for another package. */
export function sonamesOfWheel(name: string): readonly string[] {
  wheels ??= new Map(
    [...Map.groupBy(Object.entries(factsIn('nvidia-sonames.json')), ([, wheel]) => wheel)].map(
      ([wheel, facts]) => [
        wheel,
        facts.map(([soname]) => soname).filter(soname => !soname.startsWith('libnvrtc-builtins')),
      ],
    ),
  );
  return wheels.get(name) ?? [];
}

let interpreters: Readonly<Record<string, string>> | undefined;

/** `/usr/bin/perl` → `perl-base (deb)`, `node` → `nodejs (deb)`; undefined for a path elsewhere, or an unknown name. */
export function interpreterProvider(interpreter: string): string | undefined {
  interpreters ??= (readJson('interpreters.json') as { readonly interpreters: Record<string, string> })
    .interpreters;
  const name = /^(?:(?:\/usr)?\/bin\/)?([^/]+)$/.exec(interpreter)?.[1];
  const provider = name === undefined ? undefined : interpreters[name];
  return provider === undefined ? undefined : `${provider} (deb)`;
}

function readFacts(name: string, kind: 'deb' | 'wheel'): [string, string][] {
  return Object.entries(factsIn(name)).map(([soname, from]) => [soname, `${from} (${kind})`]);
}

function factsIn(name: string): Facts['sonames'] {
  return (readJson(name) as Facts).sonames;
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../stdlib/facts/${name}`, import.meta.url), 'utf8'));
}
