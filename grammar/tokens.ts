// The tokens of Jsonnet (specification, "Lexing"). Text blocks need a matcher of their own: their end depends on the
// indentation of their first line.
import { type CustomPatternMatcherFunc, createToken, Lexer, type TokenType } from 'chevrotain';

const identifier = /[_a-zA-Z][_a-zA-Z0-9]*/;

export const Identifier = createToken({ name: 'Identifier', pattern: identifier, label: 'a name' });

const keyword = (word: string): TokenType =>
  createToken({ name: word, pattern: word, longer_alt: Identifier, label: `"${word}"` });
const symbol = (name: string, text: string): TokenType =>
  createToken({ name, pattern: text, label: `"${text}"` });

export const Assert = keyword('assert');
export const Else = keyword('else');
export const ErrorWord = keyword('error');
export const False = keyword('false');
export const For = keyword('for');
export const FunctionWord = keyword('function');
export const If = keyword('if');
export const Import = keyword('import');
export const ImportStr = keyword('importstr');
export const ImportBin = keyword('importbin');
export const In = keyword('in');
export const Local = keyword('local');
export const Null = keyword('null');
export const Self = keyword('self');
export const Super = keyword('super');
export const TailStrict = keyword('tailstrict');
export const Then = keyword('then');
export const True = keyword('true');

export const NumberToken = createToken({
  name: 'Number',
  label: 'a number',
  pattern: /(?:0|[1-9](?:_?[0-9])*)(?:\.[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?/,
});
export const DoubleString = createToken({
  name: 'DoubleString',
  pattern: /"(?:[^"\\]|\\[^])*"/,
  label: 'a string',
  line_breaks: true,
});
export const SingleString = createToken({
  name: 'SingleString',
  pattern: /'(?:[^'\\]|\\[^])*'/,
  label: 'a string',
  line_breaks: true,
});
export const VerbatimDouble = createToken({
  name: 'VerbatimDouble',
  pattern: /@"(?:[^"]|"")*"/,
  label: 'a string',
  line_breaks: true,
});
export const VerbatimSingle = createToken({
  name: 'VerbatimSingle',
  pattern: /@'(?:[^']|'')*'/,
  label: 'a string',
  line_breaks: true,
});

/** The text that opens a block: `|||` or `|||-`, white space, a line break. */
export const blockOpening = /\|\|\|-?[ \t\r]*\n/y;

// Every line of the block starts with the white space of its first non-empty line; the first line that does not must
// be white space and `|||`.
const matchTextBlock: CustomPatternMatcherFunc = (text, offset) => {
  blockOpening.lastIndex = offset;
  if (!blockOpening.test(text)) return null;
  const { end } = scanTextBlock(text, offset);
  return end === undefined ? null : [text.slice(offset, end)];
};

export type TextBlockScan = {
  readonly end?: number;
  readonly problem?: string;
  readonly at: number;
  readonly value: string;
};

/** Reads the block that opens at `offset`; `problem` says why it has no end. */
export function scanTextBlock(text: string, offset: number): TextBlockScan {
  blockOpening.lastIndex = offset;
  const opening = blockOpening.exec(text)![0];
  const chomp = opening.startsWith('|||-');
  let at = offset + opening.length;
  let value = '';
  while (text[at] === '\n' || text.startsWith('\r\n', at)) {
    at += text[at] === '\r' ? 2 : 1;
    value += '\n';
  }
  const indent = /[ \t]*/y;
  indent.lastIndex = at;
  const prefix = indent.exec(text)![0];
  if (prefix === '') return { at, value, problem: "a text block's first line must start with white space" };
  for (;;) {
    const lineEnd = text.indexOf('\n', at);
    if (lineEnd < 0) return { at: text.length, value, problem: 'a text block has no end' };
    value += text.slice(at + prefix.length, lineEnd + 1);
    at = lineEnd + 1;
    while (text[at] === '\n' || text.startsWith('\r\n', at)) {
      at += text[at] === '\r' ? 2 : 1;
      value += '\n';
    }
    if (text.startsWith(prefix, at)) continue;
    indent.lastIndex = at;
    const closing = at + indent.exec(text)![0].length;
    if (!text.startsWith('|||', closing)) {
      return { at: closing, value, problem: 'a text block ends with ||| on a line of its own' };
    }
    const whole = value.replace(/\r\n/g, '\n');
    return { at: closing, end: closing + 3, value: chomp ? whole.replace(/\n$/, '') : whole };
  }
}

