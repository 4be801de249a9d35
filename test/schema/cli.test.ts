import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { add } from '../../src/cli/schema.ts';
import { schemasOf as components } from '../../src/schema/openapi.ts';
import { fixturesFolder } from './fixtures.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cogpack-schema-cli-'));
  const write = (path: string, text: string) => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('both/cog.yaml', 'run: app/run.py:Runner\ntrain: train.py:train\n');
  write(
    'both/app/run.py',
    'from names import Name\nclass Runner:\n    def run(self, name: Name) -> str: ...\n',
  );
  write('both/names.py', 'Name = str\n');
  write('both/train.py', 'def train(n: int) -> str: ...\n');
  write('several/predict.py', 'class A:\n    def run(self) -> str: ...\nclass B(A):\n    pass\n');
  write('none/cog.yaml', 'build:\n  python_version: "3.13"\n');
  write('empty/readme', '');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `cogpack schema …` in this process; gives the document that it prints. */
async function schema(...args: readonly string[]) {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    const program = new Command().exitOverride();
    add(program);
    await program.parseAsync(['schema', ...args], { from: 'user' });
    return JSON.parse(write.mock.calls.map(([text]) => String(text)).join(''));
  } finally {
    write.mockRestore();
  }
}

test('a Python file is enough where it has one model', async () => {
  const document = await schema(join(fixturesFolder, 'hello/predict.py'));
  expect(document.info.title).toBe('Cog');
  expect(Object.keys(document.paths)).toContain('/predictions');
  expect(components(document)).toHaveProperty('Input.properties.text');
});

test('a file with only train() gives the document of trainings', async () => {
  expect((await schema(join(fixturesFolder, 'train/train.py'))).paths).toHaveProperty('/trainings');
});

test('a name after the file chooses the class, and --train its train()', async () => {
  const file = join(fixturesFolder, 'train-class/trainer.py:Trainer');
  expect((await schema(file)).paths).toHaveProperty('/predictions');
  expect((await schema(file, '--train')).paths).toHaveProperty('/trainings');
});

test('a folder with a cog.yaml gives what its keys name, in one document', async () => {
  const document = await schema(join(folder, 'both'));
  expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/predictions', '/trainings']));
  expect(components(document)).toHaveProperty('TrainingInput.properties.n');
});

test('imports of a file start at the folder that describes its project', async () => {
  const document = await schema(join(folder, 'both/app/run.py'));
  expect(components(document)).toHaveProperty('Input.properties.name.type', 'string');
});

test('several models in one file are named', async () => {
  await expect(schema(join(folder, 'several/predict.py'))).rejects.toMatchObject({
    code: 'schema/not-found',
    message: 'predict.py has several models: A, B',
  });
});

test.each([
  ['a folder that describes nothing', 'empty', 'schema/project'],
  ['a cog.yaml without a model', 'none', 'schema/project'],
  ['a file that is not there', 'gone.py', 'schema/file'],
])('%s is an error', async (_, path, code) => {
  await expect(schema(join(folder, path))).rejects.toMatchObject({ code });
});
