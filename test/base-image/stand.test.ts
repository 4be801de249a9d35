// Models that stand on a base: an image of real .debs and wheels, changed by umoci, in Docker's media types in Debian's
// docker-registry.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningRegistry, startDockerRegistry } from '../registry/support/processes.ts';
import { cogpack, output, repository } from '../support/cli.ts';

let dir: string;
let layout: string;
let registry: RunningRegistry;
let reference: string;
let store: readonly string[];

const bin = `${repository}bin/cogpack`;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-stand-'));
  store = ['--store', join(dir, 'store')];
  layout = join(dir, 'layout');
  const description = write(
    'base',
    "{ requirements: ['six==1.16.0', 'typing-extensions==4.12.2'], env: { FROM_BASE: 'yes' }, source: { exclude: ['*'] } }",
  );
  await output(bin, ['lock', description, ...store]);
  await output(bin, ['realise', description, ...store, '--output', `oci:${layout}`]);
  const changed = join(dir, 'changed');
  cpSync(layout, changed, { recursive: true });
  const extra = join(dir, 'extra');
  mkdirSync(extra);
  writeFileSync(join(extra, 'motd'), 'from the base\n');
  await output('umoci', ['insert', '--image', `${changed}:latest`, join(extra, 'motd'), '/etc/motd']);
  await output('umoci', ['insert', '--image', `${changed}:latest`, '--whiteout', '/etc/hosts']);
  registry = await startDockerRegistry();
  reference = `${registry.host}/base:1`;
  await output('skopeo', [
    'copy',
    '--format=v2s2',
    '--dest-tls-verify=false',
    `oci:${changed}:latest`,
    `docker://${reference}`,
  ]);
});

afterAll(async () => {
  await registry?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** A project of one model; gives its description. */
function write(name: string, model: string, files: Readonly<Record<string, string>> = {}): string {
  mkdirSync(join(dir, name));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, name, file), text);
  const description = join(dir, name, 'cogpack.jsonnet');
  writeFileSync(description, `(import 'cogpack').model ${model}\n`);
  return description;
}

type Answer = {
  readonly request: { readonly kind: string };
  readonly answer: { readonly packages: readonly { readonly name: string }[] };
};

function locked(description: string, kind: string): string[] {
  const { answers }: { answers: Answer[] } = JSON.parse(
    readFileSync(description.replace('.jsonnet', '.lock'), 'utf8'),
  );
  return answers.find(({ request }) => request.kind === kind)!.answer.packages.map(({ name }) => name);
}

const predictor = `
import os
import six
from cog import BasePredictor


class Predictor(BasePredictor):
    def predict(self) -> str:
        here = " ".join(str(os.path.exists(path)) for path in ["/etc/motd", "/etc/hosts.missing", "/usr/bin/tini"])
        return f"{six.__version__} {os.environ['FROM_BASE']} {here}"
`;

test('a model adds what its base lacks, and nothing of what the base has; it starts and answers', async () => {
  const description = write(
    'model',
    `{ base: '${reference}', predict: 'predict.py:Predictor', requirements: ['six', 'python-dateutil==2.9.0'] }`,
    { 'predict.py': predictor },
  );
  await output(bin, ['lock', description, ...store]);
  expect(locked(description, 'debian')).toEqual(expect.arrayContaining(['tini']));
  expect(locked(description, 'debian')).not.toContain('libc6');
  expect(locked(description, 'python')).toEqual(expect.arrayContaining(['cog', 'python-dateutil']));
  expect(locked(description, 'python')).not.toContain('six');
  expect(locked(description, 'python')).not.toContain('typing-extensions');

  const answer = await output(bin, ['run', description, ...store]);
  expect(answer).toBe('1.16.0 yes True False True\n');

  const described = JSON.parse(await output(bin, ['base', 'describe', reference, '--json', ...store]));
  const model = JSON.parse(await output(bin, ['inspect', description, '--json', ...store]));
  const own: { digest: string }[] = described.metadata.layers;
  expect(model.layers.slice(0, own.length).map(({ digest }: { digest: string }) => digest)).toEqual(
    own.map(({ digest }) => digest),
  );
  expect(model.packages).toEqual(expect.arrayContaining([{ name: 'six', version: '1.16.0' }]));
  expect(model.debian.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(['libc6', 'tini']),
  );
  expect(model.labels).toMatchObject({
    'org.opencontainers.image.base.digest': described.digest,
    'org.opencontainers.image.base.name': reference,
  });

  const { pushed } = JSON.parse(
    await output(bin, ['realise', description, ...store, '--push', `${registry.host}/model:1`, '--json']),
  );
  expect(pushed.mounted.map(({ digest }: { digest: string }) => digest).sort()).toEqual(
    own.map(({ digest }) => digest).sort(),
  );
});

test('a base in a layout of the project gives the same packages', async () => {
  const description = write(
    'near',
    "{ base: 'oci:base', requirements: ['python-dateutil==2.9.0'], source: { exclude: ['base'] } }",
  );
  cpSync(layout, join(dir, 'near', 'base'), { recursive: true });
  await output(bin, ['lock', description, ...store]);
  expect(locked(description, 'python')).toEqual(['python-dateutil']);
  expect(await output(bin, ['realise', description, ...store])).toContain('sha256:');
});

test('what a base has is not changed: a requirement that refuses it is told, with the package', async () => {
  const description = write('other', `{ base: '${reference}', requirements: ['six==1.17.0'] }`);
  const { code, stderr } = await cogpack(['lock', description, ...store]);
  expect(code).toBe(1);
  expect(stderr).toContain('error[lock/python]');
  expect(stderr).toContain('six 1.16.0 cannot be changed');
});

test.each([
  [
    "{ base: 'REFERENCE', python: '3.13' }",
    "it has no Python 3.13, and trixie's cannot be added to debian 12",
  ],
  ["{ base: 'python:3.11' }", 'a reference to an image with its registry, or oci:DIR'],
  [
    "{ base: 'REFERENCE', cuda: { from: 'base' } , requirements: ['nvidia-cuda-runtime-cu12==12.4.127'] }",
    "CUDA cannot be the base's: it has no CUDA",
  ],
  [
    "{ cuda: { from: 'base' }, requirements: ['nvidia-cuda-runtime-cu12==12.4.127'] }",
    "CUDA cannot be the base's: there is no base",
  ],
])('a base that does not suit is refused at its line: %s', async (model, message) => {
  const description = write(`unfit-${message.length}`, model.replace('REFERENCE', reference));
  const { code, stderr } = await cogpack(['lock', description, ...store]);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr).toContain(`${description}:1:`);
});
