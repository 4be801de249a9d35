// The parser of Jsonnet (specification, "Parsing"): rules in Chevrotain's manner, with actions that build the tree.
// Binary operators are read as one flat list and put in a tree by precedence. engine.ts runs the rules over texts
// without mistakes. Others go to Chevrotain, which resynchronises after a mistake, so that one run reports several.
import type { IOrAlt, IToken, TokenType } from 'chevrotain';
import type {
  BinaryOperator,
  Bind,
  Clause,
  Expression,
  ExpressionOf,
  FieldName,
  Identifier as IdentifierNode,
  Member,
  NamedArgument,
  Parameter,
  ParseProblem,
  Range,
  UnaryOperator,
  Visibility,
} from './ast.ts';
import { loadChevrotain } from './chevrotain.ts';
import { type Engine, plainEngine } from './engine.ts';
import { messages } from './messages.ts';
import { stringValue } from './strings.ts';
import * as t from './tokens.ts';

type Argument = { readonly name: IdentifierNode | undefined; readonly value: Expression };
type Suffix =
  | { readonly kind: 'field'; readonly name: IdentifierNode; readonly end: number }
  | {
      readonly kind: 'bracket';
      readonly parts: readonly (Expression | undefined)[];
      readonly colons: number;
      readonly range: Range;
    }
  | {
      readonly kind: 'call';
      readonly list: readonly Argument[];
      readonly tailstrict: boolean;
      readonly end: number;
    }
  | { readonly kind: 'object'; readonly object: Expression };

/** How deep expressions and brackets may nest; the reference implementation stops there too. */
export const deepest = 500;
const nothing: Expression = { kind: 'null', start: 0, end: 0 };
const recovery = { recoveryValueFunc: () => nothing };

const precedence: Readonly<Record<string, number>> = {
  '*': 10,
  '/': 10,
  '%': 10,
  '+': 9,
  '-': 9,
  '<<': 8,
  '>>': 8,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  in: 7,
  '==': 6,
  '!=': 6,
  '&': 5,
  '^': 4,
  '|': 3,
  '&&': 2,
  '||': 1,
};

/** The binding strength of a binary operator; 10 binds tightest, 1 least. */
export const precedenceOf = (operator: string): number => precedence[operator]!;

