// Requirements files as well-known public model repositories have them: each is described, or what stands in the way is
// told at its line.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { askedPackages } from '../../src/inputs/packages.ts';
import { described, fault, project } from './folder.ts';

const fixture = (name: string) =>
  readFileSync(join(import.meta.dirname, 'fixtures/requirements', `${name}.txt`));

function asked(files: Readonly<Record<string, string | Buffer>>) {
  const dir = project(files);
  return askedPackages(dir, 'requirements.txt', path => readFileSync(join(dir, path)));
}

describe('requirements of public repositories', () => {
  test.each([
    [
      'whisper',
      8,
      'triton>=2.0.0;platform_machine=="x86_64" and sys_platform=="linux" or sys_platform=="linux2"',
    ],
    ['yolov5', 19, 'urllib3>=2.5.0 ; python_version > "3.8"'],
    ['realesrgan', 10, 'basicsr>=1.4.2'],
    ['comfyui', 35, 'pydantic-settings~=2.0'],
    ['audiocraft', 26, 'transformers>=4.31.0'],
    ['blip', 6, 'uvicorn'],
    ['tts', 22, 'gruut[de,es,fr]==2.2.3'],
    ['textgen', 14, 'https://files.example/ctransformers-0.2.23+cu117-py3-none-any.whl'],
  ])('%s is described with its %i packages', (name, count, one) => {
    const files = { 'requirements.txt': fixture(name) };
    const packages = asked(files);
    expect(packages).toMatchObject({ requirements: expect.arrayContaining([one]), local: [] });
    expect('requirements' in packages && packages.requirements.length).toBe(count);
    expect(described(project(files)).text).toContain("requirements: 'requirements.txt'");
  });

  test.each([
    ['stablediffusion', '15:1', '--editable cannot be honoured', 'PYTHONPATH'],
    [
      'generativemodels',
      '3:1',
      '"clip @ git+https://github.com/openai/CLIP.git" is a repository',
      'pip wheel',
    ],
    ['kohya', '2:1', '--extra-index-url https://wheels.example/whl/cu118 cannot be honoured', 'only --hash'],
  ])('%s is told at its line what cannot be', (name, place, message, hint) => {
    expect(fault(() => described(project({ 'requirements.txt': fixture(name) })))).toMatchObject({
      place,
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
      file: expect.stringContaining('requirements.txt'),
    });
  });
});

test('what a requirements file says of constraints, hashes, indexes and local wheels is asked of the lock', () => {
  const hash = `sha256:${'a'.repeat(64)}`;
  expect(
    asked({
      'requirements.txt': `-r more.txt\n-c limits.txt\n--extra-index-url https://wheels.example/cpu\nidna[x]==3.7 \\\n  --hash=${hash}\n`,
      'more.txt': './wheels/own-1.0-py3-none-any.whl\n',
      'limits.txt': 'numpy<2\n',
    }),
  ).toEqual({
    requirements: ['./wheels/own-1.0-py3-none-any.whl', `idna[x]==3.7 --hash=${hash}`],
    constraints: ['numpy<2'],
    indexes: ['https://wheels.example/cpu'],
    local: [],
  });
});

test.each([
  ['numpy\ntorch=2.0\n', '2:1', 'has a single ='],
  ['./packages/own\n', '1:1', 'is a folder'],
  ['.\n', '1:1', 'is a folder'],
  ['.[extra]\n', '1:1', 'is a folder'],
  ['own @ https://files.example/own-1.0.tar.gz\n', '1:1', 'is a source distribution'],
  ['vendor/own-1.0.zip ; python_version > "3"\n', '1:1', 'is a source distribution'],
  ['numpy\n\n-r missing.txt\n', '3:1', 'missing.txt cannot be read'],
])('%j is an error of its own', (text, place, message) => {
  expect(fault(() => described(project({ 'requirements.txt': text })))).toMatchObject({
    place,
    message: expect.stringContaining(message),
  });
});

test('a file in UTF-16 is told to be so', () => {
  const text = Buffer.from('\uFEFFnumpy\n', 'utf16le');
  expect(fault(() => described(project({ 'requirements.txt': text })))).toMatchObject({
    code: 'inputs/encoding',
    hint: expect.stringContaining('UTF-8'),
  });
});
