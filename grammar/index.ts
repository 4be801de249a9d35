// Jsonnet's syntax: text → tree or problems, and tree → text. Knows nothing of evaluation.
import type { ILexingError, IToken } from 'chevrotain';
import type { Expression, ParseProblem } from './ast.ts';
import { withHint } from './hints.ts';
import { deepest, isTooDeep, jsonnetParser, TooDeep, tooDeep } from './parser.ts';
import { scanTextBlock } from './text-block.ts';
import { jsonnetLexer, OpenComment, OpenString, TextBlock } from './tokens.ts';

export type * from './ast.ts';
export { precedenceOf } from './parser.ts';
export { print } from './printer.ts';

export type Parsed =
  | { readonly tree: Expression; readonly problems: readonly [] }
  | { readonly tree: undefined; readonly problems: readonly ParseProblem[] };

/** Parses a whole file. Problems are in the order of their place in the text. */
export function parse(text: string): Parsed {
  const { tokens, errors } = jsonnetLexer.tokenize(text);
  const lexical = [
    ...errors.map(error => strayProblem(text, error)),
    ...tokens.flatMap(token => unfinishedProblem(token) ?? []),
  ];
  const deep = firstTooDeep(tokens);
  if (deep !== undefined) return { tree: undefined, problems: [tooDeep(startOf(deep, text))] };
  if (lexical.length === 0) {
    const plain = run(false, tokens, text);
    if (plain.tree !== undefined || plain.problems.some(isTooDeep)) return plain;
  }
  const readable = tokens.filter(token => token.tokenType !== OpenComment);
  const { problems } = run(true, readable, text);
  const all = inOrder([...lexical, ...problems]);
  return { tree: undefined, problems: all.map(problem => withHint(problem, readable, text)) };
}

function run(recovery: boolean, tokens: IToken[], text: string): Parsed {
  const parser = jsonnetParser(recovery);
  parser.begin(tokens);
  let tree: Expression;
  try {
    tree = parser.program();
  } catch (error) {
    if (error instanceof TooDeep) return { tree: undefined, problems: [error.problem] };
    // The engine's stack is smaller than what the grammar allows.
    if (error instanceof RangeError)
      return { tree: undefined, problems: [tooDeep(startOf(parser.current, text))] };
    throw error;
  }
  const problems = inOrder([
    ...parser.errors.map((error): ParseProblem => {
      const at = startOf(error.token, text);
      return { start: at, end: at + Math.max(1, error.token.image.length), message: error.message };
    }),
    ...parser.problems.map(problem =>
      !(problem.start >= 0) ? { ...problem, start: text.length, end: text.length } : problem,
    ),
  ]);
  return problems.length === 0 ? { tree, problems: [] } : { tree: undefined, problems };
}

function startOf(token: IToken, text: string): number {
  return token.startOffset >= 0 ? token.startOffset : text.length;
}

// The bracket that goes past the bound, found before the parser's own stack grows.
function firstTooDeep(tokens: readonly IToken[]): IToken | undefined {
  let depth = 0;
  return tokens.find(({ image }) => {
    if (image === '[' || image === '{' || image === '(') depth += 1;
    else if (image === ']' || image === '}' || image === ')') depth -= 1;
    return depth > deepest;
  });
}

// In the order of the text, the first of each place.
function inOrder(problems: readonly ParseProblem[]): ParseProblem[] {
  const sorted = problems.toSorted((a, b) => a.start - b.start);
  return sorted.filter(({ start }, index) => index === 0 || start !== sorted[index - 1]!.start);
}

function strayProblem(text: string, { offset, length }: ILexingError): ParseProblem {
  const found = JSON.stringify(String.fromCodePoint(text.codePointAt(offset)!));
  return { start: offset, end: offset + length, message: `${found} does not belong to the language` };
}

// Strings, comments and blocks without their end.
function unfinishedProblem(token: IToken): ParseProblem | undefined {
  const start = token.startOffset;
  const end = start + token.image.length;
  if (token.tokenType === OpenString)
    return { start, end, message: 'this string has no end', hint: 'close it with the quote that opens it' };
  if (token.tokenType === OpenComment)
    return { start, end: start + 2, message: 'this comment has no end', hint: 'close it with */' };
  const problem = token.tokenType === TextBlock ? scanTextBlock(token.image, 0).problem : undefined;
  return problem === undefined ? undefined : { start, end: start + 3, message: problem };
}