const parserOn = (engine: Engine) =>
  class JsonnetParser extends engine {
    problems: ParseProblem[] = [];
    private depth = 0;

    constructor() {
      super(t.tokens, {
        recoveryEnabled: true,
        skipValidations: true,
        maxLookahead: 1,
        errorMessageProvider: messages,
      });
      this.performSelfAnalysis();
    }

    /** The token that is read next. */
    get current(): IToken {
      return this.LA(1);
    }

    begin(tokens: IToken[]): void {
      this.input = tokens;
      this.problems = [];
      this.textBlocks.clear();
      this.depth = 0;
    }

    private problem(range: Range, message: string, hint?: string): void {
      this.problems.push({
        start: range.start,
        end: range.end,
        message,
        ...(hint !== undefined && { hint }),
      });
    }

    program = this.RULE('program', () => this.SUBRULE(this.expression), recovery);

    expression = this.RULE(
      'expression',
      (): Expression => {
        this.ACTION(() => this.enter());
        const operands: Expression[] = [];
        const operators: IToken[] = [];
        operands.push(this.SUBRULE(this.operand));
        this.MANY({
          DEF: () => {
            this.OR([
              {
                ALT: () => {
                  operators.push(this.CONSUME(t.Operator));
                  operands.push(this.SUBRULE1(this.operand));
                },
              },
              {
                ALT: () => {
                  const word = this.CONSUME(t.In);
                  this.OR1([
                    {
                      // `in super` on its own; `in super.x` goes on below as an operand.
                      GATE: () => !isSuperSuffix(this.LA(2)),
                      ALT: () => {
                        const end = this.CONSUME(t.Super);
                        operators.push(word);
                        operands.push({ kind: 'self', start: -1, end: endOf(end) });
                      },
                    },
                    {
                      ALT: () => {
                        operators.push(word);
                        operands.push(this.SUBRULE2(this.operand));
                      },
                    },
                  ]);
                },
              },
            ]);
          },
        });
        return this.ACTION(() => {
          this.depth -= 1;
          return operators.length === 0 ? operands[0]! : buildBinary(operands, operators);
        });
      },
      recovery,
    );

    private enter(): void {
      this.depth += 1;
      if (this.depth !== deepest + 1) return;
      const at = startOf(this.LA(1));
      throw new TooDeep(tooDeep(at));
    }

    private operand = this.RULE(
      'operand',
      (): Expression =>
        this.OR<IOrAlt<Expression>[]>([
          { ALT: () => this.SUBRULE(this.localExpression) },
          { ALT: () => this.SUBRULE(this.ifExpression) },
          { ALT: () => this.SUBRULE(this.functionExpression) },
          { ALT: () => this.SUBRULE(this.assertExpression) },
          {
            ALT: () => {
              const word = this.CONSUME(t.ErrorWord);
              const message = this.SUBRULE(this.expression);
              return this.ACTION(() => ({ kind: 'error', message, start: startOf(word), end: message.end }));
            },
          },
          { ALT: () => this.SUBRULE(this.importExpression) },
          {
            ALT: () => {
              const token = this.CONSUME(t.Unary);
              const operand = this.SUBRULE1(this.operand);
              return this.ACTION(() => ({
                kind: 'unary',
                operator: token.image as UnaryOperator,
                operand,
                start: startOf(token),
                end: operand.end,
              }));
            },
          },
          { ALT: () => this.SUBRULE(this.postfix) },
        ]),
      recovery,
    );

    private localExpression = this.RULE(
      'localExpression',
      (): Expression => {
        const binds: Bind[] = [];
        const word = this.CONSUME(t.Local);
        this.AT_LEAST_ONE_SEP({
          SEP: t.Comma,
          DEF: () => {
            binds.push(this.SUBRULE(this.bind));
          },
        });
        this.CONSUME(t.Semicolon);
        const body = this.SUBRULE(this.expression);
        return this.ACTION(() => {
          const seen = new Set<string>();
          for (const bind of binds) this.refuseTwice(bind, seen, 'local');
          return { kind: 'local', binds, body, start: startOf(word), end: body.end };
        });
      },
      recovery,
    );

    private bind = this.RULE(
      'bind',
      (): Bind => {
        const name = this.CONSUME(t.Identifier);
        let parameters: Parameter[] | undefined;
        this.OPTION(() => {
          parameters = this.SUBRULE(this.parameters, { ARGS: [name] });
        });
        this.CONSUME(t.Assign);
        const value = this.SUBRULE(this.expression);
        return this.ACTION(() => {
          const start = startOf(name);
          const body = parameters === undefined ? value : functionNode(parameters, value, start);
          return { name: name.image, value: body, start, end: value.end };
        });
      },
      { recoveryValueFunc: () => ({ name: '', value: nothing, start: 0, end: 0 }) },
    );

    private parameters = this.RULE(
      'parameters',
      (head: Range | IToken): Parameter[] => {
        const list: Parameter[] = [];
        this.CONSUME(t.LeftParen);
        this.MANY({
          // A comma may follow the last parameter.
          GATE: () => this.LA(1).tokenType === t.Identifier,
          DEF: () => {
            const name = this.CONSUME(t.Identifier);
            let value: Expression | undefined;
            this.OPTION(() => {
              this.CONSUME(t.Assign);
              value = this.SUBRULE(this.expression);
            });
            this.separator([t.RightParen], 'parameter');
            this.ACTION(() => {
              const end = value?.end ?? endOf(name);
              list.push({
                name: name.image,
                start: startOf(name),
                end,
                ...(value !== undefined && { value }),
              });
            });
          },
        });
        const close = this.CONSUME(t.RightParen);
        this.ACTION(() => {
          const start = 'start' in head ? head.start : startOf(head);
          const seen = new Set<string>();
          for (const { name } of list)
            this.refuseTwice({ name, start, end: endOf(close) }, seen, 'parameter');
        });
        return list;
      },
      { recoveryValueFunc: () => [] },
    );

    /** A comma, unless what ends the list is next. */
    private separator(ends: readonly TokenType[], what: string): void {
      let comma = false;
      this.OPTION8(() => {
        this.CONSUME8(t.Comma);
        comma = true;
      });
      this.ACTION(() => {
        const next = this.LA(1);
        if (comma || ends.includes(next.tokenType)) return;
        const start = Number.isNaN(next.startOffset) ? endOf(this.LA(0)) : startOf(next);
        this.problem({ start, end: start + 1 }, `expected a comma before the next ${what}`);
      });
    }

    private ifExpression = this.RULE(
      'ifExpression',
      (): Expression => {
        const word = this.CONSUME(t.If);
        const condition = this.SUBRULE(this.expression);
        this.CONSUME(t.Then);
        const then = this.SUBRULE1(this.expression);
        let otherwise: Expression | undefined;
        this.OPTION(() => {
          this.CONSUME(t.Else);
          otherwise = this.SUBRULE2(this.expression);
        });
        return this.ACTION(() => ({
          kind: 'if',
          condition,
          then,
          ...(otherwise !== undefined && { otherwise }),
          start: startOf(word),
          end: (otherwise ?? then).end,
        }));
      },
      recovery,
    );

    private functionExpression = this.RULE(
      'functionExpression',
      (): Expression => {
        const word = this.CONSUME(t.FunctionWord);
        const parameters = this.SUBRULE(this.parameters, { ARGS: [word] });
        const body = this.SUBRULE(this.expression);
        return this.ACTION(() => functionNode(parameters, body, startOf(word)));
      },
      recovery,
    );

    private assertExpression = this.RULE(
      'assertExpression',
      (): Expression => {
        const { condition, message, start } = this.SUBRULE(this.assertion);
        this.CONSUME(t.Semicolon);
        const body = this.SUBRULE(this.expression);
        return this.ACTION(() => ({
          kind: 'assert',
          condition,
          ...(message !== undefined && { message }),
          body,
          start,
          end: body.end,
        }));
      },
      recovery,
    );

    private assertion = this.RULE(
      'assertion',
      () => {
        const word = this.CONSUME(t.Assert);
        const condition = this.SUBRULE(this.expression);
        let message: Expression | undefined;
        this.OPTION(() => {
          this.CONSUME(t.Colon1);
          message = this.SUBRULE1(this.expression);
        });
        return this.ACTION(() => ({
          condition,
          message,
          start: startOf(word),
          end: (message ?? condition).end,
        }));
      },
      { recoveryValueFunc: () => ({ condition: nothing, message: undefined, start: 0, end: 0 }) },
    );

    private importExpression = this.RULE(
      'importExpression',
      (): Expression => {
        const word = this.OR([
          { ALT: () => this.CONSUME(t.Import) },
          { ALT: () => this.CONSUME(t.ImportStr) },
          { ALT: () => this.CONSUME(t.ImportBin) },
        ]);
        const path = this.SUBRULE(this.expression);
        return this.ACTION(() => {
          const how = word.image as 'import';
          const range = { start: path.start, end: path.end };
          if (path.kind !== 'string') {
            this.problem(
              range,
              'the path of an import is a plain string, not an expression',
              'imports are found before anything is evaluated',
            );
          } else if (this.textBlocks.has(path.start)) {
            this.problem(range, 'the path of an import cannot be a text block', 'write it in quotes');
          }
          return {
            kind: 'import',
            how,
            path: path.kind === 'string' ? path.value : '',
            pathRange: range,
            start: startOf(word),
            end: path.end,
          };
        });
      },
      recovery,
    );

    private textBlocks = new Set<number>();

    private postfix = this.RULE(
      'postfix',
      (): Expression => {
        let target = this.SUBRULE(this.primary);
        this.MANY(() => {
          const suffix = this.SUBRULE(this.suffix);
          this.ACTION(() => {
            target = this.applySuffix(target, suffix);
          });
        });
        return target;
      },
      recovery,
    );

    private suffix = this.RULE(
      'suffix',
      (): Suffix =>
        this.OR<IOrAlt<Suffix>[]>([
          {
            ALT: () => {
              this.CONSUME(t.Dot);
              const name = this.CONSUME(t.Identifier);
              return this.ACTION(() => ({ kind: 'field', name: identifierNode(name), end: endOf(name) }));
            },
          },
          { ALT: () => this.SUBRULE(this.bracket) },
          { ALT: () => this.SUBRULE(this.call) },
          {
            ALT: () => {
              const object = this.SUBRULE(this.object);
              return this.ACTION(() => ({ kind: 'object', object }));
            },
          },
        ]),
      { recoveryValueFunc: (): Suffix => ({ kind: 'object', object: nothing }) },
    );

    // [index], [from:to:step] with any part left out; `::` is two colons here.
    private bracket = this.RULE(
      'bracket',
      (): Suffix => {
        const open = this.CONSUME(t.LeftBracket);
        const parts: (Expression | undefined)[] = [undefined];
        let colons = 0;
        this.MANY(() => {
          this.OR([
            {
              ALT: () => {
                const colon = this.CONSUME(t.Colons);
                this.ACTION(() => {
                  colons += colon.image.length;
                  for (const _ of colon.image) parts.push(undefined);
                });
              },
            },
            {
              ALT: () => {
                const value = this.SUBRULE(this.expression);
                this.ACTION(() => {
                  if (parts[parts.length - 1] !== undefined)
                    this.problem(value, 'expected "]" after the index');
                  parts[parts.length - 1] = value;
                });
              },
            },
          ]);
        });
        const close = this.CONSUME(t.RightBracket);
        return this.ACTION(() => ({
          kind: 'bracket',
          parts,
          colons,
          range: { start: startOf(open), end: endOf(close) },
        }));
      },
      { recoveryValueFunc: (): Suffix => ({ kind: 'object', object: nothing }) },
    );

    private call = this.RULE(
      'call',
      (): Suffix => {
        const list: Argument[] = [];
        this.CONSUME(t.LeftParen);
        this.MANY({
          GATE: () => this.LA(1).tokenType !== t.RightParen,
          DEF: () => {
            let name: IToken | undefined;
            this.OPTION({
              GATE: () => this.LA(2).tokenType === t.Assign,
              DEF: () => {
                name = this.CONSUME(t.Identifier);
                this.CONSUME(t.Assign);
              },
            });
            const value = this.SUBRULE(this.expression);
            this.ACTION(() => list.push({ name: name && identifierNode(name), value }));
            this.separator([t.RightParen], 'argument');
          },
        });
        const close = this.CONSUME(t.RightParen);
        let strict: IToken | undefined;
        this.OPTION1(() => {
          strict = this.CONSUME(t.TailStrict);
        });
        return this.ACTION(() => ({
          kind: 'call',
          list,
          tailstrict: strict !== undefined,
          end: endOf(strict ?? close),
        }));
      },
      { recoveryValueFunc: (): Suffix => ({ kind: 'object', object: nothing }) },
    );

    private applySuffix(target: Expression, suffix: Suffix): Expression {
      const { start } = withParentheses(target);
      switch (suffix.kind) {
        case 'field':
          return { kind: 'field-access', target, name: suffix.name, start, end: suffix.end };
        case 'object':
          return { kind: 'apply-object', left: target, right: suffix.object, start, end: suffix.object.end };
        case 'bracket':
          return this.indexOrSlice(target, suffix);
        case 'call': {
          const { positional, named } = this.split(suffix.list);
          return {
            kind: 'apply',
            target,
            positional,
            named,
            tailstrict: suffix.tailstrict,
            start,
            end: suffix.end,
          };
        }
      }
    }

    private indexOrSlice(
      target: Expression,
      { parts, colons, range }: Extract<Suffix, { kind: 'bracket' }>,
    ): Expression {
      const [from, to, step] = parts;
      const { start } = withParentheses(target);
      if (colons === 0) {
        if (from === undefined) this.problem(range, 'an index is expected between the brackets');
        return { kind: 'index', target, index: from ?? nothing, start, end: range.end };
      }
      if (colons > 2) this.problem(range, 'a slice has at most two colons');
      return {
        kind: 'slice',
        target,
        ...(from && { from }),
        ...(to && { to }),
        ...(step && { step }),
        start,
        end: range.end,
      };
    }

    private split(list: readonly Argument[]): { positional: Expression[]; named: NamedArgument[] } {
      const positional: Expression[] = [];
      const named: NamedArgument[] = [];
      for (const { name, value } of list) {
        if (name !== undefined) named.push({ name: name.name, value, start: name.start, end: value.end });
        else if (named.length === 0) positional.push(value);
        else this.problem(value, 'a positional argument cannot follow a named one');
      }
      return { positional, named };
    }

    private primary = this.RULE(
      'primary',
      (): Expression =>
        this.OR<IOrAlt<Expression>[]>([
          { ALT: () => this.leaf('null', this.CONSUME(t.Null)) },
          { ALT: () => this.boolean(this.CONSUME(t.True)) },
          { ALT: () => this.boolean(this.CONSUME(t.False)) },
          { ALT: () => this.leaf('self', this.CONSUME(t.Self)) },
          { ALT: () => this.leaf('dollar', this.CONSUME(t.Dollar)) },
          { ALT: () => this.number(this.CONSUME(t.NumberToken)) },
          { ALT: () => this.string(this.CONSUME(t.StringToken)) },
          {
            ALT: () => {
              const name = this.CONSUME(t.Identifier);
              return this.ACTION(() => ({ kind: 'variable', ...identifierNode(name) }));
            },
          },
          {
            ALT: () => {
              const open = this.CONSUME(t.LeftParen);
              const inner = this.SUBRULE(this.expression);
              const close = this.CONSUME(t.RightParen);
              this.ACTION(() => parenthesised.set(inner, { start: startOf(open), end: endOf(close) }));
              return inner;
            },
          },
          { ALT: () => this.SUBRULE(this.array) },
          { ALT: () => this.SUBRULE(this.object) },
          { ALT: () => this.SUBRULE(this.superExpression) },
        ]),
      recovery,
    );

    private leaf(kind: 'null' | 'self' | 'dollar', token: IToken): Expression {
      return { kind, ...rangeOf(token) };
    }

    private boolean(token: IToken): Expression {
      return { kind: 'boolean', value: token.image === 'true', ...rangeOf(token) };
    }

    private number(token: IToken): Expression {
      const value = Number(token.image.replaceAll('_', ''));
      this.ACTION(() => {
        if (!Number.isFinite(value))
          this.problem(rangeOf(token), `the number ${token.image} is too large for a double`);
      });
      return { kind: 'number', value, text: token.image, ...rangeOf(token) };
    }

    private string(token: IToken): Expression {
      return this.ACTION(() => {
        const range = rangeOf(token);
        if (token.tokenType === t.TextBlock) this.textBlocks.add(range.start);
        return { kind: 'string', value: stringValue(token.image, range, this.problems), ...range };
      });
    }

    private superExpression = this.RULE(
      'superExpression',
      (): Expression => {
        const word = this.CONSUME(t.Super);
        return this.OR<IOrAlt<Expression>[]>([
          {
            ALT: () => {
              this.CONSUME(t.Dot);
              const name = this.CONSUME(t.Identifier);
              return this.ACTION(() => ({
                kind: 'super-field',
                name: identifierNode(name),
                start: startOf(word),
                end: endOf(name),
              }));
            },
          },
          {
            ALT: () => {
              this.CONSUME(t.LeftBracket);
              const index = this.SUBRULE(this.expression);
              const close = this.CONSUME(t.RightBracket);
              return this.ACTION(() => ({
                kind: 'super-index',
                index,
                start: startOf(word),
                end: endOf(close),
              }));
            },
          },
        ]);
      },
      recovery,
    );

    private array = this.RULE(
      'array',
      (): Expression => {
        const elements: Expression[] = [];
        let clauses: Clause[] = [];
        const open = this.CONSUME(t.LeftBracket);
        this.MANY({
          GATE: () => this.LA(1).tokenType !== t.RightBracket && this.LA(1).tokenType !== t.For,
          DEF: () => {
            const element = this.SUBRULE(this.expression);
            this.ACTION(() => elements.push(element));
            this.separator([t.RightBracket, t.For], 'array element');
          },
        });
        this.OPTION1({
          GATE: () => this.LA(1).tokenType === t.For,
          DEF: () => {
            clauses = this.SUBRULE(this.clauses);
          },
        });
        const close = this.CONSUME(t.RightBracket);
        return this.ACTION(() => {
          const range = { start: startOf(open), end: endOf(close) };
          if (clauses.length === 0) return { kind: 'array', elements, ...range };
          if (elements.length !== 1)
            this.problem(
              range,
              `an array comprehension has one expression before "for"; found ${elements.length}`,
            );
          return { kind: 'array-comprehension', body: elements[0] ?? nothing, clauses, ...range };
        });
      },
      recovery,
    );

    private clauses = this.RULE(
      'clauses',
      (): Clause[] => {
        const list: Clause[] = [];
        this.AT_LEAST_ONE(() => {
          this.OR([
            {
              ALT: () => {
                const word = this.CONSUME(t.For);
                const name = this.CONSUME(t.Identifier);
                this.CONSUME(t.In);
                const source = this.SUBRULE(this.expression);
                this.ACTION(() =>
                  list.push({ kind: 'for', name: name.image, source, start: startOf(word), end: source.end }),
                );
              },
            },
            {
              ALT: () => {
                const word = this.CONSUME(t.If);
                const condition = this.SUBRULE1(this.expression);
                this.ACTION(() =>
                  list.push({ kind: 'if', condition, start: startOf(word), end: condition.end }),
                );
              },
            },
          ]);
        });
        return list;
      },
      { recoveryValueFunc: () => [] },
    );

    private object = this.RULE(
      'object',
      (): Expression => {
        const members: Member[] = [];
        const locals = new Set<string>();
        const fields = new Set<string>();
        let clauses: Clause[] = [];
        const open = this.CONSUME(t.LeftBrace);
        this.MANY({
          GATE: () => this.LA(1).tokenType !== t.RightBrace && this.LA(1).tokenType !== t.For,
          DEF: () => {
            const member = this.SUBRULE(this.member);
            this.ACTION(() => {
              members.push(member);
              if (member.kind === 'local') this.refuseTwice(member.bind, locals, 'local');
              else if (member.kind === 'field' && member.name.kind === 'fixed')
                this.refuseTwice(member.name, fields, 'field');
            });
            this.separator([t.RightBrace, t.For], 'field');
          },
        });
        this.OPTION1({
          GATE: () => this.LA(1).tokenType === t.For,
          DEF: () => {
            clauses = this.SUBRULE(this.clauses);
          },
        });
        const close = this.CONSUME(t.RightBrace);
        return this.ACTION(() => {
          const range = { start: startOf(open), end: endOf(close) };
          return clauses.length === 0
            ? { kind: 'object', members, ...range }
            : this.comprehension(members, clauses, range);
        });
      },
      recovery,
    );

    private comprehension(members: readonly Member[], clauses: readonly Clause[], range: Range): Expression {
      const fields = members.filter(member => member.kind === 'field');
      const field = fields[0];
      const wrong = members.find(member => member.kind === 'assert');
      if (wrong !== undefined) this.problem(wrong, 'an object comprehension cannot have asserts');
      if (field === undefined || fields.length > 1) {
        this.problem(range, `an object comprehension has one field before "for"; found ${fields.length}`);
        return nothing;
      }
      if (field.name.kind !== 'computed') {
        this.problem(
          field.name,
          'the field of an object comprehension is named by an expression in brackets',
          'write [name]: value',
        );
      } else if (field.visibility !== ':') {
        this.problem(field, `an object comprehension cannot have a field with "${field.visibility}"`);
      }
      const locals = members.flatMap(member => (member.kind === 'local' ? [member.bind] : []));
      return { kind: 'object-comprehension', locals, field, clauses, ...range };
    }

    private member = this.RULE(
      'member',
      (): Member =>
        this.OR<IOrAlt<Member>[]>([
          {
            ALT: () => {
              const word = this.CONSUME(t.Local);
              const bind = this.SUBRULE(this.bind);
              return this.ACTION(() => ({ kind: 'local', bind, start: startOf(word), end: bind.end }));
            },
          },
          {
            ALT: () => {
              const { condition, message, start, end } = this.SUBRULE(this.assertion);
              return this.ACTION(() => ({
                kind: 'assert',
                condition,
                ...(message !== undefined && { message }),
                start,
                end,
              }));
            },
          },
          { ALT: () => this.SUBRULE(this.field) },
        ]),
      { recoveryValueFunc: (): Member => ({ kind: 'assert', condition: nothing, start: 0, end: 0 }) },
    );

    private field = this.RULE(
      'field',
      (): Member => {
        const name = this.SUBRULE(this.fieldName);
        let parameters: Parameter[] | undefined;
        this.OPTION(() => {
          parameters = this.SUBRULE(this.parameters, { ARGS: [name] });
        });
        let plus: IToken | undefined;
        this.OPTION1(() => {
          plus = this.CONSUME(t.Plus);
        });
        const colons = this.CONSUME(t.Colons);
        const value = this.SUBRULE(this.expression);
        return this.ACTION(() => {
          if (plus !== undefined && parameters !== undefined) {
            this.problem(
              name,
              'a method cannot be extended with "+"',
              'write name+: function(…) …, or call super',
            );
          }
          return {
            kind: 'field',
            name,
            plus: plus !== undefined,
            visibility: colons.image as Visibility,
            value: parameters === undefined ? value : functionNode(parameters, value, name.start),
            start: name.start,
            end: value.end,
          };
        });
      },
      { recoveryValueFunc: (): Member => ({ kind: 'assert', condition: nothing, start: 0, end: 0 }) },
    );

    private fieldName = this.RULE(
      'fieldName',
      (): FieldName =>
        this.OR<IOrAlt<FieldName>[]>([
          {
            ALT: () => {
              const name = this.CONSUME(t.Identifier);
              return this.ACTION(() => ({
                kind: 'fixed',
                name: name.image,
                quoted: false,
                ...rangeOf(name),
              }));
            },
          },
          { ALT: () => this.quotedName(this.CONSUME(t.StringToken)) },
          {
            ALT: () => {
              const open = this.CONSUME(t.LeftBracket);
              const expression = this.SUBRULE(this.expression);
              const close = this.CONSUME(t.RightBracket);
              return this.ACTION(() => ({
                kind: 'computed',
                expression,
                start: startOf(open),
                end: endOf(close),
              }));
            },
          },
        ]),
      { recoveryValueFunc: (): FieldName => ({ kind: 'fixed', name: '', quoted: false, start: 0, end: 0 }) },
    );

    private quotedName(token: IToken): FieldName {
      const node = this.string(token) as ExpressionOf<'string'>;
      return this.ACTION(() => ({ kind: 'fixed', name: node.value, quoted: true, ...rangeOf(token) }));
    }

    private refuseTwice(item: Range & { readonly name: string }, seen: Set<string>, what: string): void {
      if (item.name !== '' && seen.has(item.name))
        this.problem(item, `the ${what} "${item.name}" is here twice`, 'keep one of them');
      seen.add(item.name);
    }
  };

