// The predictors of fixtures/, each a project of its own, by what cog.yaml would say of it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadFile } from '../../src/schema/index.ts';

export type Fixture = { readonly predict?: string; readonly train?: string };

const predictor: Fixture = { predict: 'predict.py:Predictor' };
const runner: Fixture = { predict: 'run.py:Runner' };

export const fixtures: Readonly<Record<string, Fixture>> = {
  async: { predict: 'predict.py:Runner' },
  'async-concatenate': predictor,
  choices: predictor,
  constants: predictor,
  decorated: predictor,
  defaults: predictor,
  function: { predict: 'predict.py:predict' },
  'future-annotations': predictor,
  hello: predictor,
  inherited: predictor,
  'input-facts': predictor,
  lists: predictor,
  'many-inputs': predictor,
  'model-output': predictor,
  opaque: predictor,
  optionals: predictor,
  'other-files': predictor,
  'output-any': predictor,
  'output-bare-list': predictor,
  'output-concatenate': predictor,
  'output-dict': predictor,
  'output-iterator': predictor,
  'output-iterator-path': predictor,
  'output-list': predictor,
  'output-path': predictor,
  'output-pathlib': predictor,
  package: { predict: 'app/predict.py:Predictor' },
  'plain-class': { predict: 'model.py:Model' },
  'predict-and-train': { predict: 'predict.py:Predictor', train: 'train.py:train' },
  primitives: predictor,
  'pydantic-output': predictor,
  'recursive-output': predictor,
  'renamed-imports': predictor,
  runner,
  'shared-inputs': predictor,
  streaming: runner,
  train: { train: 'train.py:train' },
  'train-class': { train: 'trainer.py:Trainer' },
  'typed-dict': predictor,
  unicode: predictor,
  unions: predictor,
};

export const fixturesFolder = join(import.meta.dirname, 'fixtures');
export const goldenFolder = join(import.meta.dirname, '../../golden/schema');

/** Reads the files of a folder. */
export function readerOf(folder: string): ReadFile {
  return path => {
    const file = join(folder, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  };
}

/** Reads from a record of files. */
export function filesReader(files: Readonly<Record<string, string>>): ReadFile {
  return path => (Object.hasOwn(files, path) ? files[path] : undefined);
}
