// Damaged files give an error that a person can act on, or are read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CogpackError } from '../../src/base/error.ts';
import { readCogYaml } from '../../src/inputs/cog-yaml.ts';
import { localPackages } from '../../src/inputs/local-packages.ts';
import { readPyproject } from '../../src/inputs/pyproject.ts';
import { project } from './folder.ts';

const uv = (file: string) => readFileSync(join(import.meta.dirname, 'fixtures/uv', file), 'utf8');
const cogYaml = `build: &b
  gpu: true
  python_version: 3.11
  run:
    - command: x
      mounts: [{type: secret, id: a, target: /b}]
concurrency: {max: 4}
environment: ["A=1", 'B=2']
train: *b
`;

/** The text with one piece cut out, doubled or replaced. */
function damaged(text: string): fc.Arbitrary<string> {
  const pieces = fc.oneof(
    fc.constantFrom(
      '',
      '\n',
      '  ',
      ': ',
      '- ',
      '"',
      '[',
      '{',
      '*b',
      '<<: ',
      '= ',
      '[[',
      '\0',
      '\uFEFF',
      '&b ',
      '|',
      '~',
      '!!binary ',
    ),
    fc.string(),
  );
  const at = fc.nat(text.length);
  return fc.tuple(at, fc.nat(12), pieces).map(([start, length, piece]) => {
    return text.slice(0, start) + piece + text.slice(start + length);
  });
}

function holds(text: string, read: (text: string) => unknown): void {
  fc.assert(
    fc.property(damaged(text), changed => {
      try {
        read(changed);
      } catch (error) {
        expect(error, changed).toBeInstanceOf(CogpackError);
      }
    }),
    { numRuns: 1000 },
  );
}

test('cog.yaml', () => {
  holds(cogYaml, text => readCogYaml(text, 'cog.yaml'));
});

test('pyproject.toml', () => {
  holds(uv('pyproject.toml'), text => readPyproject(text, '/p/pyproject.toml'));
});

test('uv.lock', () => {
  const dir = project({ 'src/app/__init__.py': '', 'packages/greet/src/greet/__init__.py': '' });
  const files: Record<string, string> = {
    'pyproject.toml': uv('pyproject.toml'),
    'packages/greet/pyproject.toml': uv('packages/greet/pyproject.toml'),
  };
  holds(uv('uv.lock'), text =>
    localPackages(dir, 'uv.lock', path => {
      const found = path === 'uv.lock' ? text : files[path];
      if (found === undefined) throw new CogpackError('inputs/missing', path);
      return found;
    }),
  );
});
