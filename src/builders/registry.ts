// Every builder by name. Modules are loaded when first used: a realise that runs no builder loads none.
import { CogpackError } from '../base/error.ts';
import type { Builder } from './builder.ts';

type Loaded = Builder;
type Entry = {
  readonly version: number;
  readonly outputs: readonly string[];
  readonly thread: Builder['thread'];
  readonly load: () => Promise<Loaded>;
};

// The versions stand here too, so that a description can be evaluated without loading a builder; test/builders
// checks that they agree.
const entries: Readonly<Record<string, Entry>> = {
  fetch: { version: 1, outputs: ['file'], thread: 'main', load: async () => (await import('./fetch.ts')).fetch },
  wheel: { version: 1, outputs: ['layer'], thread: 'worker', load: async () => (await import('./wheel.ts')).wheel },
  deb: { version: 1, outputs: ['layer'], thread: 'worker', load: async () => (await import('./deb.ts')).deb },
  tree: { version: 1, outputs: ['layer'], thread: 'worker', load: async () => (await import('./tree.ts')).tree },
  join: { version: 1, outputs: ['layer'], thread: 'worker', load: async () => (await import('./join.ts')).join },
  image: { version: 1, outputs: ['image'], thread: 'main', load: async () => (await import('./image.ts')).image },
};

export const builderNames: readonly string[] = Object.keys(entries);

/** `wheel` → `wheel@1`, the form that stands in a derivation; undefined for an unknown name. */
export function versionedName(name: string): string | undefined {
  const entry = entries[name];
  return entry && `${name}@${entry.version}`;
}

/** The outputs that a builder makes; the first is the one meant where none is named. */
export function outputsOf(name: string): readonly string[] {
  return entries[name]!.outputs;
}

/** The builder that a derivation asks for. Throws `builder/unknown`. */
export function builderEntry(versioned: string): Entry {
  const [name = '', version] = versioned.split('@');
  const entry = entries[name];
  if (entry !== undefined && String(entry.version) === version) return entry;
  throw new CogpackError(
    'builder/unknown',
    `there is no builder ${versioned}; here are ${builderNames.map(versionedName).join(', ')}`,
    {
      hint: 'evaluate the description again with this version of cogpack',
    },
  );
}
