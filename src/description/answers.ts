// What a description knows of its lock: the answer to a request, and which requests are still unanswered.
import { canonicalJson, type Json } from '../base/canonical.ts';

export type Answers = {
  /** The answer, or undefined, after which the request is in `missing`. */
  find(request: Json): Json | undefined;
  /** The requests without an answer, each once, in the order in which they were met. */
  readonly missing: readonly Json[];
  /** The requests that were met, by their canonical text. */
  readonly asked: ReadonlySet<string>;
};

/** `known` has answers by the canonical text of their requests. */
export function answersFrom(known: ReadonlyMap<string, Json>): Answers {
  const missing: Json[] = [];
  const asked = new Set<string>();
  return {
    missing,
    asked,
    find(request) {
      const key = canonicalJson(request);
      const answer = known.get(key);
      if (answer === undefined && !asked.has(key)) missing.push(request);
      asked.add(key);
      return answer;
    },
  };
}
