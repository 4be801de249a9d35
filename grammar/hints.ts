// Where the cause of a problem lies before its place: a bracket that is not closed, a string that took in the lines
// after it because its quote is missing.

import type { ParseProblem } from './ast.ts';
import type { Token } from './lexer.ts';
import { StringToken, TextBlock } from './tokens.ts';

const closes: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** The problem, with a hint where its cause is likely to be elsewhere. */
export function withHint(problem: ParseProblem, tokens: readonly Token[], text: string): ParseProblem {
  if (problem.hint !== undefined) return problem;
  const before = tokens.filter(token => token.startOffset < problem.start);
  const hint =
    hintOfString(before, problem, text) ??
    (problem.start >= text.trimEnd().length ? hintOfBracket(before, text) : undefined);
  return hint === undefined ? problem : { ...problem, hint };
}

// The last string that goes over several lines, when it ends on the problem's line or is the problem's own place.
function hintOfString(before: readonly Token[], { start }: ParseProblem, text: string): string | undefined {
  const string = before.findLast(
    token => token.tokenType !== TextBlock && isString(token) && token.image.includes('\n'),
  );
  if (string === undefined) return undefined;
  const end = string.startOffset + string.image.length;
  if (text.slice(end, start).includes('\n')) return undefined;
  return `a string goes from line ${lineOf(text, string.startOffset)} to here; is its closing quote missing?`;
}

function isString({ tokenType }: Token): boolean {
  return tokenType.CATEGORIES?.includes(StringToken) === true;
}

function hintOfBracket(before: readonly Token[], text: string): string | undefined {
  const open: Token[] = [];
  for (const token of before) {
    const { image } = token;
    if (closes[image] !== undefined) open.push(token);
    else if (open.length > 0 && image === closes[open.at(-1)!.image]) open.pop();
  }
  const last = open.at(-1);
  return last && `the "${last.image}" on line ${lineOf(text, last.startOffset)} is not closed`;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
