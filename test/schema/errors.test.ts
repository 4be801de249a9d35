import { describe, expect, test } from 'vitest';
import { errorOf, type Files, predictor } from './support.ts';

type Case = {
  readonly code: string;
  readonly at?: string;
  readonly files: Files | string;
  readonly says: RegExp;
};

const cases: Readonly<Record<string, Case>> = {
  'a default that the environment gives': {
    code: 'schema/value',
    at: 'os.environ',
    files: predictor('a: str = Input(default=os.environ["A"])', 'import os'),
    says: /os, which is not in the project/,
  },
  'a default that a call gives': {
    code: 'schema/value',
    at: 'make()',
    files: predictor('a: str = make()', 'def make():\n    x = 1\n    return x'),
    says: /only known when the code runs/,
  },
  'a list of choices that is changed': {
    code: 'schema/value',
    at: 'STYLES',
    files: predictor('a: str = Input(choices=STYLES)', 'STYLES = ["a"]\nSTYLES.append("b")'),
    says: /is changed when the code runs \(predict.py:4\)/,
  },
  'a constant that a loop changes': {
    code: 'schema/value',
    files: predictor('a: int = N', 'N = 0\nfor i in range(3):\n    N += i'),
    says: /is changed when the code runs/,
  },
  'a constant with two outcomes': {
    code: 'schema/value',
    files: predictor('a: int = N', 'N = 1\nif print():\n    N = 2'),
    says: /is changed when the code runs/,
  },
  'a constant that a function declares global': {
    code: 'schema/value',
    files: predictor('a: int = N', 'N = 1\ndef f():\n    global N\n    N = 2'),
    says: /is changed when the code runs/,
  },
  'constants that are defined by each other': {
    code: 'schema/value',
    files: predictor('a: int = A', 'A = B + 1\nB = A + 1'),
    says: /is defined by itself/,
  },
  'a type that is defined by itself': {
    code: 'schema/annotation',
    files: predictor('a: A', 'A = list[A]'),
    says: /is defined by itself/,
  },
  'an integer that JSON readers would round': {
    code: 'schema/value',
    files: predictor('a: int = 2**53'),
    says: /beyond 2\^53/,
  },
  'a default that is not a number of JSON': {
    code: 'schema/value',
    files: predictor('a: float = 1e999'),
    says: /is not a number that JSON has/,
  },
  'a type of a package': {
    code: 'schema/type',
    at: 'np.ndarray',
    files: predictor('a: str', 'import numpy as np', 'np.ndarray'),
    says: /comes from numpy/,
  },
  'a type that nothing defines': {
    code: 'schema/name',
    at: 'Gone',
    files: predictor('a: Gone'),
    says: /nothing defines Gone/,
  },
  'a class that describes nothing': {
    code: 'schema/type',
    files: predictor('a: str', 'class Thing:\n    x: int', 'Thing'),
    says: /no BaseModel, TypedDict, dataclass or enum/,
  },
  'a BaseModel as an input': {
    code: 'schema/type',
    files: predictor('a: Thing', 'class Thing(BaseModel):\n    x: int'),
    says: /cannot be the type of an input/,
  },
  'an enum that is no string as an input': {
    code: 'schema/type',
    files: predictor('a: Colour', 'from enum import Enum\nclass Colour(Enum):\n    RED = "red"'),
    says: /cannot be the type of an input/,
  },
  'a list of lists as an input': {
    code: 'schema/type',
    at: 'list[int]',
    files: predictor('a: list[list[int]]'),
    says: /cannot be the type of an input/,
  },
  'a list of anything as an input': {
    code: 'schema/type',
    files: predictor('a: list'),
    says: /cannot be the type of an input/,
  },
  'a file as one of several types': {
    code: 'schema/type',
    at: 'Path',
    files: predictor('a: Path | str'),
    says: /Path cannot be one of several types/,
  },
  'bounds on several types': {
    code: 'schema/input',
    files: predictor('a: int | str = Input(ge=1)'),
    says: /can have no bounds/,
  },
  'accept on what is no file': {
    code: 'schema/input',
    files: predictor('a: str = Input(accept="image/*")'),
    says: /is no file/,
  },
  default_factory: {
    code: 'schema/input',
    at: 'default_factory=list',
    files: predictor('a: list[int] = Input(default_factory=list)'),
    says: /cannot be given default_factory/,
  },
  'an argument that Input does not have': {
    code: 'schema/input',
    files: predictor('a: int = Input(gt=1)'),
    says: /cannot be given gt=1/,
  },
  'a bound that is text': {
    code: 'schema/input',
    at: '"1"',
    files: predictor('a: int = Input(ge="1")'),
    says: /expected a finite number/,
  },
  'a parameter without a type': {
    code: 'schema/input',
    at: 'a',
    files: predictor('a'),
    says: /the input a has no type/,
  },
  'a parameter without a type but with a default': {
    code: 'schema/input',
    files: predictor('a=1'),
    says: /the input a has no type/,
  },
  '*args': { code: 'schema/input', files: predictor('*args: str'), says: /no name/ },
  '**kwargs': { code: 'schema/input', files: predictor('**kwargs'), says: /no name/ },
  'an optional output': {
    code: 'schema/output',
    at: 'str | None',
    files: predictor('a: str', '', 'str | None'),
    says: /an output cannot be str \| None/,
  },
  'an output of several types': {
    code: 'schema/output',
    files: predictor('a: str', '', 'Union[int, str]'),
    says: /an output cannot be/,
  },
  'no output': { code: 'schema/output', at: 'None', files: predictor('a: str', '', 'None'), says: /None/ },
  'an output that is not said': {
    code: 'schema/output',
    at: 'predict',
    files: 'def predict(a: str):\n    return a\nclass Predictor:\n    def predict(self): pass\n',
    says: /does not say what it gives back/,
  },
  'an iterator of what is concatenated but is no text': {
    code: 'schema/output',
    at: 'int',
    files: predictor('a: str', '', 'ConcatenateIterator[int]'),
    says: /can only be of str/,
  },
  'an iterator of unsaid items': {
    code: 'schema/annotation',
    files: predictor('a: str', '', 'Iterator'),
    says: /does not say of what/,
  },
  'a stream that is no iterator': {
    code: 'schema/output',
    files: 'import cog\nclass Predictor:\n    @cog.streaming\n    def run(self) -> str: ...\n',
    says: /only an iterator/,
  },
  'concurrency without async': {
    code: 'schema/callable',
    at: 'run',
    files: 'import cog\nclass Predictor:\n    @cog.concurrent(max=2)\n    def run(self) -> str: ...\n',
    says: /2 predictions at one time, but is not async/,
  },
  'run and predict': {
    code: 'schema/callable',
    at: 'Predictor',
    files: 'class Predictor:\n    def run(self) -> str: ...\n    def predict(self) -> str: ...\n',
    says: /has run\(\) and predict\(\)/,
  },
  'a class without either': {
    code: 'schema/callable',
    at: 'Predictor',
    files: 'class Predictor:\n    pass\n',
    says: /has no method run/,
  },
  'a class that is not there': {
    code: 'schema/not-found',
    files: 'class Other:\n    pass\n',
    says: /predict.py has no Predictor/,
  },
  'a file that is not there': { code: 'schema/file', files: {}, says: /predict.py is not in the project/ },
  'a name that an imported file does not have': {
    code: 'schema/import',
    at: 'Gone',
    files: { 'predict.py': predictor('a: Gone', 'from other import Gone'), 'other.py': 'x = 1\n' },
    says: /other has no Gone/,
  },
  'an import from above the project': {
    code: 'schema/import',
    files: predictor('a: Gone', 'from ..other import Gone'),
    says: /imports from above the project/,
  },
  'a file that is not Python': {
    code: 'schema/syntax',
    files: 'class Predictor(:\n    pass\n',
    says: /is not Python/,
  },
  'a quoted annotation that is no type': {
    code: 'schema/annotation',
    at: '"a b"',
    files: predictor('a: "a b"'),
    says: /does not quote a type/,
  },
  'choices of several kinds': {
    code: 'schema/type',
    files: predictor('a: Literal["a", 1]'),
    says: /not all strings or all integers/,
  },
  'choices that clash with a component': {
    code: 'schema/component',
    files: predictor('Status: str = Input(choices=["a", "b"])'),
    says: /a component that is already there/,
  },
};

describe('what the source does not tell is an error at its place, with a hint', () => {
  test.each(Object.entries(cases))('%s', async (_, { code, at, files, says }) => {
    const error = await errorOf(files);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(says);
    expect(error.hint).toBeTruthy();
    if (at === undefined) return;
    const text = typeof files === 'string' ? files : files['predict.py']!;
    const { line, column, endColumn } = error.span!;
    expect(text.split('\n')[line - 1]!.slice(column - 1, endColumn - 1)).toBe(at);
  });
});

test.each([
  'predict.py',
  'predict:Predictor',
  '../predict.py:Predictor',
  '/predict.py:Predictor',
  'a//b.py:P',
  '',
])('the reference %j is refused', async reference => {
  expect((await errorOf({}, reference)).code).toBe('schema/reference');
});

test('an error names the file by the folder of the project', async () => {
  const { generateSchema } = await import('../../src/schema/index.ts');
  const made = generateSchema({
    root: 'models/one',
    reference: 'app/predict.py:Predictor',
    mode: 'predict',
    readFile: path => (path === 'app/predict.py' ? predictor('a: Gone') : undefined),
  });
  await expect(made).rejects.toMatchObject({ span: { file: 'models/one/app/predict.py', line: 5 } });
});
