import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRequirementsFile } from '../../src/lock/python/requirements-file.ts';

type Files = Readonly<Record<string, string>>;

function readFrom(files: Files, path = 'requirements.txt') {
  return readRequirementsFile(path, name => {
    const text = files[name];
    if (text === undefined) throw new Error(`no ${name}`);
    return text;
  });
}

const one = (text: string) => readFrom({ 'requirements.txt': text });

test('requirements are read without comments and empty lines, and joined over backslashes', () => {
  expect(
    one(
      '\uFEFF# models\n\nnumpy>=1.26 # fast\nscipy \\\n  >= 1.11, \\\n  < 2\r\npandas[excel]==2.0; python_version < "3.12"\nthing @ https://example.org/thing-1.0-py3-none-any.whl#sha256=00\n./wheels/own-1.0-py3-none-any.whl\nnumpy>=1.26\n',
    ),
  ).toEqual({
    requirements: [
      'numpy>=1.26',
      'scipy >= 1.11, < 2',
      'pandas[excel]==2.0; python_version < "3.12"',
      'thing @ https://example.org/thing-1.0-py3-none-any.whl#sha256=00',
      './wheels/own-1.0-py3-none-any.whl',
    ],
    constraints: [],
    indexes: [],
  });
});

test('hashes stay with their requirement', () => {
  const [a, b] = ['a', 'b'].map(digit => digit.repeat(64));
  expect(
    one(`--require-hashes\nnumpy==2.0 \\\n    --hash=sha256:${a} \\\n    --hash sha256:${b}\n`).requirements,
  ).toEqual([`numpy==2.0 --hash=sha256:${a} --hash=sha256:${b}`]);
});

test('other files are read by their place beside the one that names them', () => {
  const files = {
    'requirements.txt': '-r deps/base.txt\n--constraint=limits.txt\ntorch\n',
    'deps/base.txt': '-rmore.txt\n-c ../limits.txt\nnumpy\n',
    'deps/more.txt': 'scipy\n',
    'limits.txt': 'numpy<2\n-r deps/older.txt\n',
    'deps/older.txt': 'scipy<1.12\n',
  };
  expect(readFrom(files)).toEqual({
    requirements: ['scipy', 'numpy', 'torch'],
    constraints: ['numpy<2', 'scipy<1.12'],
    indexes: [],
  });
});

test('indexes are the extra ones, then the main one', () => {
  expect(
    one(
      '-i https://a.example/simple --trusted-host a.example\n--extra-index-url=https://b.example/whl\n--extra-index-url "https://c.example"\n',
    ).indexes,
  ).toEqual(['https://b.example/whl', 'https://c.example', 'https://a.example/simple']);
});

test.each([
  ['numpy\n-e .\n', '--editable cannot be honoured'],
  ['--find-links ./wheels\n', '--find-links cannot be honoured'],
  ['--no-binary :all:\n', '--no-binary cannot be honoured'],
  ['--pre\n', '--pre cannot be honoured'],
  ['--who-knows\n', '--who-knows cannot be honoured'],
  ['--pre#x\n', 'neither an option nor a requirement'],
  ['-r\n', '--requirement names nothing'],
  ['-r ../other.txt\n', '../other.txt is not in the project'],
  ['-r /etc/passwd\n', '/etc/passwd is not in the project'],
  ['-c https://ann:s3cret@example.org/c.txt\n', 'https://example.org/c.txt is not a file of the project'],
  [`x @ https://$\{TOKEN}@example.org/x.whl\n`, `$\{TOKEN} is a variable`],
  ['x --config-settings=a=b\n', '--config-settings=a=b cannot be honoured'],
  ['\n\n-r requirements.txt\n', 'the files name one another: requirements.txt → requirements.txt'],
])('%j is refused at its line', (text, message) => {
  expect(() => one(text)).toThrowError(
    expect.objectContaining({
      code: 'lock/requirements-file',
      message: expect.stringContaining(message),
      span: expect.objectContaining({ file: 'requirements.txt' }),
    }),
  );
});

