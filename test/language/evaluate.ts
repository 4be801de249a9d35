// Evaluates programs in tests.
import { CogpackError } from '../../src/base/error.ts';
import {
  type EvaluationOptions,
  evaluateSnippet,
  manifestJson,
  projectImporter,
} from '../../src/language/index.ts';

/** The JSON that a program gives, parsed. */
export function evaluate(code: string, options: Partial<EvaluationOptions> = {}): unknown {
  return JSON.parse(evaluateText(code, options));
}

/** The text that a program gives, as the command prints it. */
export function evaluateText(code: string, options: Partial<EvaluationOptions> = {}): string {
  const importer = projectImporter({ libraryPaths: [] });
  return manifestJson(evaluateSnippet({ importer, code, file: 'test.jsonnet', base: '/', ...options }));
}

/** The error that a program ends with. */
export function failureOf(code: string, options: Partial<EvaluationOptions> = {}): CogpackError {
  try {
    evaluateText(code, options);
  } catch (error) {
    if (error instanceof CogpackError) return error;
    throw error;
  }
  throw new Error(`this did not fail: ${code}`);
}
