// What is written after -i, against a model's schema.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseInputs } from '../../src/run/inputs.ts';
import { generateModelSchema } from '../../src/schema/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-inputs-'));
afterAll(() => rmSync(dir, { recursive: true }));

const source = `from cog import BasePredictor, Input, Path
class Predictor(BasePredictor):
    def predict(
        self,
        text: str,
        image: Path | None = None,
        count: int = 1,
        size: str = Input(default="1", choices=["1", "2"]),
        step: int = Input(default=1, choices=[1, 2]),
        words: list[str] = [],
    ) -> str: ...
`;
const made = await generateModelSchema({ predict: 'predict.py:Predictor', root: '', readFile: () => source });
const parse = (...pairs: string[]) => parseInputs(pairs, JSON.parse(JSON.stringify(made!.document)));

test('a value is what the schema asks for', () => {
  expect(parse('text=1', 'count=2', 'size=2', 'step=2', 'words=["a", "b"]')).toEqual({
    text: '1',
    count: 2,
    size: '2',
    step: 2,
    words: ['a', 'b'],
  });
  expect(parse('text=a=b')).toEqual({ text: 'a=b' });
});

test('a file is a data URL of its kind', () => {
  writeFileSync(join(dir, 'dot.PNG'), 'dot');
  writeFileSync(join(dir, 'other'), '');
  expect(parse('text=', `image=@${join(dir, 'dot.PNG')}`).image).toBe('data:image/png;base64,ZG90');
  expect(parse('text=', `image=@${join(dir, 'other')}`).image).toBe('data:application/octet-stream;base64,');
});

test('without a schema every name is taken, and values are JSON where they read so', () => {
  expect(parseInputs(['a=1', 'b=x', 'c={"d":null}'], null)).toEqual({ a: 1, b: 'x', c: { d: null } });
});

describe('is refused before the model is started:', () => {
  test.each([
    ['an unknown name', ['txt=a'], 'the model has no input txt', 'did you mean text?'],
    ['another', ['x=a'], 'no input x', 'it has text, image, count, size, step, words'],
    ['a property of all objects', ['toString=a'], 'no input toString', 'it has'],
    ['what is not there', ['count=1'], 'needs the input text', 'add -i text=…'],
    ['one name twice', ['text=a', 'text=b'], 'the input text is there twice', ''],
    ['no value', ['text'], 'an input is name=value; found "text"', '-i text=hello'],
    ['no name', ['=a'], 'an input is name=value', ''],
    ['a file that is not there', ['text=', 'image=@/nowhere/x.png'], 'x.png cannot be read', ''],
  ])('%s', (_, pairs, message, hint) => {
    expect(() => parse(...pairs)).toThrow(
      expect.objectContaining({ code: 'run/input', message: expect.stringContaining(message) }),
    );
    try {
      parse(...pairs);
    } catch (error) {
      expect((error as { hint?: string }).hint ?? '').toContain(hint);
    }
  });
});