/** Ends a parse whose nesting could exhaust the stack. */
const tooDeepMessage = `this is nested more than ${deepest} deep`;

export const tooDeep = (at: number): ParseProblem => ({ start: at, end: at + 1, message: tooDeepMessage });
export const isTooDeep = ({ message }: ParseProblem): boolean => message === tooDeepMessage;

export class TooDeep extends Error {
  readonly problem: ParseProblem;
  constructor(problem: ParseProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

// Precedence climbing over the flat list; all operators associate to the left.
function buildBinary(operands: readonly Expression[], operators: readonly IToken[]): Expression {
  let next = 0;
  const climb = (least: number): Expression => {
    let left = operands[next]!;
    while (next < operators.length && precedence[operators[next]!.image]! >= least) {
      const operator = operators[next]!.image as BinaryOperator;
      next += 1;
      const right = climb(precedence[operator]! + 1);
      left =
        right.start === -1
          ? { kind: 'in-super', left, start: withParentheses(left).start, end: right.end }
          : { kind: 'binary', operator, left, right, ...spanning(left, right) };
    }
    return left;
  };
  return climb(1);
}

// Parentheses are no node of their own, but belong to the range of what is built on top of them.
const parenthesised = new WeakMap<Expression, Range>();

const withParentheses = (tree: Expression): Range => parenthesised.get(tree) ?? tree;

const spanning = (first: Expression, last: Expression): Range => ({
  start: withParentheses(first).start,
  end: withParentheses(last).end,
});

function functionNode(parameters: readonly Parameter[], body: Expression, start: number): Expression {
  return { kind: 'function', parameters, body, start, end: body.end };
}

function identifierNode(token: IToken): IdentifierNode {
  return { name: token.image, ...rangeOf(token) };
}

function isSuperSuffix(token: IToken): boolean {
  return token.tokenType === t.Dot || token.tokenType === t.LeftBracket;
}

const startOf = (token: IToken): number => token.startOffset;
const endOf = (token: IToken): number => token.startOffset + token.image.length;
const rangeOf = (token: IToken): Range => ({ start: startOf(token), end: endOf(token) });

export type JsonnetParser = InstanceType<ReturnType<typeof parserOn>>;

let plain: JsonnetParser | undefined;
let recovering: JsonnetParser | undefined;

/** The parser of texts without mistakes. */
export function plainParser(): JsonnetParser {
  plain ??= new (parserOn(plainEngine))();
  return plain;
}

/** The parser of texts with mistakes; takes long to make. */
export function recoveringParser(): JsonnetParser {
  recovering ??= new (parserOn(loadChevrotain().EmbeddedActionsParser))();
  return recovering;
}
