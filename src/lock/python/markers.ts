// Environment markers (packaging.python.org, "Dependency specifiers"), as locks of other tools hold them:
// `python_version < "3.12" and (sys_platform == "linux" or "gpu" in extras)`.
import { languageOf, type PythonTarget } from './target.ts';
import { satisfies } from './version.ts';

/** Markers' variables: texts, and the sets that lock files know (PEP 751: `extras`, `dependency_groups`). */
export type MarkerEnvironment = Readonly<Record<string, string | readonly string[]>>;

/** What the target's interpreter says of itself. The kernel is that of wherever the image runs: it stays empty. */
export function markersOf(target: PythonTarget) {
  return {
    implementation_name: 'cpython',
    implementation_version: target.version,
    os_name: 'posix',
    platform_machine: target.machine,
    platform_python_implementation: 'CPython',
    platform_release: '',
    platform_system: 'Linux',
    platform_version: '',
    python_full_version: target.version,
    python_version: languageOf(target).join('.'),
    sys_platform: 'linux',
  } as const;
}

/** Whether a marker holds; undefined for a text that is no marker. */
export function evaluateMarker(marker: string, environment: MarkerEnvironment): boolean | undefined {
  const tokens = tokensOf(marker);
  if (tokens === undefined) return undefined;
  const state: State = { tokens, at: 0, environment };
  const result = either(state);
  return state.at === tokens.length ? result : undefined;
}

type Token = { readonly kind: 'name' | 'text' | 'operator' | 'word' | 'paren'; readonly text: string };
type State = { readonly tokens: readonly Token[]; at: number; readonly environment: MarkerEnvironment };

const tokenPattern =
  /\s*(?:(?<paren>[()])|(?<operator>~=|===?|!=|<=?|>=?)|"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<word>(?:and|or|not|in)\b)|(?<name>[A-Za-z_][A-Za-z0-9_.]*))/y;

function tokensOf(marker: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  const text = marker.trimEnd();
  for (let at = 0; at < text.length; at = tokenPattern.lastIndex) {
    tokenPattern.lastIndex = at;
    const groups = tokenPattern.exec(text)?.groups;
    if (groups === undefined) return undefined;
    const { paren, operator, double, single, word, name } = groups;
    const quoted = double ?? single;
    if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted });
    else if (paren !== undefined) tokens.push({ kind: 'paren', text: paren });
    else if (operator !== undefined) tokens.push({ kind: 'operator', text: operator });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else tokens.push({ kind: 'name', text: name! });
  }
  return tokens;
}

function take(state: State, kind: Token['kind'], text?: string): Token | undefined {
  const token = state.tokens[state.at];
  if (token?.kind !== kind || (text !== undefined && token.text !== text)) return undefined;
  state.at += 1;
  return token;
}

// Both sides are always read, so that what follows is found.
function either(state: State): boolean | undefined {
  let result = both(state);
  while (take(state, 'word', 'or')) result = combined(result, both(state), (a, b) => a || b);
  return result;
}

function both(state: State): boolean | undefined {
  let result = one(state);
  while (take(state, 'word', 'and')) result = combined(result, one(state), (a, b) => a && b);
  return result;
}

function combined(
  a: boolean | undefined,
  b: boolean | undefined,
  join: (a: boolean, b: boolean) => boolean,
): boolean | undefined {
  return a === undefined || b === undefined ? undefined : join(a, b);
}

function one(state: State): boolean | undefined {
  if (take(state, 'paren', '(')) {
    const result = either(state);
    return take(state, 'paren', ')') ? result : undefined;
  }
  const left = value(state);
  const isNot = take(state, 'word', 'not') !== undefined;
  const operator = take(state, 'word', 'in') ?? (isNot ? undefined : take(state, 'operator'));
  const right = value(state);
  if (left === undefined || operator === undefined || right === undefined) return undefined;
  if (operator.text === 'in') return typeof left === 'string' && right.includes(left) !== isNot;
  return typeof left === 'string' && typeof right === 'string'
    ? compare(left, operator.text, right)
    : undefined;
}

// Names that were in use before PEP 508.
const formerNames: Readonly<Record<string, string>> = {
  'os.name': 'os_name',
  'sys.platform': 'sys_platform',
  'platform.version': 'platform_version',
  'platform.machine': 'platform_machine',
  'platform.python_implementation': 'platform_python_implementation',
  python_implementation: 'platform_python_implementation',
};

function value(state: State): string | readonly string[] | undefined {
  const text = take(state, 'text');
  if (text !== undefined) return text.text;
  const name = take(state, 'name')?.text;
  return name === undefined ? undefined : state.environment[formerNames[name] ?? name];
}

function compare(left: string, operator: string, right: string): boolean | undefined {
  const byVersion = satisfies(left, operator, right);
  if (byVersion !== undefined) return byVersion;
  switch (operator) {
    case '==':
    case '===':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    default:
      return undefined;
  }
}
