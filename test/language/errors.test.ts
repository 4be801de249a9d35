// Wrong descriptions, and what is said of them: golden/errors has each with its message. COGPACK_GOLDEN=update writes
// them anew.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CogpackError } from '../../src/base/error.ts';
import { evaluateDescription } from '../../src/description/evaluate.ts';
import { renderError } from '../../src/language/render.ts';
import { repository } from '../support/cli.ts';

const top = mkdtempSync(join(tmpdir(), 'cogpack-errors-'));
const folder = join(top, 'project');
const files: Readonly<Record<string, string>> = {
  'requirements.txt': 'scikit-learn==1.7.1\n',
  'predict.py': 'class Predictor:\n    pass\n',
  '../outside.libsonnet': '{}\n',
  'lib/base.libsonnet': "{\n  name: 'base',\n  port: self.prot,\n}\n",
  'lib/broken.libsonnet': '{\n  a: 1\n  b: 2,\n}\n',
};
beforeAll(() => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

const model = (fields: string): string => `local cog = import 'cogpack';\n\ncog.model {\n${fields}}\n`;
const basics = "  python: '3.11',\n  requirements: 'requirements.txt',\n  predict: 'predict.py:Predictor',\n";

/** A description, and the line of it (or the file and line) that its message must name. */
const wrong: Readonly<Record<string, readonly [code: string, line: number | string]>> = {
  'typo-in-field': [model(`${basics}  apts: ['ffmpeg'],\n`), 7],
  'typo-in-block': [model("  pyhton: '3.11',\n  predict: 'predict.py:Predictor',\n"), 4],
  'wrong-type-of-list': [model(`${basics}  apt: 'ffmpeg',\n`), 7],
  'wrong-type-in-list': [model(`${basics}  apt: ['ffmpeg', 5],\n`), 7],
  'wrong-type-of-number': [model(`${basics}  concurrency: { max: '4' },\n`), 7],
  'number-for-python': [model("  python: 3.11,\n  predict: 'predict.py:Predictor',\n"), 4],
  'unknown-python': [model("  python: '2.7',\n  predict: 'predict.py:Predictor',\n"), 4],
  'path-outside': [
    model("  python: '3.11',\n  requirements: '../requirements.txt',\n  predict: 'predict.py:Predictor',\n"),
    5,
  ],
  'missing-predictor': [
    model("  python: '3.11',\n  requirements: 'requirements.txt',\n  predict: 'predict.py',\n"),
    6,
  ],
  'not-a-model': ["local cog = import 'cogpack';\n{ model: 1 }\n", 2],
  'derivation-as-text': [
    "local cog = import 'cogpack';\n{\n  local source = cog.source('.'),\n  name:: 'built from ' + source,\n  image: self.name,\n}\n",
    4,
  ],
  'typo-in-library': ["local cog = import 'cogpack';\n\ncog.modle { python: '3.11' }\n", 3],
  'cycle-of-fields': [
    "local cog = import 'cogpack';\n{\n  name:: self.title,\n  title:: self.name,\n  model: cog.model { python: $.name },\n}\n",
    4,
  ],
  'own-value': [
    "local version = version + '.1';\nlocal cog = import 'cogpack';\ncog.model { python: version }\n",
    1,
  ],
  'endless-recursion': ["local tag(n) = 'v' + tag(n + 1);\n{ name: tag(1) }\n", 1],
  'unknown-variable': [
    "local requirement = 'requirements.txt';\nlocal cog = import 'cogpack';\ncog.model { requirements: requirements }\n",
    3,
  ],
  'unknown-std': ["{ name: std.toUpper('a') }\n", 1],
  'near-std': ["{ name: std.startWith('a', 'b') }\n", 1],
  'missing-comma': ["{\n  python: '3.11'\n  gpu: true,\n}\n", 3],
  'several-parse-errors': ["{\n  python: '3.11,\n  apt: ['a' 'b'],\n  gpu true,\n}\n", 3],
  'unclosed-string': ["{\n  name: 'a,\n  title: 'b',\n}\n", 3],
  'unclosed-brace': ["local cog = import 'cogpack';\ncog.model {\n  python: '3.11',\n", 4],
  'unclosed-text-block': ['{\n  run: |||\n    pip install\n}\n', 2],
  'bad-escape': ["{ path: 'C:\\data' }\n", 1],
  'import-not-there': ["local base = import 'lib/bsae.libsonnet';\nbase\n", 1],
  'import-outside': ["local base = import '../outside.libsonnet';\nbase\n", 1],
  'error-in-import': [
    "local base = import 'lib/base.libsonnet';\n{ port: base.port }\n",
    'lib/base.libsonnet:3',
  ],
  'parse-error-in-import': ["local base = import 'lib/broken.libsonnet';\nbase\n", 'lib/broken.libsonnet:3'],
  'import-of-itself': ["(import 'cogpack.jsonnet') { gpu: true }\n", 1],
  'assert-of-user': [
    "{\n  replicas:: 0,\n  assert self.replicas > 0 : 'replicas must be positive, found ' + self.replicas,\n  name: 'a',\n}\n",
    3,
  ],
  'error-of-user': [
    "local check(name) = if std.length(name) > 3 then name else error 'the name ' + name + ' is too short';\n{ name: check('ab') }\n",
    1,
  ],
  'wrong-arguments': [
    "local tag(name, version) = name + ':' + version;\n{ name: tag('a', verison='1') }\n",
    2,
  ],
  'missing-argument': ["local tag(name, version) = name + ':' + version;\n{ name: tag('a') }\n", 2],
  'call-of-string': ["local name = 'a';\n{ name: name() }\n", 2],
  'object-plus-number': ['{ a: { x: 1 } + 5 }\n', 1],
  'index-out-of-bounds': ["local names = ['a', 'b'];\n{ name: names[2] }\n", 2],
  'string-and-number': ["{ port: '80' * 2 }\n", 1],
  'missing-top-level-argument': ['function(version) { name: version }\n', 1],
  'field-twice': ["{\n  python: '3.11',\n  gpu: true,\n  python: '3.12',\n}\n", 4],
  'field-of-null': ['local settings = { gpu: null };\n{ cuda: settings.gpu.cuda }\n', 2],
};

async function messageOf(code: string): Promise<{ error: CogpackError; text: string }> {
  const file = join(folder, 'cogpack.jsonnet');
  writeFileSync(file, code);
  const inFolder = (text: string) => text.replaceAll(`${folder}/`, '').replaceAll(`${top}/`, '../');
  try {
    await evaluateDescription({
      file,
      answers: new Map(),
      topLevelArguments: {},
      cacheDir: join(folder, '.cache'),
    });
  } catch (error) {
    if (!(error instanceof CogpackError)) throw error;
    const readSource = (name: string): string | undefined => {
      const path = inFolder(name);
      return path === 'cogpack.jsonnet' ? code : files[path];
    };
    return { error, text: inFolder(renderError(error, { readSource, colour: false })) };
  }
  throw new Error(`nothing is wrong with:\n${code}`);
}

describe('wrong descriptions', () => {
  test.each(Object.entries(wrong))('%s', async (name, [code, line]) => {
    const { error, text } = await messageOf(code);
    const golden = join(repository, 'golden/errors', `${name}.txt`);
    const whole = `${code}\n${'-'.repeat(80)}\n${text}\n`;
    if (process.env.COGPACK_GOLDEN === 'update') {
      mkdirSync(dirname(golden), { recursive: true });
      writeFileSync(golden, whole);
    }
    expect(whole).toBe(readFileSync(golden, 'utf8'));
    const place = typeof line === 'number' ? `cogpack.jsonnet:${line}` : line;
    expect(`${error.span?.file}:${error.span?.line}`.replace(`${folder}/`, '')).toBe(place);
    expect(error.hint ?? error.message, 'what to do next').not.toBe('');
  });

  test('there are thirty or more, each with a hint or a message of the user', () => {
    expect(Object.keys(wrong).length).toBeGreaterThanOrEqual(30);
  });
});
