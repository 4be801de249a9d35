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

function readFacts(name: string, kind: 'deb' | 'wheel'): [string, string][] {
  return Object.entries(factsIn(name)).map(([soname, from]) => [soname, `${from} (${kind})`]);
}

function factsIn(name: string): Facts['sonames'] {
  const text = readFileSync(new URL(`../../stdlib/facts/${name}`, import.meta.url), 'utf8');
  return (JSON.parse(text) as Facts).sonames;
}
