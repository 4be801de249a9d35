// What cog's own generator refuses or leaves out, and the source tells: it is in the schema (docs/schema.md lists it).
import { expect, test } from 'vitest';
import { generateModelSchema } from '../../src/schema/index.ts';
import { filesReader } from './fixtures.ts';
import { errorOf, predictor, schemasOf } from './support.ts';

async function inputsOf(parameters: string, before = '') {
  return (await schemasOf(predictor(parameters, before))).Input.properties;
}

test('bounds are worked out: constants, arithmetic, floats without digits after the point', async () => {
  const { a, b } = await inputsOf(
    'a: int = Input(ge=LOW, le=2**32 - 1), b: float = Input(ge=0., le=LOW / 4)',
    'LOW = -6',
  );
  expect(a).toMatchObject({ minimum: -6, maximum: 4294967295 });
  expect(b).toMatchObject({ minimum: 0, maximum: -1.5 });
});

test('texts are what Python reads: escapes, parts side by side, f-strings of constants', async () => {
  const { a, b, c } = await inputsOf(
    String.raw`a: str = Input(description="one\ntwo " 'th\u0072ee'), b: str = Input(description=f"up to {N}"), c: str = Input(regex="\\d+\.x")`,
    'N = 4',
  );
  expect(a).toMatchObject({ description: 'one\ntwo three' });
  expect(b).toMatchObject({ description: 'up to 4' });
  expect(c).toMatchObject({ pattern: String.raw`\d+\.x` });
});

test('a default stands first in Input without its name', async () => {
  expect((await inputsOf('a: int = Input(5, ge=1)')).a).toMatchObject({ default: 5, minimum: 1 });
});

test('constants come from other files, classes and enums', async () => {
  const schemas = await schemasOf({
    'predict.py': predictor(
      'a: int = Input(default=settings.STEPS), b: str = Input(choices=NAMES + [Config.extra]), c: str = Colour.RED.value',
      [
        'import settings',
        'from settings import NAMES',
        'class Config:',
        '    extra = "more"',
        'class Colour:',
        '    pass',
        'from enum import Enum',
        'class Colour(Enum):',
        '    RED = "red"',
      ].join('\n'),
    ),
    'settings.py': 'STEPS = 5 * 4\nNAMES = ["x", "y"]\n',
  });
  expect(schemas.Input.properties).toMatchObject({ a: { default: 20 }, c: { default: 'red' } });
  expect(schemas.b).toMatchObject({ enum: ['x', 'y', 'more'], type: 'string' });
});

test('lists of choices come from enums, comprehensions, sorted() and tuples', async () => {
  const schemas = await schemasOf(
    predictor(
      'a: str = Input(choices=[c.value for c in Colour]), b: str = Input(choices=list(Colour)), c: str = Input(choices=sorted(SIZES)), d: int = Input(choices=(1, 2)), e: str = Input(choices=list(SIZES))',
      'from enum import Enum\nclass Colour(str, Enum):\n    RED = "red"\n    BLUE = "blue"\nSIZES = {"s": 1, "l": 2}',
    ),
  );
  expect([schemas.a, schemas.b, schemas.c, schemas.d, schemas.e].map(one => one?.enum)).toEqual([
    ['red', 'blue'],
    ['red', 'blue'],
    ['l', 's'],
    [1, 2],
    ['s', 'l'],
  ]);
});

test('Literal and enums of text or integers are choices', async () => {
  const schemas = await schemasOf(
    predictor(
      'a: Literal["x", "y"] = "x", b: Optional[Literal[1, 2]] = None, c: Colour = Colour.RED, d: list[Colour] = [Colour.RED], e: Level = Level.HIGH, f: Literal["auto"] | int = 3',
      'from enum import StrEnum, IntEnum, auto\nclass Colour(StrEnum):\n    RED = auto()\nclass Level(IntEnum):\n    LOW = auto()\n    HIGH = auto()',
    ),
  );
  expect(schemas.a).toEqual({ title: 'a', description: 'An enumeration.', enum: ['x', 'y'], type: 'string' });
  expect(schemas.b).toMatchObject({ enum: [1, 2], type: 'integer' });
  expect(schemas.c).toMatchObject({ enum: ['red'] });
  expect(schemas.e).toMatchObject({ enum: [1, 2] });
  expect(schemas.Input.properties).toMatchObject({
    a: { allOf: [{ $ref: '#/components/schemas/a' }], default: 'x' },
    b: { nullable: true, default: null },
    c: { default: 'red' },
    d: { type: 'array', items: { type: 'string', enum: ['red'] }, default: ['red'] },
    e: { default: 2 },
    f: { anyOf: [{ type: 'string', enum: ['auto'] }, { type: 'integer' }], default: 3 },
  });
});

