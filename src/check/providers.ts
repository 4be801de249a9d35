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

function readFacts(name: string, kind: 'deb' | 'wheel'): [string, string][] {
  const text = readFileSync(new URL(`../../stdlib/facts/${name}`, import.meta.url), 'utf8');
  const { sonames } = JSON.parse(text) as Facts;
  return Object.entries(sonames).map(([soname, from]) => [soname, `${from} (${kind})`]);
}
