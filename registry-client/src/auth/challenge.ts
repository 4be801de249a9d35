// Reads WWW-Authenticate (RFC 9110 §11.6.1): one or more challenges, each a scheme with parameters.

export type Challenge = { readonly scheme: string; readonly parameters: Readonly<Record<string, string>> };

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/;
const quoted = /^"((?:[^"\\]|\\.)*)"/;

/** The challenges in order, schemes and parameter names in lower case. What cannot be read is left out. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let rest = header;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const match = pattern.exec(rest) ?? undefined;
    rest = rest.slice(match?.[0].length ?? 0);
    return match;
  };
  while (rest !== '') {
    take(/^[\s,]+/);
    const word = take(token)?.[0].toLowerCase();
    if (word === undefined) break;
    if (take(/^\s*=\s*/) === undefined) {
      challenges.push({ scheme: word, parameters: {} });
      continue;
    }
    const value = take(quoted)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? take(token)?.[0];
    const last = challenges.at(-1);
    if (last !== undefined && value !== undefined) last.parameters[word] = value;
  }
  return challenges;
}
