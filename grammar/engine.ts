// Runs the parser's rules over a text without mistakes: Chevrotain's interface, as far as parser.ts uses it, without
// the analysis that Chevrotain makes when it starts and without recovery. Decisions come from decisions.json, which
// Chevrotain's analysis made. A token that does not fit ends the parse, and Chevrotain says what is wrong.
import type { EmbeddedActionsParser } from 'chevrotain';
import decisions from './decisions.json' with { type: 'json' };
import { type Token, token } from './lexer.ts';
import { category, type TokenType, tokens } from './tokens.ts';

/** What both engines give to parser.ts. */
export type Engine = typeof EmbeddedActionsParser;

/** For each kind of token, the alternatives of a choice (OR, MANY1, …) that can start with it. */
type Starts = ReadonlyMap<TokenType, readonly number[]>;
type Gated<T> = { readonly GATE?: () => boolean; readonly ALT: () => T };
type Body = (() => void) | { readonly GATE?: () => boolean; readonly DEF: () => void };

/** Thrown when the text does not follow the grammar. */
export class Mismatch extends Error {}

const mismatch = new Mismatch('the text does not follow the grammar');
const end = token(category('EOF', 'the end of the file'), '', Number.NaN);

class PlainEngine {
  readonly errors: readonly [] = [];
  private tokens: readonly Token[] = [];
  private at = 0;
  private choices = new Choices('');

  set input(tokens: readonly Token[]) {
    this.tokens = tokens;
    this.at = 0;
  }

  performSelfAnalysis(): void {}

  RULE<A extends unknown[], T>(name: string, body: (...args: A) => T): (...args: A) => T {
    const own = new Choices(name);
    return (...args) => {
      const outer = this.choices;
      this.choices = own;
      const result = body.apply(this, args);
      this.choices = outer;
      return result;
    };
  }

  LA(distance: number): Token {
    return this.tokens[this.at + distance - 1] ?? end;
  }

  ACTION<T>(action: () => T): T {
    return action();
  }

  CONSUME(type: TokenType): Token {
    const next = this.LA(1);
    if (next.tokenType !== type && !next.tokenType.CATEGORIES.includes(type)) throw mismatch;
    this.at += 1;
    return next;
  }
  CONSUME8(type: TokenType): Token {
    return this.CONSUME(type);
  }

  SUBRULE<A extends unknown[], T>(rule: (...args: A) => T, options?: { readonly ARGS: A }): T {
    return options === undefined ? (rule as () => T)() : rule(...options.ARGS);
  }
  SUBRULE1<T>(rule: () => T): T {
    return rule();
  }
  SUBRULE2<T>(rule: () => T): T {
    return rule();
  }

  OR<T>(alternatives: readonly Gated<T>[]): T {
    return this.choose('OR', alternatives);
  }
  OR1<T>(alternatives: readonly Gated<T>[]): T {
    return this.choose('OR1', alternatives);
  }

  OPTION(body: Body): void {
    this.once('OPTION', body);
  }
  OPTION1(body: Body): void {
    this.once('OPTION1', body);
  }
  OPTION8(body: Body): void {
    this.once('OPTION8', body);
  }

  MANY(body: Body): void {
    while (this.once('MANY', body));
  }

  AT_LEAST_ONE(body: Body): void {
    if (!this.once('AT_LEAST_ONE', body)) throw mismatch;
    while (this.once('AT_LEAST_ONE', body));
  }

  AT_LEAST_ONE_SEP({ SEP, DEF }: { readonly SEP: TokenType; readonly DEF: () => void }): void {
    DEF();
    while (this.LA(1).tokenType === SEP) {
      this.at += 1;
      DEF();
    }
  }

  private choose<T>(choice: string, alternatives: readonly Gated<T>[]): T {
    const possible = this.choices.at(choice).get(this.LA(1).tokenType) ?? [];
    for (const index of possible) {
      const { GATE, ALT } = alternatives[index]!;
      if (GATE === undefined || GATE()) return ALT();
    }
    throw mismatch;
  }

  private once(choice: string, body: Body): boolean {
    if (!this.choices.at(choice).has(this.LA(1).tokenType)) return false;
    if (typeof body === 'function') body();
    else if (body.GATE === undefined || body.GATE()) body.DEF();
    else return false;
    return true;
  }
}

export const plainEngine = PlainEngine as unknown as Engine;

const written: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = decisions;

// Each choice is made ready when a text first comes to it.
class Choices {
  private readonly rule: string;
  private readonly ready: Record<string, Starts> = {};
  constructor(rule: string) {
    this.rule = rule;
  }

  at(choice: string): Starts {
    this.ready[choice] ??= startsOf(written[this.rule]![choice]!);
    return this.ready[choice];
  }
}

// Alternatives name the kinds that they start with; a kind that others belong to stands for those.
function startsOf(alternatives: readonly string[]): Starts {
  const starts = new Map<TokenType, number[]>();
  alternatives.forEach((names, index) => {
    const first = new Set(names.split(' '));
    for (const type of tokens) {
      if (!first.has(type.name) && !type.CATEGORIES.some(({ name }) => first.has(name))) continue;
      const possible = starts.get(type);
      if (possible === undefined) starts.set(type, [index]);
      else possible.push(index);
    }
  });
  return starts;
}
