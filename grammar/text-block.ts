// Text blocks: `|||` (or `|||-`, without the last line break), lines that all start with the white space of the first
// non-empty one, and `|||` on a line that does not.

export type TextBlock = {
  /** The offset after the closing `|||`; of a block with a problem, where reading goes on. */
  readonly end: number;
  readonly value: string;
  readonly problem?: string;
};

const opening = /\|\|\|(-?)[ \t\r]*(\n?)/y;
const white = /[ \t]*/y;

/** Reads the block that opens at `offset`. */
export function scanTextBlock(text: string, offset: number): TextBlock {
  opening.lastIndex = offset;
  const [opened, chomp, lineBreak] = opening.exec(text)!;
  let at = offset + opened.length;
  let value = '';
  const failed = (problem: string, end: number): TextBlock => ({ end, value, problem });
  if (lineBreak === '') return failed('a text block starts on the line after |||', offset + 3);

  const emptyLines = () => {
    while (text[at] === '\n' || text.startsWith('\r\n', at)) {
      const length = text[at] === '\r' ? 2 : 1;
      value += text.slice(at, at + length);
      at += length;
    }
  };
  emptyLines();
  const prefix = whiteAt(text, at);
  if (prefix === '') {
    return failed(
      at >= text.length
        ? 'this text block has no end'
        : "a text block's first line must start with white space",
      lineEnd(text, at),
    );
  }
  for (;;) {
    const end = text.indexOf('\n', at);
    if (end < 0) return failed('this text block has no end', text.length);
    value += text.slice(at + prefix.length, end + 1);
    at = end + 1;
    emptyLines();
    if (text.startsWith(prefix, at)) continue;
    const found = whiteAt(text, at);
    const closing = at + found.length;
    if (text.startsWith('|||', closing)) {
      return { end: closing + 3, value: chomp === '-' ? value.replace(/\n$/, '') : value };
    }
    const problem =
      found === ''
        ? 'a text block ends with ||| on a line of its own'
        : `the lines of this text block are not indented alike: expected at least ${describe(prefix)}, found ${describe(found)}`;
    return failed(problem, resume(text, at));
  }
}

function whiteAt(text: string, at: number): string {
  white.lastIndex = at;
  return white.exec(text)![0];
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

// After the next line that closes a block, if there is one.
function resume(text: string, at: number): number {
  const closing = /^[ \t]*\|\|\|/gm;
  closing.lastIndex = at;
  return closing.test(text) ? closing.lastIndex : text.length;
}

function describe(space: string): string {
  const parts = space.match(/ +|\t+/g)!.map(run => {
    const unit = run[0] === ' ' ? 'space' : 'tab';
    return `${run.length} ${unit}${run.length === 1 ? '' : 's'}`;
  });
  return parts.join(', ');
}
