// The grammar's decisions by one token, as Chevrotain's analysis of the rules finds them: for each rule and each choice
// in it, the kinds of tokens that each alternative starts with. decisions.json holds them for engine.ts.
import type { IProduction, LookaheadProductionType, Rule } from 'chevrotain';
import { loadChevrotain } from './chevrotain.ts';
import { recoveringParser } from './parser.ts';

type Choice = readonly [name: string, type: LookaheadProductionType];

function choiceOfKind(production: IProduction): Choice | undefined {
  const { Alternation, Option, Repetition, RepetitionMandatory } = loadChevrotain();
  if (production instanceof Alternation) return ['OR', 'Alternation'];
  if (production instanceof Option) return ['OPTION', 'Option'];
  if (production instanceof Repetition) return ['MANY', 'Repetition'];
  return production instanceof RepetitionMandatory ? ['AT_LEAST_ONE', 'RepetitionMandatory'] : undefined;
}

type Decisions = Record<string, Record<string, string[]>>;

/** What decisions.json holds, from the rules as they are. */
export function decisionsOf(): Decisions {
  const rules = Object.entries(recoveringParser().getGAstProductions());
  return Object.fromEntries(
    rules.flatMap(([name, rule]) => {
      const choices = Object.fromEntries(choicesIn(rule, rule.definition));
      return Object.keys(choices).length === 0 ? [] : [[name, choices]];
    }),
  );
}

type Nested = IProduction & { readonly definition?: IProduction[]; readonly idx?: number };

function choicesIn(rule: Rule, productions: readonly Nested[]): [string, string[]][] {
  const { NonTerminal } = loadChevrotain();
  return productions.flatMap(production => {
    if (production instanceof NonTerminal) return [];
    const choice = choiceOfKind(production);
    const own = choice === undefined ? [] : [startsOf(rule, choice, production.idx!)];
    return [...own, ...choicesIn(rule, production.definition ?? [])];
  });
}

function startsOf(rule: Rule, [choice, prodType]: Choice, occurrence: number): [string, string[]] {
  const alternatives = loadChevrotain().getLookaheadPaths({ rule, occurrence, prodType, maxLookahead: 1 });
  const inside = choice === 'OR' ? alternatives : alternatives.slice(0, 1);
  return [
    `${choice}${occurrence === 0 ? '' : occurrence}`,
    inside.map(paths =>
      paths
        .map(([first]) => first!.name)
        .sort()
        .join(' '),
    ),
  ];
}
