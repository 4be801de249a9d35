// Requirements files of well-known model repositories, as they are, locked for Python 3.11 on linux/amd64 from the
// machine's own index: each is locked, or refused with what a person would have to change.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cogpack } from '../support/cli.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-requirements-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const description =
  "(import 'cogpack').model { requirements: 'requirements.txt', source: { path: 'requirements.txt' } }\n";

function lock(name: string) {
  const project = mkdtempSync(join(dir, `${name}-`));
  copyFileSync(join(import.meta.dirname, 'requirements', `${name}.txt`), join(project, 'requirements.txt'));
  writeFileSync(join(project, 'cogpack.jsonnet'), description);
  const args = ['lock', join(project, 'cogpack.jsonnet'), '--store', join(dir, 'store')];
  return cogpack(args).then(result => ({ ...result, project }));
}

test.each([
  ['codeformer', 25],
  ['comfyui', 60],
  ['faster-whisper', 15],
  ['openai-whisper', 20],
  ['yolov5', 40],
])('%s is locked', async (name, least) => {
  const { code, stderr, project } = await lock(name);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const { answers } = JSON.parse(readFileSync(join(project, 'cogpack.lock'), 'utf8')) as {
    answers: { request: { kind: string }; answer: { packages: { name: string }[] } }[];
  };
  const python = answers.find(({ request }) => request.kind === 'python')!;
  expect(python.answer.packages.length).toBeGreaterThanOrEqual(least);
});

// The packages that have no wheel for it, each with the versions that do.
test.each([
  ['audiocraft', ['av: from 12.0.0 to ', 'encodec: no version has one', 'pesq: no version has one']],
  ['blip', ['fairscale: no version has one', 'tokenizers: from 0.13.2 to ']],
  ['coqui-tts', ['umap-learn: from 0.5.6 to ', 'gruut: no version has one', 'jieba: no version has one']],
  ['llama', ['fairscale: no version has one']],
  ['real-esrgan', ['basicsr: from 1.3.1 to 1.3.3.3']],
])('%s wants packages that have no wheel, and all are named', async (name, lines) => {
  const { code, stderr } = await lock(name);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error\[lock\/no-wheel\]: there is no wheel for the image's Python and platform/);
  expect(stderr.split('\n').map(line => line.trim())).toEqual(
    expect.arrayContaining(lines.map(line => expect.stringContaining(line))),
  );
  expect(stderr).toContain('help: ask for a version that has wheels, or build one (pip wheel)');
});

test.each([
  ['generative-models', 'requirements.txt:4:1', 'is a repository', 'build a wheel of it (pip wheel)'],
  ['stablediffusion', 'requirements.txt:17:1', '--editable cannot be honoured', 'take it out'],
])('%s has a line that needs a build, and it is shown', async (name, place, what, cure) => {
  const { code, stderr } = await lock(name);
  expect(code).toBe(1);
  for (const part of [place, what, cure]) expect(stderr).toContain(part);
});
