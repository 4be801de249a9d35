// Evaluates a description: the file, its imports, the project's files and the lock's answers become a graph with
// named targets. Nothing else is read, and nothing is asked of the network.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '../base/canonical.ts';
import type { Digest } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { createGraph, type Graph } from '../graph/graph.ts';
import { runWithBigStack, withBigStack } from '../language/big-stack.ts';
import {
  type ExternalArguments,
  evaluateFile,
  evaluateSnippet,
  fieldNames,
  fieldSpan,
  getField,
  hasField,
  projectImporter,
  typeOf,
  type Value,
} from '../language/index.ts';
import type { History } from '../plan/history.ts';
import { openStatCache } from '../source/stat-cache.ts';
import { type Answers, answersFrom } from './answers.ts';
import { createNatives, derivationPayload, missingAnswers } from './natives.ts';
import { planOf, type TargetLayer } from './plan.ts';
import { notThere, projectOf } from './project.ts';
import { makeSchemas, type SchemaOutcome, type SourceRequest, schemasFrom } from './schemas.ts';

export type DescriptionOptions = {
  readonly file: string;
  /** A description in place of what `file` holds, which it was made of. */
  readonly text?: string | undefined;
  /** Answers of the lock by the canonical text of their requests. */
  readonly answers: ReadonlyMap<string, Json>;
  readonly topLevelArguments: ExternalArguments;
  /** A folder for the stat cache. */
  readonly cacheDir: string;
  /** To plan layers by, in place of those that descriptions name. */
  readonly histories?: readonly History[] | undefined;
  /** Whether targets are to have their plans. */
  readonly withPlans?: boolean;
};

export type Target = {
  readonly name: string;
  readonly digest: Digest;
  readonly output: string;
  /** Of a model, when plans are asked for. */
  readonly plan?: readonly TargetLayer[] | undefined;
};

export type Evaluated = {
  readonly graph: Graph;
  /** In the order of their names. Empty when requests are missing. */
  readonly targets: readonly Target[];
  /** Requests that the lock does not answer. */
  readonly missing: Answers['missing'];
  /** All requests that were met, by canonical text. */
  readonly asked: Answers['asked'];
};

const stdlib = fileURLToPath(new URL('../../stdlib', import.meta.url));

/** Throws errors of the language, of contracts, of sources and of schemas, each with the span in the user's file. */
export async function evaluateDescription(options: DescriptionOptions): Promise<Evaluated> {
  const schemas = new Map<string, SchemaOutcome>();
  for (;;) {
    const request = { options, schemas };
    const { wanted, ...evaluated } = await withBigStack(
      () => evaluateOnce(request),
      () => runWithBigStack<typeof request, Once>(new URL(import.meta.url), 'evaluateOnce', request),
    );
    if (wanted.length === 0) return evaluated;
    const made = await makeSchemas(wanted, projectOf(options.file), options.file);
    for (const [key, outcome] of made) schemas.set(key, outcome);
  }
}

type Once = Evaluated & { readonly wanted: readonly SourceRequest[] };

/** One evaluation, with the schemas that are known; `wanted` are those that it lacks. */
export function evaluateOnce({
  options,
  schemas: known,
}: {
  readonly options: DescriptionOptions;
  readonly schemas: ReadonlyMap<string, SchemaOutcome>;
}): Once {
  const project = projectOf(options.file);
  const graph = createGraph();
  const answers = answersFrom(options.answers);
  const schemas = schemasFrom(known);
  const natives = createNatives({
    graph,
    answers,
    schemas,
    project,
    statCache: root => openStatCache(options.cacheDir, root),
    histories: options.histories,
  });
  const targets: Target[] = [];
  if (!existsSync(options.file)) throw notThere(options.file);
  unlessUnanswered(() => {
    const evaluation = {
      importer: projectImporter({ root: project, libraryPaths: [], stdlib }),
      natives,
      extVars: {},
      tlas: options.topLevelArguments,
    };
    const { file, text } = options;
    const value =
      text === undefined
        ? evaluateFile({ ...evaluation, file })
        : evaluateSnippet({
            ...evaluation,
            code: text,
            file: `(description made of ${file})`,
            base: resolve(file),
          });
    collectTargets(value, '', targets, options);
  });
  const { missing, asked } = answers;
  if (targets.length === 0 && missing.length === 0 && schemas.wanted.length === 0) {
    throw new CogpackError('description/empty', `${options.file} describes nothing to build`, {
      hint: 'its value is a model, a derivation, or an object of these',
    });
  }
  const { derivations, origins } = graph;
  const sorted = targets.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { graph: { derivations, origins }, targets: sorted, missing, asked, wanted: schemas.wanted };
}

// A missing answer ends one target; the others are still evaluated, so that one run finds all that is missing.
function unlessUnanswered(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof CogpackError && error.code === missingAnswers)) throw error;
  }
}

function collectTargets(
  value: Value,
  path: string,
  targets: Target[],
  { file, withPlans = false }: Pick<DescriptionOptions, 'file' | 'withPlans'>,
): void {
  const payload = derivationPayload(value);
  if (payload !== undefined) {
    targets.push({ name: path === '' ? payload.name : path, digest: payload.digest, output: payload.output });
    return;
  }
  if (typeOf(value) !== 'object') {
    throw new CogpackError(
      'description/target',
      `${path === '' ? file : path} is ${typeOf(value)}; expected a model, a derivation, or an object of these`,
      { hint: "a model is written cog.model { … } after: local cog = import 'cogpack';" },
    );
  }
  const holder = hasField(value, 'targets', { hidden: true }) ? getField(value, 'targets') : value;
  const names = fieldNames(holder);
  for (const name of names) {
    unlessUnanswered(() => {
      const inner = getField(holder, name);
      // The one image of a model is called as the model is.
      const isImage = holder !== value && typeOf(inner) === 'derivation';
      const only = isImage && names.length === 1 && path !== '';
      const next = only ? path : path === '' ? name : `${path}.${name}`;
      if (typeOf(inner) !== 'object' && typeOf(inner) !== 'derivation') {
        throw new CogpackError(
          'description/target',
          `${next} is a value of type ${typeOf(inner)}; expected a model or a derivation`,
          {
            span: fieldSpan(holder, name),
            hint: 'hide what is not to be built with :: (name:: value)',
          },
        );
      }
      const from = targets.length;
      collectTargets(inner, next, targets, { file, withPlans });
      const made = targets[from];
      if (withPlans && isImage && made !== undefined) {
        targets[from] = {
          ...made,
          plan: planOf(value, layer => derivationPayload(getField(layer, 'layer'))?.digest),
        };
      }
    });
  }
}
