// Every builder by name. Modules are loaded when first used: a realise that runs no builder loads none.
import { CogpackError } from '../base/error.ts';
import type { Builder } from './builder.ts';

type Entry = {
  readonly version: number;
  readonly outputs: readonly string[];
  readonly thread: Builder['thread'];
  // biome-ignore lint/suspicious/noExplicitAny: the arguments are checked by the builder's own schema
  readonly load: () => Promise<Builder<any>>;
};

const layer = (version: number, load: Entry['load'], outputs = ['layer', 'summary']): Entry => ({
  version,
  outputs,
  thread: 'worker',
  load,
});

// The versions stand here too, so that a description can be evaluated without loading a builder; test/builders
// checks that they agree.
const entries = new Map<string, Entry>([
  ['base', layer(2, async () => (await import('./base.ts')).base)],
  [
    'check',
    {
      version: 2,
      outputs: ['report'],
      thread: 'worker',
      load: async () => (await import('./check.ts')).check,
    },
  ],
  ['configure', layer(4, async () => (await import('./configure.ts')).configure)],
  ['deb', layer(4, async () => (await import('./deb.ts')).deb)],
  [
    'fetch',
    { version: 1, outputs: ['file'], thread: 'main', load: async () => (await import('./fetch.ts')).fetch },
  ],
  [
    'image',
    { version: 1, outputs: ['image'], thread: 'main', load: async () => (await import('./image.ts')).image },
  ],
  ['join', layer(2, async () => (await import('./join.ts')).join, ['layer'])],
  [
    'scan',
    {
      version: 2,
      outputs: ['summary'],
      thread: 'worker',
      load: async () => (await import('./scan.ts')).scan,
    },
  ],
  ['tree', layer(4, async () => (await import('./tree.ts')).tree)],
  ['wheel', layer(4, async () => (await import('./wheel.ts')).wheel)],
]);

export const builderNames: readonly string[] = [...entries.keys()];

/** `wheel` → `wheel@1`, the form that stands in a derivation; undefined for an unknown name. */
export function versionedName(name: string): string | undefined {
  const entry = entries.get(name);
  return entry && `${name}@${entry.version}`;
}

/** The outputs that a builder makes; the first is the one meant where none is named. */
export function outputsOf(name: string): readonly string[] {
  return entries.get(name)!.outputs;
}

/** Whether a builder reads its inputs' bytes; an image is made of their descriptors alone. */
export function readsInputs(versioned: string): boolean {
  return !versioned.startsWith('image@');
}

/** The builder that a derivation asks for. Throws `builder/unknown`. */
export function builderEntry(versioned: string): Entry {
  const [name = '', version] = versioned.split('@');
  const entry = entries.get(name);
  if (entry !== undefined && String(entry.version) === version) return entry;
  const known = builderNames.map(versionedName).join(', ');
  throw new CogpackError('builder/unknown', `there is no builder ${versioned}; here are ${known}`, {
    hint: 'evaluate the description again with this version of cogpack',
  });
}