test('outputs are dataclasses, enums, and models that inherit from models', async () => {
  const { Output } = await schemasOf(
    predictor(
      'a: str',
      [
        'from dataclasses import dataclass',
        'from enum import Enum',
        'class Colour(Enum):',
        '    RED = "red"',
        '@dataclass(frozen=True)',
        'class Point:',
        '    x: int',
        '    y: int = 0',
        '    dimensions: ClassVar[int] = 2',
        'class Base(BaseModel):',
        '    where: Point',
        'class Result(Base):',
        '    colour: Colour',
      ].join('\n'),
      'list[Result]',
    ),
  );
  expect(Output.items).toEqual({
    type: 'object',
    properties: {
      where: {
        type: 'object',
        title: 'Where',
        properties: { x: { type: 'integer', title: 'X' }, y: { type: 'integer', title: 'Y' } },
        required: ['x'],
      },
      colour: { type: 'string', enum: ['red'], title: 'Colour' },
    },
    required: ['where', 'colour'],
  });
});

test('names of types may be given anew, quoted, imported under if and try, and from packages', async () => {
  const schemas = await schemasOf({
    'predict.py': predictor(
      'a: Names, b: "Optional[Names]", c: t.List[int], d: P, e: tuple_of.Options',
      [
        'import typing as t',
        'Names = list[str]',
        'try:',
        '    from cog import Path as P',
        'except ImportError:',
        '    from pathlib import Path as P',
        'if TYPE_CHECKING:',
        '    from package import tuple_of',
      ].join('\n'),
    ),
    'package/__init__.py': '',
    'package/tuple_of.py': 'import typing\nclass Options(typing.TypedDict):\n    x: int\n',
  });
  expect(schemas.Input.properties).toMatchObject({
    a: { type: 'array', items: { type: 'string' } },
    b: { type: 'array', nullable: true },
    c: { type: 'array', items: { type: 'integer' } },
    d: { format: 'uri' },
    e: { type: 'object' },
  });
});

test('Input may come from a function that is given its bounds, or from a constant', async () => {
  const { a, b } = await inputsOf(
    'a: int = steps(40), b: str = PROMPT',
    'def steps(most, default: int = 10):\n    """Steps."""\n    return Input(default=default, ge=1, le=most)\nPROMPT = Input(description="What")',
  );
  expect(a).toMatchObject({ default: 10, minimum: 1, maximum: 40 });
  expect(b).toMatchObject({ description: 'What' });
});

test('the class may come from another file, and be named anew', async () => {
  const schemas = await schemasOf({
    'predict.py': 'from model import Model\nPredictor = Model\n',
    'model.py': 'class Model:\n    def run(self, n: int) -> int: ...\n',
  });
  expect(schemas.Input.properties).toMatchObject({ n: { type: 'integer' } });
});

test('choices of predictions and trainings that share a name must be equal', async () => {
  const files = (second: string) => ({
    'predict.py': predictor('style: str = Input(choices=["a", "b"])'),
    'train.py': `from cog import Input\ndef train(style: str = Input(choices=["a", "${second}"])) -> str: ...\n`,
  });
  const make = (second: string) =>
    generateModelSchema({
      root: '',
      predict: 'predict.py:Predictor',
      train: 'train.py:train',
      readFile: filesReader(files(second)),
    });
  await expect(make('c')).rejects.toMatchObject({ code: 'schema/component' });
  expect((await make('b'))?.document.paths).toHaveProperty('/trainings');
});

test('what is asked of the concurrency of a model is told beside its document', async () => {
  const made = await generateModelSchema({
    root: '',
    predict: 'run.py:Runner',
    readFile: filesReader({
      'run.py':
        'from cog import *\nclass Runner:\n    @concurrent(max=2 * 4)\n    async def run(self) -> str: ...\n',
    }),
  });
  expect(made).toMatchObject({ concurrency: 8, isAsync: true });
});

test('the document names the version of cog that serves it', async () => {
  const files = { 'predict.py': predictor('a: str') };
  const made = await generateModelSchema({
    root: '',
    predict: 'predict.py:Predictor',
    version: '0.22.0',
    readFile: filesReader(files),
  });
  expect(made?.document.info).toEqual({ title: 'Cog', version: '0.22.0' });
});

test('only files inside the project are asked for', async () => {
  const asked: string[] = [];
  const files: Record<string, string> = { 'a/predict.py': predictor('a: x.Y', 'from ... import x') };
  const { generateSchema } = await import('../../src/schema/index.ts');
  const made = generateSchema({
    root: '',
    reference: 'a/predict.py:Predictor',
    mode: 'predict',
    readFile: path => {
      asked.push(path);
      return files[path];
    },
  });
  await expect(made).rejects.toMatchObject({ code: 'schema/import' });
  expect(asked.every(path => !path.startsWith('/') && !path.split('/').includes('..'))).toBe(true);
  expect((await errorOf(predictor('a: x.Y', 'from . import x'))).code).toBe('schema/import');
});
