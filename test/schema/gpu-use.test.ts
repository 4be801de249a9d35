import { expect, test } from 'vitest';
import { findGpuUse } from '../../src/schema/gpu-use.ts';

const use = (files: Record<string, string>, entry = 'predict.py') =>
  findGpuUse([entry], path => (Object.hasOwn(files, path) ? files[path] : undefined));

test.each([
  ['model.to("cuda")', 'model.to("cuda")'],
  ["model.to(device='cuda:0')", "model.to(device='cuda:0')"],
  ['model = load().cuda()', 'load().cuda()'],
  ['device = "cuda" if torch.cuda.is_available() else "cpu"', '"cuda"'],
  ['device = torch.device(f"cuda:{rank}")', 'torch.device(f"cuda:{rank}")'],
  ['s = InferenceSession(p, providers=["CUDAExecutionProvider"])', undefined],
  ['with tf.device("/GPU:0"):\n  pass', 'tf.device("/GPU:0")'],
])('%s uses a GPU', async (text, told) => {
  const found = await use({ 'predict.py': `import torch\n\n${text}\n` });
  expect(found).toMatch(/^predict\.py, line 3: /);
  if (told !== undefined) expect(found).toBe(`predict.py, line 3: ${told}`);
});

test.each([
  'print(torch.cuda.is_available())',
  '# model.to("cuda")',
  '"""Runs on cuda."""',
  'print("cuda is a word")',
  'cuda = 3',
  'import torch.cuda',
])('%s does not', async text => {
  expect(await use({ 'predict.py': text })).toBeUndefined();
});

test('files of the project that are imported are read, wherever the import is, and each once', async () => {
  const files = {
    'app/predict.py': 'from .models import base as b, loader\nimport app.tools\n',
    'app/tools.py': 'import app.predict\n',
    'app/models/__init__.py': '',
    'app/models/base.py': 'from ..predict import x\n',
    'app/models/loader.py': 'def load():\n  from weights import (\n    get,\n  )\n',
    'weights.py': 'import os\nget = lambda m: m.cuda()\n',
    'unused.py': 'x.cuda()\n',
  };
  expect(await use(files, 'app/predict.py')).toBe('weights.py, line 2: m.cuda()');
  expect(await use({ ...files, 'weights.py': '' }, 'app/predict.py')).toBeUndefined();
});

test('what is no Python, or not there, says nothing', async () => {
  expect(await use({ 'predict.py': 'def (:\n' })).toBeUndefined();
  expect(await use({})).toBeUndefined();
});
