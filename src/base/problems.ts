// Several problems of one input as one error.
import { CogpackError } from './error.ts';

/** One error for all: the first, with the others after it. Does nothing when there are none. */
export function throwAll(problems: readonly CogpackError[]): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  throw new CogpackError(first.code, first.message, {
    span: first.span,
    hint: first.hint,
    trace: others.map(({ message, span, hint }) => ({
      what: `also: ${message}${hint === undefined ? '' : ` (${hint})`}`,
      span,
    })),
  });
}
