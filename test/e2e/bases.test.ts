// A matrix of base images, built of real packages, pushed and catalogued; and the base that a model is then told.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Base } from '../../src/catalogue/catalogue.ts';
import { type RunningRegistry, startDockerRegistry } from '../registry/support/processes.ts';
import { cogpack, output, repository } from '../support/cli.ts';

let dir: string;
let registry: RunningRegistry;
let store: readonly string[];
const bin = `${repository}bin/cogpack`;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-matrix-'));
  store = ['--store', join(dir, 'store')];
  cpSync(join(repository, 'examples/bases'), dir, { recursive: true });
  registry = await startDockerRegistry();
});

afterAll(async () => {
  await registry?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const names = ['3.11', '3.13'].flatMap(python =>
  ['6.0.2', '6.0.3'].map(pyyaml => `python${python}-pyyaml${pyyaml}`),
);

test('bases are pushed under their names and catalogued, share layers, and are built and described once', async () => {
  const catalogue = join(dir, 'bases.json');
  const bases = `${registry.host}/bases`;
  const build = ['base', 'build', dir, ...store, '--push', bases, '--catalogue', catalogue];
  const first = (await output(bin, build)).trimEnd().split('\n');
  expect(first.map(line => line.replace(/sha256:[0-9a-f]{64}$/, '…'))).toEqual([
    ...names.map(name => `${name}  ${bases}:${name}@…`),
    `${catalogue}: 4 bases, 4 described now`,
  ]);

  const text = readFileSync(catalogue, 'utf8');
  const made: readonly Base[] = JSON.parse(text).bases;
  expect(
    made.map(({ reference, metadata: { pythons, packages } }) => [
      reference,
      pythons.map(({ version }) => version.replace(/\.\d+$/, '')),
      packages.map(({ name, version }) => `${name} ${version}`),
    ]),
  ).toEqual(
    names.map(name => {
      const [, python, pyyaml] = /^python(.*)-pyyaml(.*)$/.exec(name)!;
      return [`${bases}:${name}`, [python], [`pyyaml ${pyyaml}`]];
    }),
  );
  const pushed = `${made[0]!.reference}@${made[0]!.digest}`;
  const { metadata } = JSON.parse(await output(bin, ['base', 'describe', pushed, '--json']));
  expect(metadata).toEqual(made[0]!.metadata);
  const layers = (base: Base) => base.metadata.layers.map(({ digest }) => digest);
  expect(layers(made[0]!).filter(digest => !layers(made[1]!).includes(digest))).toHaveLength(1);

  const again = JSON.parse(await output(bin, [...build, '--json']));
  expect(again.built).toEqual([]);
  expect(again.catalogue).toEqual({ file: catalogue, bases: 4, described: 0 });
  expect(again.targets.map(({ reference }: { reference: string }) => reference)).toEqual(
    names.map(name => `${bases}:${name}`),
  );
  expect(readFileSync(catalogue, 'utf8')).toBe(text);

  const model = join(dir, 'model');
  mkdirSync(model);
  const describe = (line: string) =>
    writeFileSync(
      join(model, 'cogpack.jsonnet'),
      `(import 'cogpack').model { ${line}\npython: '3.13', requirements: ['pyyaml<6.0.3', 'six'] }`,
    );
  describe('');
  const line = await output(bin, ['base', 'choose', model, '--catalogue', catalogue]);
  const chosen = made[2]!;
  expect(line).toMatch(new RegExp(`^base: '${bases}:python3.13-pyyaml6.0.2@${chosen.digest}',`));
  describe(line);
  await output(bin, ['lock', model, ...store]);
  const [image] = JSON.parse(await output(bin, ['realise', model, ...store, '--json'])).targets;
  const stood = JSON.parse(
    await output(bin, ['base', 'describe', image.descriptor.digest, ...store, '--json']),
  ) as Base;
  expect(stood.metadata.layers.slice(0, layers(chosen).length)).toEqual(chosen.metadata.layers);
  expect(stood.metadata.packages.map(({ name }) => name)).toEqual(['pyyaml', 'six']);
  expect(stood.metadata.debian).toEqual(chosen.metadata.debian);
});

test.each([
  [['--catalogue', 'bases.json'], 'base/reference', '--push REPOSITORY'],
  [['--push', '127.0.0.1:1/bases:1'], 'base/reference', 'leave out its tag'],
  [['--push', '127.0.0.1:1/bases', '--offline'], 'offline/push', 'without --offline'],
])('base build %j is refused before anything is built', async (flags, code, hint) => {
  const empty = join(dir, 'empty');
  const finished = await cogpack(['base', 'build', dir, '--store', empty, ...flags]);
  expect(finished.code).toBe(1);
  expect(finished.stderr).toContain(`error[${code}]`);
  expect(finished.stderr).toContain(hint);
});
