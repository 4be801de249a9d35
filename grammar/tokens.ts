// The tokens of Jsonnet (specification, "Lexing"). Text blocks need a matcher of their own: their end depends on the
// indentation of their first line.
import type { CustomPatternMatcherFunc, TokenType } from 'chevrotain';
import { createToken, Lexer } from './chevrotain.ts';
import { scanTextBlock } from './text-block.ts';

// A pattern says which characters it can start with and whether it can hold a line break, or the lexer would find that
// out when the program starts.
const startingWith = (first: string): { start_chars_hint: string[] } => ({ start_chars_hint: [...first] });
const letters = '_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

const identifier = /[_a-zA-Z][_a-zA-Z0-9]*/;

export const Identifier = createToken({
  name: 'Identifier',
  pattern: identifier,
  label: 'a name',
  line_breaks: false,
  ...startingWith(letters),
});

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
  line_breaks: false,
  ...startingWith('0123456789'),
});
/** Any kind of string. */
export const StringToken = createToken({ name: 'String', pattern: Lexer.NA, label: 'a string' });
const string = (name: string, pattern: RegExp, first: string): TokenType =>
  createToken({
    name,
    pattern,
    label: 'a string',
    line_breaks: true,
    categories: StringToken,
    ...startingWith(first),
  });

const strings = [
  string('DoubleString', /"[^"\\]*(?:\\[\s\S][^"\\]*)*"/, '"'),
  string('SingleString', /'[^'\\]*(?:\\[\s\S][^'\\]*)*'/, "'"),
  string('VerbatimDouble', /@"[^"]*(?:""[^"]*)*"/, '@'),
  string('VerbatimSingle', /@'[^']*(?:''[^']*)*'/, '@'),
];

const matchTextBlock: CustomPatternMatcherFunc = (text, offset) =>
  text.startsWith('|||', offset) ? [text.slice(offset, scanTextBlock(text, offset).end)] : null;

export const TextBlock = createToken({
  name: 'TextBlock',
  pattern: matchTextBlock,
  start_chars_hint: ['|'],
  label: 'a text block',
  line_breaks: true,
  categories: StringToken,
});

/** A string without its end goes to the end of its line, so that what follows is still read. */
export const OpenString = string('OpenString', /@?["'][^\n]*/, '@"\'');
export const OpenComment = createToken({
  name: 'OpenComment',
  pattern: /\/\*[\s\S]*/,
  line_breaks: true,
  ...startingWith('/'),
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
  createToken({
    name: 'WhiteSpace',
    pattern: /[ \t\r\n]+/,
    group: Lexer.SKIPPED,
    line_breaks: true,
    ...startingWith(' \t\r\n'),
  }),
  createToken({
    name: 'LineComment',
    pattern: /(?:\/\/|#)[^\n]*/,
    group: Lexer.SKIPPED,
    line_breaks: false,
    ...startingWith('/#'),
  }),
  createToken({
    name: 'BlockComment',
    pattern: /\/\*[^*]*(?:\*(?!\/)[^*]*)*\*\//,
    group: Lexer.SKIPPED,
    line_breaks: true,
    ...startingWith('/'),
  }),
];

/** In the order in which the lexer tries them. */
export const tokens: TokenType[] = [
  ...skipped,
  ...[Assert, Else, ErrorWord, False, For, FunctionWord, If, ImportStr, ImportBin, Import, In, Local],
  ...[Null, Self, Super, TailStrict, Then, True],
  Identifier,
  NumberToken,
  ...strings,
  ...[TextBlock, OpenString, OpenComment, StringToken],
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
