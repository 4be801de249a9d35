// The native `gpu`: a model's field and requirements → the solver's answer. A conflict is told at the user's own fields.
import type { Json } from '../base/canonical.ts';
import { CogpackError, type Span } from '../base/error.ts';
import { gpuFacts } from '../gpu/facts.ts';
import { canUseGpu } from '../gpu/question.ts';
import { type Conflict, type GpuAnswer, type Question, solve } from '../gpu/solve.ts';
import { fieldSpan, fromHost, getField, hasField, toHost, typeOf, type Value } from '../language/index.ts';

/** What the stdlib asks: `sources` are references to the model's functions, such as predict.py:Predictor. */
type Asked = Question & { readonly sources: readonly string[] };

/**
 * `model` is where the fields are that the question is made of; `gpuUseIn` says where sources use a GPU, or null. Throws
 * `gpu/request` and `gpu/conflict`. Where the model says nothing of a GPU there is no conflict: the resolver decides, and
 * says what it cannot do.
 */
export function gpu(
  model: Value,
  question: Value,
  gpuUseIn: (sources: readonly string[]) => Json,
  span: Span | undefined,
): Value {
  const { sources, ...asked } = toHost(question) as unknown as Asked;
  const mayTell = asked.gpu === null && sources.length > 0 && canUseGpu(asked);
  const use = mayTell ? gpuUseIn(sources) : null;
  const found = answerTo(typeof use === 'string' ? { ...asked, use } : asked, model, span);
  if (found.kind === 'answer') return fromHost(found as unknown as Json);
  if (asked.gpu === null) return fromHost(undecided(found));
  throw conflictError(found, model, span);
}

function answerTo(question: Question, model: Value, span: Span | undefined): GpuAnswer | Conflict {
  try {
    return solve(question, gpuFacts());
  } catch (error) {
    if (!(error instanceof CogpackError) || error.span !== undefined) throw error;
    const field = /^gpu\.\w+/.exec(error.message)?.[0] ?? 'gpu';
    throw new CogpackError(error.code, error.message, {
      span: spanOf(model, field) ?? span,
      hint: error.hint,
      cause: error,
    });
  }
}

function undecided({ message }: Conflict): Json {
  const nothing: GpuAnswer = {
    kind: 'answer',
    accelerator: 'cpu',
    frameworks: [],
    cuda: null,
    cudnn: null,
    nccl: null,
    driver: null,
    sm: null,
    constraints: [],
    requirements: [],
    env: {},
    labels: {},
    reasons: [message],
  };
  return nothing as unknown as Json;
}

function conflictError(
  { constraints, waysOut, message }: Conflict,
  model: Value,
  span: Span | undefined,
): CogpackError {
  const lines = constraints.map(({ field, text }) => {
    const at = spanOf(model, field);
    return `  ${text}${at === undefined ? '' : `   (${field}, line ${at.line})`}`;
  });
  const first = constraints.find(({ field }) => field.startsWith('gpu')) ?? constraints[0];
  return new CogpackError(
    'gpu/conflict',
    `${message.split(' keeps all of:')[0]} keeps all of these:\n${lines.join('\n')}`,
    {
      span: (first && spanOf(model, first.field)) ?? spanOf(model, 'gpu') ?? span,
      hint: waysOut.length === 0 ? undefined : `either ${waysOut.map(({ change }) => change).join(', or ')}`,
    },
  );
}

/** Where the user wrote a field: `gpu.driver` is the driver inside of gpu. */
function spanOf(model: Value, path: string): Span | undefined {
  const [field, inner] = path.split('.') as [string, string?];
  if (!hasField(model, field)) return undefined;
  const value = getField(model, field);
  const within =
    inner !== undefined && typeOf(value) === 'object' && hasField(value, inner)
      ? fieldSpan(value, inner)
      : undefined;
  return within ?? fieldSpan(model, field);
}
