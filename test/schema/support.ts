// Short forms for tests: the document of a few lines of Python, and the error that they give.
import { CogpackError } from '../../src/base/error.ts';
import { generateSchema, type JsonObject, type Mode } from '../../src/schema/index.ts';
import { filesReader } from './fixtures.ts';

export type Files = Readonly<Record<string, string>>;

type Schemas = { readonly Input: Property; readonly Output: Property; readonly [name: string]: Property };
export type Property = {
  readonly properties: Record<string, JsonObject>;
  readonly required?: string[];
} & Record<string, unknown>;

/** The component schemas of predict.py:Predictor, or of another reference. */
export async function schemasOf(
  files: Files | string,
  reference = 'predict.py:Predictor',
  mode: Mode = 'predict',
): Promise<Schemas> {
  const all = typeof files === 'string' ? { 'predict.py': files } : files;
  const document = await generateSchema({ root: '', reference, mode, readFile: filesReader(all) });
  return (document.components as unknown as { schemas: Schemas }).schemas;
}

/** The error that a project gives. */
export async function errorOf(files: Files | string, reference?: string, mode?: Mode): Promise<CogpackError> {
  try {
    await schemasOf(files, reference, mode);
  } catch (error) {
    if (error instanceof CogpackError) return error;
    throw error;
  }
  throw new Error('no error');
}

/** A predictor with these parameters, after these lines. */
export function predictor(parameters: string, before = '', output = 'str'): string {
  return [
    'from typing import *',
    'from cog import *',
    before,
    'class Predictor(BasePredictor):',
    `    def predict(self, ${parameters}) -> ${output}:`,
    '        raise NotImplementedError',
    '',
  ].join('\n');
}