test('all lines that are refused are told in one error, with their places', () => {
  const files = {
    'requirements.txt': 'numpy\n-e .\n-r more.txt\ngit+https://git.example/x\n',
    'more.txt': 'scipy\n./thing.tar.gz\n',
  };
  expect(() => readFrom(files)).toThrowError(
    expect.objectContaining({
      span: expect.objectContaining({ file: 'requirements.txt', line: 2 }),
      trace: [
        {
          what: expect.stringContaining('"./thing.tar.gz" is a source'),
          span: expect.objectContaining({ file: 'more.txt', line: 2 }),
        },
        {
          what: expect.stringContaining('is a repository'),
          span: expect.objectContaining({ file: 'requirements.txt', line: 4 }),
        },
      ],
    }),
  );
});

const askPip = `
import json, os, sys
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import parse_requirements
answers = []
session = PipSession()
for folder in json.load(sys.stdin):
    os.chdir(folder)
    try:
        found = list(parse_requirements("requirements.txt", session=session))
    except Exception:
        answers.append(None)
        continue
    answers.append({
        "requirements": [[each.requirement, (each.options or {}).get("hashes", {}).get("sha256", [])] for each in found if not each.constraint],
        "constraints": [each.requirement for each in found if each.constraint],
    })
print(json.dumps(answers))
`;
const hasPip = spawnSync('python3', ['-c', 'import pip._internal.req.req_file']).status === 0;

test.runIf(hasPip)('files are read as pip reads them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cogpack-requirements-'));
  try {
    const line = fc.constantFrom(
      'numpy',
      'scipy>=1.0,<2',
      'pandas [excel] == 2.0',
      'x; python_version < "3.12"',
      'y @ https://example.org/y-1.0-py3-none-any.whl#sha256=0',
      `z==1 --hash=sha256:${'0'.repeat(64)} --hash=sha256:${'1'.repeat(64)}`,
      `z==1 \\\n  --hash=sha256:${'2'.repeat(64)}`,
      '-r other.txt',
      '--requirement=deep/more.txt',
      '-c other.txt',
      '--extra-index-url https://a.example/simple',
      '--prefer-binary',
      '',
      '   ',
      '# comment',
      '# comment \\',
      '  # indented \\',
    );
    const end = fc.constantFrom('', ' ', ' # why', '#x', ' \\', '\\', '\t# \\');
    // Of several options on one line pip takes some and drops the others.
    const whole = (text: string, after: string) =>
      text.startsWith('-') && after.endsWith('\\') ? text : text + after;
    const file = (lines: fc.Arbitrary<string>) =>
      fc
        .array(
          fc.tuple(lines, end).map(([text, after]) => whole(text, after)),
          { maxLength: 6 },
        )
        .map(all => `${all.join('\n')}\n`);
    const plain = line.filter(text => !text.startsWith('-'));
    const project = fc.record({
      'requirements.txt': file(line),
      'other.txt': file(plain),
      'deep/more.txt': file(plain),
    });
    const samples = fc.sample(project, 300).flatMap(files => {
      try {
        return [{ files, mine: readFrom(files) }];
      } catch {
        // What is refused here has no answer to compare.
        return [];
      }
    });
    expect(samples.length).toBeGreaterThan(100);
    const folders = samples.map(({ files }, at) => {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, String(at), name)), { recursive: true });
        writeFileSync(join(folder, String(at), name), text);
      }
      return join(folder, String(at));
    });
    const answers = JSON.parse(
      execFileSync('python3', ['-c', askPip], { input: JSON.stringify(folders), encoding: 'utf8' }),
    );
    const plainText = (text: string) => text.replace(/\s+/g, '');
    samples.forEach(({ files, mine }, at) => {
      const theirs = answers[at];
      if (theirs === null) return;
      const requirements = theirs.requirements.map(([text, hashes]: [string, string[]]) =>
        plainText(`${text}${hashes.map(hash => `--hash=sha256:${hash}`).join('')}`),
      );
      expect({ files, found: [...new Set(mine.requirements.map(plainText))] }).toEqual({
        files,
        found: [...new Set(requirements)],
      });
      expect(mine.constraints.map(text => plainText(text.replace(/\s--hash.*/, '')))).toEqual(
        expect.arrayContaining([...new Set(theirs.constraints.map(plainText))]),
      );
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
