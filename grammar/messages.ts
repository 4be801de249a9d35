// What the parser says of a token that does not fit: what was expected there, and what was found.
import type { IParserErrorMessageProvider, IToken, TokenType } from 'chevrotain';

const found = (token: IToken | undefined): string => {
  if (token === undefined || token.tokenType.name === 'EOF') return 'the end of the file';
  const image = token.image.split('\n')[0]!;
  return image.length > 30 ? `${image.slice(0, 30)}…` : image;
};

const label = (type: TokenType): string => type.LABEL ?? type.name;

export const messages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual }) => `expected ${label(expected)}; found ${found(actual)}`,
  buildNotAllInputParsedMessage: ({ firstRedundant }) =>
    `expected the end of the file or an operator; found ${found(firstRedundant)}`,
  buildNoViableAltMessage({ actual, expectedPathsPerAlt, customUserDescription }) {
    const first = new Set(
      expectedPathsPerAlt.flat().flatMap(path => (path[0] === undefined ? [] : [label(path[0])])),
    );
    const what = customUserDescription ?? (first.size > 8 ? 'an expression' : list([...first]));
    return `expected ${what}; found ${found(actual[0])}`;
  },
  buildEarlyExitMessage: ({ actual, expectedIterationPaths }) =>
    `expected ${list([...new Set(expectedIterationPaths.flatMap(path => (path[0] === undefined ? [] : [label(path[0])])))])}; ` +
    `found ${found(actual[0])}`,
};

function list(names: readonly string[]): string {
  return names.length < 2
    ? (names[0] ?? 'something else')
    : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
