// Jsonnet's syntax: text → tree or problems, and tree → text. Knows nothing of evaluation.
import type { Expression, ParseProblem } from './ast.ts';
import { Mismatch } from './engine.ts';
import { withHint } from './hints.ts';
import { type Stray, type Token, tokenize } from './lexer.ts';
import { deepest, type JsonnetParser, plainParser, recoveringParser, TooDeep, tooDeep } from './parser.ts';
import { scanTextBlock } from './text-block.ts';
import { OpenComment, OpenString, TextBlock } from './tokens.ts';

export type * from './ast.ts';
export { precedenceOf } from './parser.ts';
export { print } from './printer.ts';

export type Parsed =
  | { readonly tree: Expression; readonly problems: readonly [] }
  | { readonly tree: undefined; readonly problems: readonly ParseProblem[] };

/** Parses a whole file. Problems are in the order of their place in the text. */
export function parse(text: string): Parsed {
  const { tokens, strays } = tokenize(text);
  const deep = firstTooDeep(tokens);
  if (deep !== undefined) return { tree: undefined, problems: [tooDeep(startOf(deep, text))] };
  const lexical = [
    ...strays.map(stray => strayProblem(text, stray)),
    ...tokens.flatMap(token => unfinishedProblem(token) ?? []),
  ];
  try {
    const tree = lexical.length === 0 ? parsePlain(tokens, text) : undefined;
    if (tree !== undefined) return { tree, problems: [] };
    const readable = tokens.filter(token => token.tokenType !== OpenComment);
    const all = inOrder([...lexical, ...mistakes(readable, text)]);
    return { tree: undefined, problems: all.map(problem => withHint(problem, readable, text)) };
  } catch (error) {
    if (error instanceof TooDeep) return { tree: undefined, problems: [error.problem] };
    throw error;
  }
}

function parsePlain(tokens: Token[], text: string): Expression | undefined {
  const parser = plainParser();
  parser.begin(tokens);
  try {
    const tree = run(parser, text);
    return parser.problems.length === 0 && parser.current.tokenType.name === 'EOF' ? tree : undefined;
  } catch (error) {
    if (error instanceof Mismatch) return undefined;
    throw error;
  }
}

// Throws TooDeep also where the engine's stack is smaller than what the grammar allows.
function run(parser: JsonnetParser, text: string): Expression {
  try {
    return parser.program();
  } catch (error) {
    if (error instanceof RangeError) throw new TooDeep(tooDeep(startOf(parser.current, text)));
    throw error;
  }
}

function mistakes(tokens: Token[], text: string): ParseProblem[] {
  const parser = recoveringParser();
  for (const token of tokens) token.tokenTypeIdx = token.tokenType.tokenTypeIdx!;
  parser.begin(tokens);
  run(parser, text);
  return [
    ...parser.errors.map((error): ParseProblem => {
      const at = startOf(error.token, text);
      return { start: at, end: at + Math.max(1, error.token.image.length), message: error.message };
    }),
    ...parser.problems.map(problem =>
      !(problem.start >= 0) ? { ...problem, start: text.length, end: text.length } : problem,
    ),
  ];
}

function startOf(token: { readonly startOffset: number }, text: string): number {
  return token.startOffset >= 0 ? token.startOffset : text.length;
}

// The bracket that goes past the bound, found before the parser's own stack grows.
function firstTooDeep(tokens: readonly Token[]): Token | undefined {
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

function strayProblem(text: string, { offset, length }: Stray): ParseProblem {
  const found = JSON.stringify(String.fromCodePoint(text.codePointAt(offset)!));
  return { start: offset, end: offset + length, message: `${found} does not belong to the language` };
}

// Strings, comments and blocks without their end.
function unfinishedProblem(token: Token): ParseProblem | undefined {
  const start = token.startOffset;
  const end = start + token.image.length;
  if (token.tokenType === OpenString)
    return { start, end, message: 'this string has no end', hint: 'close it with the quote that opens it' };
  if (token.tokenType === OpenComment)
    return { start, end: start + 2, message: 'this comment has no end', hint: 'close it with */' };
  const problem = token.tokenType === TextBlock ? scanTextBlock(token.image, 0).problem : undefined;
  return problem === undefined ? undefined : { start, end: start + 3, message: problem };
}
