// The tokens of Jsonnet (specification, "Lexing"), as data that lexer.ts, the parser and Chevrotain read.
import { scanTextBlock } from './text-block.ts';

/** A kind of token. The names are Chevrotain's, which takes these as its own. */
export type TokenType = {
  readonly name: string;
  /** A word or symbol, a sticky expression, or what gives the end of the token that starts at an offset; none for a
   * kind that only others belong to. */
  readonly pattern?: string | RegExp | ((text: string, offset: number) => number);
  /** The characters that it can start with. */
  readonly first: string;
  /** As messages name it. */
  readonly LABEL: string;
  readonly CATEGORIES: TokenType[];
  readonly skipped: boolean;
  /** A number that Chevrotain gives it. */
  tokenTypeIdx?: number;
};

const tokenType = (
  name: string,
  LABEL: string,
  first: string,
  pattern?: TokenType['pattern'],
  CATEGORIES: TokenType[] = [],
  skipped = false,
): TokenType => ({ name, LABEL, first, ...(pattern !== undefined && { pattern }), CATEGORIES, skipped });

const letters = '_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

export const Identifier = tokenType('Identifier', 'a name', letters, /[_a-zA-Z][_a-zA-Z0-9]*/y);

const keywords = new Map<string, TokenType>();
function keyword(word: string): TokenType {
  const type = tokenType(word, `"${word}"`, '', word);
  keywords.set(word, type);
  return type;
}

/** The kind of a word: a keyword or a name. */
export const wordType = (word: string): TokenType => keywords.get(word) ?? Identifier;

const symbol = (name: string, text: string, categories: TokenType[] = []): TokenType =>
  tokenType(name, `"${text}"`, text[0]!, text, categories);
/** A kind that others belong to. */
export const category = (name: string, label: string): TokenType => tokenType(name, label, '');

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

export const NumberToken = tokenType(
  'Number',
  'a number',
  '0123456789',
  /(?:0|[1-9](?:_?[0-9])*)(?:\.[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?/y,
);

/** Any kind of string. */
export const StringToken = category('String', 'a string');
const string = (name: string, pattern: RegExp, first: string): TokenType =>
  tokenType(name, 'a string', first, pattern, [StringToken]);

const strings = [
  string('DoubleString', /"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y, '"'),
  string('SingleString', /'[^'\\]*(?:\\[\s\S][^'\\]*)*'/y, "'"),
  string('VerbatimDouble', /@"[^"]*(?:""[^"]*)*"/y, '@'),
  string('VerbatimSingle', /@'[^']*(?:''[^']*)*'/y, '@'),
];

/** Its end depends on the indentation of its first line. */
export const TextBlock = tokenType(
  'TextBlock',
  'a text block',
  '|',
  (text, offset) => (text.startsWith('|||', offset) ? scanTextBlock(text, offset).end : offset),
  [StringToken],
);

/** A string without its end goes to the end of its line, so that what follows is still read. */
export const OpenString = string('OpenString', /@?["'][^\n]*/y, '@"\'');
export const OpenComment = tokenType('OpenComment', 'OpenComment', '/', /\/\*[\s\S]*/y);

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
export const Colons = category('Colons', '":"');
export const Colon3 = symbol('Colon3', ':::', [Colons]);
export const Colon2 = symbol('Colon2', '::', [Colons]);
export const Colon1 = symbol('Colon1', ':', [Colons]);

/** Every binary operator but `in`; the parser builds the tree by precedence. */
export const Operator = category('Operator', 'an operator');
const operator = (name: string, text: string): TokenType => symbol(name, text, [Operator]);

/** `-` and `+` are also unary, as `!` and `~` only are. */
export const Unary = category('Unary', 'an operator');
export const Plus = symbol('Plus', '+', [Operator, Unary]);
export const Minus = symbol('Minus', '-', [Operator, Unary]);
export const Not = symbol('Not', '!', [Unary]);
export const Tilde = symbol('Tilde', '~', [Unary]);

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
  tokenType('WhiteSpace', '', ' \t\r\n', /[ \t\r\n]+/y, [], true),
  tokenType('LineComment', '', '/#', /(?:\/\/|#)[^\n]*/y, [], true),
  tokenType('BlockComment', '', '/', /\/\*[^*]*(?:\*(?!\/)[^*]*)*\*\//y, [], true),
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
