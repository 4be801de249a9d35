// Chevrotain's decisions by one token of lookahead, each computed when it is first asked for: a short text needs few of
// them, and computing all takes a third of the parser's start.
import type { ILookaheadStrategy } from 'chevrotain';
import { LLkLookaheadStrategy } from './chevrotain.ts';

type Alternation = Parameters<ILookaheadStrategy['buildLookaheadForAlternation']>[0];
type Optional = Parameters<ILookaheadStrategy['buildLookaheadForOptional']>[0];
type Choose = ReturnType<ILookaheadStrategy['buildLookaheadForAlternation']>;
type Enters = ReturnType<ILookaheadStrategy['buildLookaheadForOptional']>;

class LazyLookahead extends LLkLookaheadStrategy {
  override buildLookaheadForAlternation(options: Alternation): Choose {
    let choose: Choose | undefined;
    return function (this: ThisParameterType<Choose>, alternatives) {
      choose ??= strategy.buildLookaheadForAlternation(options);
      return choose.call(this, alternatives);
    };
  }

  override buildLookaheadForOptional(options: Optional): Enters {
    let enters: Enters | undefined;
    return function (this: ThisParameterType<Enters>) {
      enters ??= strategy.buildLookaheadForOptional(options);
      return enters.call(this);
    };
  }
}

const strategy = new LLkLookaheadStrategy({ maxLookahead: 1 });

export const lookahead = new LazyLookahead({ maxLookahead: 1 });
