// The values of string literals (specification, "Lexing": escapes are those of JSON and \').
import type { ParseProblem } from './ast.ts';

const simple: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Decodes what stands between the quotes of a literal; `at` is where that begins in the file. */
export function unescape(body: string, at: number, problems: ParseProblem[]): string {
  if (!body.includes('\\')) return body;
  let value = '';
  let index = 0;
  while (index < body.length) {
    const slash = body.indexOf('\\', index);
    if (slash < 0) return value + body.slice(index);
    value += body.slice(index, slash);
    const letter = body[slash + 1] ?? '';
    if (letter === 'u') {
      const digits = /^[0-9a-fA-F]{4}/.exec(body.slice(slash + 2, slash + 6))?.[0];
      if (digits === undefined) {
        problems.push({
          start: at + slash,
          end: at + Math.min(slash + 6, body.length),
          message: `\\u is followed by four hexadecimal digits; found "${body.slice(slash, slash + 6)}"`,
        });
      } else {
        value += String.fromCharCode(Number.parseInt(digits, 16));
      }
      index = slash + 2 + (digits?.length ?? 0);
    } else {
      const character = Object.hasOwn(simple, letter) ? simple[letter] : undefined;
      if (character === undefined) {
        problems.push({
          start: at + slash,
          end: at + slash + 2,
          message: `\\${letter} is not an escape`,
          hint: 'escapes are \\" \\\' \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four digits; a backslash itself is \\\\',
        });
      }
      value += character ?? letter;
      index = slash + 2;
    }
  }
  return value;
}
