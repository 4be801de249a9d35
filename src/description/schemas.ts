// What a description asks of a project's Python files: schemas, and where they use a GPU. Reading Python is asynchronous, evaluation is not: what is asked for and not
// known yet ends an evaluation, is then made, and is there in the next.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalJson, type Json } from '../base/canonical.ts';
import { CogpackError, isSystemError, type Span } from '../base/error.ts';
import type { ModelSchema } from '../schema/index.ts';

/** The functions of a project whose schema is asked for, and the version of cog that serves them. The answer is `{document, concurrency?}`. */
export type SchemaRequest = {
  readonly predict?: string | undefined;
  readonly train?: string | undefined;
  readonly version?: string | undefined;
  /** Predictions at one time, where the description says it. */
  readonly concurrency?: number | undefined;
};

/** Python files, or references into them, of which it is asked where they use a GPU: words, or null. */
export type GpuUseRequest = { readonly gpuUse: readonly string[] };

export type SourceRequest = SchemaRequest | GpuUseRequest;

/** The answer, or why there is none: as plain data, which a thread can be given. */
export type SchemaOutcome =
  | { readonly answer: Json }
  | {
      readonly code: string;
      readonly message: string;
      readonly span: Span | undefined;
      readonly hint: string | undefined;
    };

export type Schemas = {
  /** The answer; undefined after noting that it is wanted. Throws `schema/…`. */
  find(request: SourceRequest): Json | undefined;
  readonly wanted: readonly SourceRequest[];
};

/** `known` has outcomes by the canonical text of their requests. */
export function schemasFrom(known: ReadonlyMap<string, SchemaOutcome>): Schemas {
  const wanted: SourceRequest[] = [];
  return {
    wanted,
    find(request) {
      const outcome = known.get(canonicalJson(request));
      if (outcome === undefined) {
        wanted.push(request);
        return undefined;
      }
      if ('answer' in outcome) return outcome.answer;
      throw new CogpackError(outcome.code, outcome.message, { span: outcome.span, hint: outcome.hint });
    },
  };
}

/** Makes schemas of a project's Python files. `file` is the description, beside which errors name the files. */
export async function makeSchemas(
  requests: readonly SourceRequest[],
  project: string,
  file: string,
): Promise<Map<string, SchemaOutcome>> {
  const { findGpuUse, generateModelSchema } = await import('../schema/index.ts');
  const readFile = (path: string) => readIfThere(join(project, path));
  const outcomes = new Map<string, SchemaOutcome>();
  const folder = dirname(file);
  for (const request of requests) {
    if ('gpuUse' in request) {
      const files = request.gpuUse.map(reference => reference.split(':', 1)[0]!);
      outcomes.set(canonicalJson(request), { answer: (await findGpuUse(files, readFile)) ?? null });
      continue;
    }
    outcomes.set(
      canonicalJson(request),
      await outcomeOf(() =>
        generateModelSchema({
          predict: request.predict,
          train: request.train,
          concurrency: request.concurrency,
          ...(request.version !== undefined && { version: request.version }),
          root: folder === '.' ? '' : folder,
          readFile,
        }),
      ),
    );
  }
  return outcomes;
}

async function outcomeOf(make: () => Promise<ModelSchema | undefined>): Promise<SchemaOutcome> {
  try {
    const { document = {}, concurrency } = (await make()) ?? {};
    return { answer: { document: document as Json, ...(concurrency !== undefined && { concurrency }) } };
  } catch (error) {
    if (!(error instanceof CogpackError)) throw error;
    return { code: error.code, message: error.message, span: error.span, hint: error.hint };
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined;
    throw error;
  }
}
