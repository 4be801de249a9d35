// Debian versions, [epoch:]upstream[-revision], and their order (Debian Policy 5.6.12, deb-version(7)).

/** Negative, zero or positive as `a` is before, equal to or after `b`. Total: any two texts have an order. */
export function compareVersions(a: string, b: string): number {
  const left = split(a);
  const right = split(b);
  return (
    compareNumbers(left.epoch, right.epoch) ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

export type Relation = '<<' | '<=' | '=' | '>=' | '>>';

/** True when `version` stands in `relation` to `to`. */
export function satisfies(version: string, relation: Relation, to: string): boolean {
  const order = compareVersions(version, to);
  switch (relation) {
    case '<<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '=':
      return order === 0;
    case '>=':
      return order >= 0;
    case '>>':
      return order > 0;
  }
}

function split(version: string): { epoch: string; upstream: string; revision: string } {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? '' : version.slice(0, colon),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

// Stretches of non-digits and of digits are compared in turn.
function compareParts(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const order = weight(a, i) - weight(b, j);
      if (order !== 0) return order;
      i += 1;
      j += 1;
    }
    const endA = endOfDigits(a, i);
    const endB = endOfDigits(b, j);
    const order = compareNumbers(a.slice(i, endA), b.slice(j, endB));
    if (order !== 0) return order;
    i = endA;
    j = endB;
  }
  return 0;
}

// A tilde sorts before all, even the end; the end and digits before letters; letters before all other characters.
function weight(text: string, at: number): number {
  if (at >= text.length || isDigit(text, at)) return 0;
  const code = text.charCodeAt(at);
  if (text[at] === '~') return -1;
  return /[A-Za-z]/.test(text[at]!) ? code : code + 0x1_0000;
}

function isDigit(text: string, at: number): boolean {
  return text[at]! >= '0' && text[at]! <= '9';
}

function endOfDigits(text: string, from: number): number {
  let end = from;
  while (end < text.length && isDigit(text, end)) end += 1;
  return end;
}

/** Digits of any length; none count as 0. */
function compareNumbers(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
