// A text as tokens. Characters that start none are reported, and reading goes on behind them.
import { type TokenType, tokens as types, wordType } from './tokens.ts';

/** Offsets are of UTF-16 code units. */
export type Token = {
  readonly image: string;
  readonly startOffset: number;
  readonly tokenType: TokenType;
  /** As Chevrotain wants it. */
  tokenTypeIdx: number;
};

export type Stray = { readonly offset: number; readonly length: number };

export const token = (tokenType: TokenType, image: string, startOffset: number): Token => ({
  image,
  startOffset,
  tokenType,
  tokenTypeIdx: 0,
});

// For each character, the kinds that can start with it, in the order in which they are tried.
const byFirst: (TokenType[] | undefined)[] = [];
for (const type of types) {
  for (const character of type.first) {
    const code = character.charCodeAt(0);
    byFirst[code] ??= [];
    byFirst[code].push(type);
  }
}

export function tokenize(text: string): { tokens: Token[]; strays: Stray[] } {
  const tokens: Token[] = [];
  const strays: Stray[] = [];
  let at = 0;
  let strayFrom = -1;
  const endStray = () => {
    if (strayFrom >= 0) strays.push({ offset: strayFrom, length: at - strayFrom });
    strayFrom = -1;
  };
  while (at < text.length) {
    const found = read(text, at);
    if (found === undefined) {
      if (strayFrom < 0) strayFrom = at;
      at += 1;
      continue;
    }
    endStray();
    if (!found.type.skipped) {
      const image = text.slice(at, found.end);
      tokens.push(token(found.type.name === 'Identifier' ? wordType(image) : found.type, image, at));
    }
    at = found.end;
  }
  endStray();
  return { tokens, strays };
}

function read(text: string, at: number): { type: TokenType; end: number } | undefined {
  for (const type of byFirst[text.charCodeAt(at)] ?? []) {
    const end = endOf(type.pattern!, text, at);
    if (end > at) return { type, end };
  }
  return undefined;
}

function endOf(pattern: NonNullable<TokenType['pattern']>, text: string, at: number): number {
  if (typeof pattern === 'string') return text.startsWith(pattern, at) ? at + pattern.length : at;
  if (typeof pattern === 'function') return pattern(text, at);
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