export const TextBlock = createToken({
  name: 'TextBlock',
  pattern: matchTextBlock,
  start_chars_hint: ['|'],
  label: 'a text block',
  line_breaks: true,
});

export const Dollar = symbol('Dollar', '$');
export const LeftBrace = symbol('LeftBrace', '{');
export const RightBrace = symbol('RightBrace', '}');
export const LeftBracket = symbol('LeftBracket', '[');
export const RightBracket = symbol('RightBracket', ']');
export const LeftParen = symbol('LeftParen', '(');
export const RightParen = symbol('RightParen', ')');
export const Comma = symbol('Comma', ',');
export const Dot = symbol('Dot', '.');
export const Semicolon = symbol('Semicolon', ';');
export const Assign = symbol('Assign', '=');

/** `:`, `::` and `:::`; the parser tells them apart where the grammar does. */
export const Colons = createToken({ name: 'Colons', pattern: Lexer.NA, label: '":"' });
export const Colon3 = createToken({ name: 'Colon3', pattern: ':::', label: '":::"', categories: Colons });
export const Colon2 = createToken({ name: 'Colon2', pattern: '::', label: '"::"', categories: Colons });
export const Colon1 = createToken({ name: 'Colon1', pattern: ':', label: '":"', categories: Colons });

/** Every binary operator but `in`; the parser builds the tree by precedence. */
export const Operator = createToken({ name: 'Operator', pattern: Lexer.NA, label: 'an operator' });
const operator = (name: string, text: string): TokenType =>
  createToken({ name, pattern: text, label: `"${text}"`, categories: Operator });

/** `-` and `+` are also unary, as `!` and `~` only are. */
export const Unary = createToken({ name: 'Unary', pattern: Lexer.NA, label: 'an operator' });
export const Plus = createToken({ name: 'Plus', pattern: '+', label: '"+"', categories: [Operator, Unary] });
export const Minus = createToken({
  name: 'Minus',
  pattern: '-',
  label: '"-"',
  categories: [Operator, Unary],
});
export const Not = createToken({ name: 'Not', pattern: '!', label: '"!"', categories: [Unary] });
export const Tilde = createToken({ name: 'Tilde', pattern: '~', label: '"~"', categories: [Unary] });

const operators = [
  operator('And', '&&'),
  operator('Or', '||'),
  operator('Equal', '=='),
  operator('NotEqual', '!='),
  operator('ShiftLeft', '<<'),
  operator('ShiftRight', '>>'),
  operator('LessOrEqual', '<='),
  operator('GreaterOrEqual', '>='),
  operator('Less', '<'),
  operator('Greater', '>'),
  operator('Times', '*'),
  operator('Divide', '/'),
  operator('Modulo', '%'),
  operator('BitAnd', '&'),
  operator('BitXor', '^'),
  operator('BitOr', '|'),
];

const skipped = [
  createToken({ name: 'WhiteSpace', pattern: /[ \t\r\n]+/, group: Lexer.SKIPPED, line_breaks: true }),
  createToken({ name: 'LineComment', pattern: /(?:\/\/|#)[^\n]*/, group: Lexer.SKIPPED }),
  createToken({ name: 'BlockComment', pattern: /\/\*[^]*?\*\//, group: Lexer.SKIPPED, line_breaks: true }),
];

/** In the order in which the lexer tries them. */
export const tokens: TokenType[] = [
  ...skipped,
  ...[Assert, Else, ErrorWord, False, For, FunctionWord, If, ImportStr, ImportBin, Import, In, Local],
  ...[Null, Self, Super, TailStrict, Then, True],
  Identifier,
  NumberToken,
  ...[DoubleString, SingleString, VerbatimDouble, VerbatimSingle, TextBlock],
  ...[Colon3, Colon2, Colon1, Colons],
  ...operators,
  ...[Plus, Minus, Not, Tilde, Operator, Unary],
  ...[
    Assign,
    Dollar,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    LeftParen,
    RightParen,
    Comma,
    Dot,
    Semicolon,
  ],
];

export const jsonnetLexer = new Lexer(tokens, {
  positionTracking: 'onlyOffset',
  ensureOptimizations: false,
  skipValidations: true,
});
