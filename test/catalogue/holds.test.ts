// The catalogue and the stdlib's block `base` find the same in a base.
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BaseMetadata } from '../../src/base-image/metadata.ts';
import { interpreterOf, packagesOf, suiteOf } from '../../src/catalogue/holds.ts';
import { evaluateSnippet, projectImporter, toHost, type Value } from '../../src/language/index.ts';
import { base } from './bases.ts';

type Holds = {
  readonly suite: string | null;
  readonly interpreter: string | null;
  readonly packages: Readonly<Record<string, string>>;
};

const stdlib = fileURLToPath(new URL('../../stdlib', import.meta.url));
const importer = projectImporter({ libraryPaths: [stdlib] });
const natives = {
  at: {
    params: ['object', 'field', 'value'],
    call: (): Value => {
      throw new Error('does not suit');
    },
  },
};

/** What the block makes of it; undefined where the base does not suit. */
function holdsOf(metadata: BaseMetadata, python: string): Holds | undefined {
  const code = `
    local block = (import 'base.libsonnet').block({ base: 'x', python: ${JSON.stringify(python)} });
    (block + { metadata:: ${JSON.stringify(metadata)} }).holds`;
  try {
    return toHost(evaluateSnippet({ importer, natives, code, file: 'x', base: stdlib })) as Holds;
  } catch (error) {
    if (String(error).includes('does not suit')) return undefined;
    throw error;
  }
}

const version = fc.constantFrom('3.10', '3.11', '3.13');
const prefix = fc.constantFrom('/usr', '/usr/local', '/opt/conda', '/opt/venv');
const interpreter = fc
  .tuple(prefix, version, fc.boolean())
  .map(([folder, of, named]) => ({ version: `${of}.2`, path: `${folder}/bin/python${named ? of : '3'}` }));
const folder = fc.oneof(
  fc.tuple(prefix, version).map(([of, python]) => `${of}/lib/python${python}/site-packages`),
  fc.constant('/usr/lib/python3/dist-packages'),
);
const bases = fc.record({
  os: fc.constantFrom(
    { id: 'debian', version: '12', codename: 'bookworm' },
    { id: 'debian', version: '7', codename: 'wheezy' },
    { id: 'ubuntu', version: '22.04', codename: 'jammy' },
    { id: 'linux', version: '' },
  ),
  pythons: fc.uniqueArray(interpreter, { selector: each => each.path, maxLength: 5 }),
  venv: fc.option(fc.record({ path: fc.constant('/opt/venv'), python: version }), { nil: undefined }),
  packages: fc.array(
    fc.record({ name: fc.constantFrom('six', 'torch'), version: fc.constant('1'), path: folder }),
  ),
  path: fc.option(
    fc.array(prefix).map(list => list.map(each => `${each}/bin`).join(':')),
    { nil: undefined },
  ),
});

test('they name the same suite, interpreter and packages', () => {
  let suiting = 0;
  fc.assert(
    fc.property(bases, version, ({ os, venv, packages, pythons, path }, python) => {
      const { metadata } = base('x', {
        os,
        pythons,
        env: path === undefined ? {} : { PATH: path },
        ...(venv && { venv }),
        megabytes: 1,
      });
      const unique = [...new Map(packages.map(each => [each.name, each])).values()];
      const whole: BaseMetadata = { ...metadata, packages: unique };
      const holds = holdsOf(whole, python);
      if (holds === undefined) return;
      suiting += 1;
      expect(holds).toMatchObject({
        suite: suiteOf(whole) ?? null,
        interpreter: interpreterOf(whole, python)?.path ?? null,
        packages: Object.fromEntries(packagesOf(whole, python)),
      });
    }),
    { numRuns: 500 },
  );
  expect(suiting).toBeGreaterThan(100);
});
