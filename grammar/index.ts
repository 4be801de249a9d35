// Jsonnet's syntax: text → tree or problems, and tree → text. Knows nothing of evaluation.
import type { ILexingError } from 'chevrotain';
import type { Expression, ParseProblem } from './ast.ts';
import { jsonnetParser, TooDeep } from './parser.ts';
import { blockOpening, jsonnetLexer, scanTextBlock } from './tokens.ts';

export type * from './ast.ts';
export { precedenceOf } from './parser.ts';
export { print } from './printer.ts';

export type Parsed =
  | { readonly tree: Expression; readonly problems: readonly [] }
  | { readonly tree: undefined; readonly problems: readonly ParseProblem[] };

/** Parses a whole file. Problems are in the order of their place in the text. */
export function parse(text: string): Parsed {
  const { tokens, errors } = jsonnetLexer.tokenize(text);
  if (errors.length > 0)
    return { tree: undefined, problems: errors.slice(0, 1).map(error => lexProblem(text, error)) };
  const parser = jsonnetParser();
  parser.begin(tokens);
  let tree: Expression;
  try {
    tree = parser.program();
  } catch (error) {
    if (error instanceof TooDeep) return { tree: undefined, problems: [error.problem] };
    throw error;
  }
  const problems = [
    ...parser.errors.map((error): ParseProblem => {
      const at = Number.isNaN(error.token.startOffset) ? text.length : error.token.startOffset;
      return { start: at, end: at + Math.max(1, error.token.image.length), message: error.message };
    }),
    ...parser.problems,
  ].sort((a, b) => a.start - b.start);
  return problems.length === 0 ? { tree, problems: [] } : { tree: undefined, problems };
}

// The lexer knows only that nothing matched at a place; what stands there says why.
function lexProblem(text: string, { offset }: ILexingError): ParseProblem {
  const rest = text.slice(offset, offset + 2);
  const range = { start: offset, end: offset + 1 };
  if (text.startsWith('|||', offset)) {
    blockOpening.lastIndex = offset;
    if (!blockOpening.test(text)) {
      return { start: offset, end: offset + 3, message: 'a text block starts on the line after |||' };
    }
    const { problem, at } = scanTextBlock(text, offset);
    return { start: at, end: at + 1, message: problem ?? 'this text block cannot be read' };
  }
  if (/^@?["']/.test(rest))
    return { ...range, message: 'this string has no end', hint: 'close it with the quote that opens it' };
  if (rest === '/*')
    return { start: offset, end: offset + 2, message: 'this comment has no end', hint: 'close it with */' };
  return {
    ...range,
    message: `${JSON.stringify(String.fromCodePoint(text.codePointAt(offset)!))} does not belong to the language`,
  };
}
