// Jsonnet as a library: evaluate a file or a text, look into its value, give it functions and values of the host.
export type { EvaluationOptions, ExternalArguments, Native } from './evaluate.ts';
export { evaluateFile, evaluateSnippet } from './evaluate.ts';
export * from './host.ts';
export { type Importer, projectImporter } from './importer.ts';
export { isInLibrary } from './location.ts';
export { typeOf, type Value } from './values.ts';
