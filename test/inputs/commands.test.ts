// cogpack init, and the commands in a folder without a description.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { add } from '../../src/cli/init.ts';
import { cogpack } from '../support/cli.ts';
import { runBundle, unpack } from '../support/container.ts';
import { type Files, fault, project } from './folder.ts';

function init(...args: string[]): string {
  const program = new Command();
  add(program);
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    program.parse(['init', ...args], { from: 'user' });
    return write.mock.calls.map(([text]) => text).join('');
  } finally {
    write.mockRestore();
  }
}

const files: Files = {
  'cog.yaml':
    'build:\n  python_version: "3.11"\n  python_requirements: requirements.txt\nimage: localhost/x\n',
  'requirements.txt': 'idna\n',
};

describe('cogpack init', () => {
  test('writes a description and prints each choice with its reason', () => {
    const dir = project(files);
    expect(init(dir).replaceAll(`${dir}/`, '')).toBe(`cogpack.jsonnet, made of cog.yaml:
  python: build.python_version; bookworm carries 3.11.2 (cog.yaml:2)
  requirements: build.python_requirements, with the files that it names (cog.yaml:3)
  image: image, the name to push to: cogpack realise --push localhost/x (cog.yaml:4)
next: cogpack lock ${dir} && cogpack realise ${dir} --push localhost/x
`);
    expect(readFileSync(join(dir, 'cogpack.jsonnet'), 'utf8')).toMatch(/^\/\/ Made of cog\.yaml\./);
  });

  test('writes over a description only when it is told to', () => {
    const dir = project({ ...files, 'cogpack.jsonnet': '{}' });
    expect(fault(() => init(dir))).toMatchObject({
      code: 'inputs/exists',
      hint: expect.stringContaining('--force'),
    });
    expect(readFileSync(join(dir, 'cogpack.jsonnet'), 'utf8')).toBe('{}');
    init(dir, '--force');
    expect(readFileSync(join(dir, 'cogpack.jsonnet'), 'utf8')).toContain('cog.model');
  });

  test('prints JSON', () => {
    const dir = project(files);
    expect(JSON.parse(init(dir, '--json'))).toMatchObject({
      file: join(dir, 'cogpack.jsonnet'),
      from: join(dir, 'cog.yaml'),
      image: 'localhost/x',
      explanations: [{ field: 'python', source: { line: 2 } }, { field: 'requirements' }, { field: 'image' }],
      text: expect.stringContaining('cog.model'),
    });
  });

  test('says what it looks for where there is nothing', () => {
    expect(fault(() => init(project({})))).toMatchObject({
      code: 'inputs/none',
      hint: expect.stringContaining('cog.yaml, pyproject.toml with uv.lock'),
    });
  });

  test('a pyproject.toml without its lock is told what it lacks, by every command', async () => {
    const dir = project({ 'pyproject.toml': '[project]\nname = "x"\nversion = "0"\n' });
    for (const command of ['init', 'lock', 'eval', 'realise', 'run'])
      expect(await cogpack([command, dir])).toMatchObject({
        code: 1,
        stderr: `error[inputs/none]: ${dir} has no file that describes a model
help: pyproject.toml alone pins nothing: run uv lock, or write a requirements.txt
`,
      });
  });
});

describe('a uv project with a package of its own', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'cogpack-uv-'));
    cpSync(join(import.meta.dirname, 'fixtures/uv'), join(dir, 'project'), { recursive: true });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const command = async (...args: string[]) => {
    const { code, stdout, stderr } = await cogpack([...args, '--store', join(dir, 'store')], {
      cwd: join(dir, 'project'),
    });
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };

  test('is locked and realised as it is, and starts by its own script', async () => {
    await command('lock');
    const lock = JSON.parse(readFileSync(join(dir, 'project/cogpack.lock'), 'utf8'));
    const python = lock.answers.find((each: { request: { kind: string } }) => each.request.kind === 'python');
    expect(python.answer.packages).toMatchObject([
      { name: 'idna', version: '3.20' },
      { name: 'packaging', version: '26.3' },
    ]);
    await command('realise', '--output', `oci:${join(dir, 'oci')}`);
    const bundle = join(dir, 'bundle');
    await unpack(join(dir, 'oci'), 'latest', bundle);
    expect(await runBundle(bundle)).toMatchObject({ code: 0, stdout: 'hello\n' });
    const program =
      "import importlib.metadata as m; print(m.version('greet'), m.version('app'), m.version('idna'))";
    expect((await runBundle(bundle, ['python', '-c', program])).stdout).toBe('1.0.0 0.3.0 3.20\n');
  });

  test('gives the same image from the description that init writes', async () => {
    const before = await command('eval');
    init(join(dir, 'project'));
    expect(await command('eval')).toBe(before);
  });

  test('whose lock has changed is locked anew', async () => {
    const file = join(dir, 'project/uv.lock');
    writeFileSync(file, `${readFileSync(file, 'utf8')}\n`);
    await expect(command('eval')).rejects.toThrow(/lock\/missing/);
  });
});
