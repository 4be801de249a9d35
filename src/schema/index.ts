// The schema of a model: the OpenAPI document that its server gives at /openapi.json, made from the Python source alone,
// as `cog build` makes it. The server itself makes none: it serves the file .cog/openapi_schema.json of its working
// directory, and checks every request against it.

import { findCallable, type Mode } from './callable.ts';
import { failure } from './failure.ts';
import { readInputs } from './inputs.ts';
import { type JsonObject, outputSchema } from './json-schema.ts';
import { mergeDocuments, openApi } from './openapi.ts';
import { openProject, type Project, type ReadFile } from './project.ts';
import { childOf, loadPython, partOf } from './tree.ts';
import { typeOf } from './types.ts';

export type { Mode } from './callable.ts';
export { findGpuUse } from './gpu-use.ts';
export type { JsonObject } from './json-schema.ts';
export type { ReadFile } from './project.ts';

/** The version of cog whose documents these are; a document names one. */
export const cogVersion = '0.23.1';

/** Where the server reads the document, relative to its working directory. */
export const schemaPath = '.cog/openapi_schema.json';

type Source = {
  /** The project's folder as errors are to name it; '' for names relative to it. Nothing else depends on it. */
  readonly root: string;
  /** The text of a project's file by its path from the root, with `/`; undefined if it is not there. */
  readonly readFile: ReadFile;
  /** The version of cog in the image, for the document's `info.version`; the newest one known if left out. */
  readonly version?: string;
};

export type SchemaRequest = Source & { readonly reference: string; readonly mode: Mode };

export type ModelSchemaRequest = Source & {
  readonly predict?: string | undefined;
  readonly train?: string | undefined;
  /** Predictions at one time, as the description says; it counts before what the source says. */
  readonly concurrency?: number | undefined;
};

export type ModelSchema = {
  readonly document: JsonObject;
  /** Predictions at one time: as was asked for, else of @cog.concurrent(max=…) on the function that predicts. */
  readonly concurrency: number | undefined;
  readonly isAsync: boolean;
};

/** The document of one function: `reference` is predict.py:Predictor or predict.py:predict, say. Throws `schema/…`. */
export async function generateSchema(request: SchemaRequest): Promise<JsonObject> {
  const project = openProject(await loadPython(), request.readFile, request.root);
  return documentOf(project, request.reference, request.mode, request.version).document;
}

/** The document of a model that predicts, trains, or both, and how many predictions it takes at once. Throws `schema/…`. */
export async function generateModelSchema(request: ModelSchemaRequest): Promise<ModelSchema | undefined> {
  const project = openProject(await loadPython(), request.readFile, request.root);
  const make = (reference: string | undefined, mode: Mode) =>
    reference === undefined
      ? undefined
      : documentOf(project, reference, mode, request.version, request.concurrency);
  const predict = make(request.predict, 'predict');
  const train = make(request.train, 'train');
  if (predict === undefined || train === undefined) return predict ?? train;
  return { ...predict, document: mergeDocuments(predict.document, train.document) };
}

function documentOf(
  project: Project,
  reference: string,
  mode: Mode,
  version = cogVersion,
  asked?: number,
): ModelSchema {
  const { found, isMethod, isAsync, streams, concurrency: stated } = findCallable(project, reference, mode);
  const { node } = found.definition;
  const concurrency = asked ?? stated;
  if (mode === 'predict' && concurrency !== undefined && concurrency > 1 && !isAsync) {
    const place = partOf(node, 'name');
    const problem = `${place.text} is to make ${concurrency} predictions at one time, but is not async`;
    throw failure('schema/callable', place, problem, 'write async def, or take the concurrency out');
  }
  const inputs = readInputs(project, found.module, node, isMethod);
  const annotation = childOf(node, 'return_type');
  if (annotation === undefined) {
    const name = partOf(node, 'name');
    throw failure('schema/output', name, `${name.text} does not say what it gives back`, 'add -> str, say');
  }
  const type = typeOf(project, found.module, annotation);
  const output = outputSchema(project, type);
  if (streams && type.kind !== 'iterator') {
    const hint = 'give back an Iterator or a ConcatenateIterator, or leave @streaming out';
    throw failure('schema/output', annotation, `only an iterator can be streamed`, hint);
  }
  return { document: openApi({ mode, inputs, output, streams }, version), concurrency, isAsync };
}
