// The values of string literals (specification, "Lexing": escapes are those of JSON and \').
import type { ParseProblem, Range } from './ast.ts';
import { scanTextBlock } from './text-block.ts';

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

const escapes =
  'escapes are \\" \\\' \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four digits; a backslash itself is \\\\';

/** The value of a string's token: quoted, verbatim (@) or a block. What is wrong with it goes to `problems`. */
export function stringValue(text: string, range: Range, problems: ParseProblem[]): string {
  if (text.startsWith('|')) return scanTextBlock(text, 0).value;
  if (!text.startsWith('@')) return decode(text.slice(1, -1), range, problems);
  const quote = text[1]!;
  return text.slice(2, -1).replaceAll(quote + quote, quote);
}

function decode(body: string, { start, end }: Range, problems: ParseProblem[]): string {
  if (!body.includes('\\')) return body;
  let value = '';
  let index = 0;
  for (;;) {
    const slash = body.indexOf('\\', index);
    if (slash < 0) return (value + body.slice(index)).toWellFormed();
    value += body.slice(index, slash);
    const letter = body[slash + 1] ?? '';
    index = slash + 2;
    if (letter === 'u') {
      const found = body.slice(index, index + 4);
      const digits = /^[0-9a-fA-F]*/.exec(found)![0];
      index += digits.length;
      if (digits.length === 4) {
        value += String.fromCharCode(Number.parseInt(digits, 16));
        continue;
      }
      problems.push({
        start,
        end,
        message: `\\u is followed by four hexadecimal digits; found \\u${found}`,
        hint: escapes,
      });
    } else if (Object.hasOwn(simple, letter)) {
      value += simple[letter];
    } else {
      problems.push({ start, end, message: `\\${letter} is not an escape`, hint: escapes });
    }
  }
}
