// The simple commands of a POSIX shell script (XCU 2.2, 2.3, 2.9), read and never run: words with what is quoted,
// what is a variable, and what only a shell could tell. Conditions, functions and redirections are passed over; `for`,
// `do` and `done` stand as commands of their own, so that a reader can follow loops over constants.

export type WordPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'variable'; readonly name: string; readonly quoted: boolean }
  /** What stands in `$(…)` or backquotes. */
  | { readonly type: 'substitution'; readonly command: string; readonly quoted: boolean }
  /** An expansion of another form, such as `$1` or `${a%b}`. */
  | { readonly type: 'unknown' };

export type Word = readonly WordPart[];
export type Command = readonly Word[];

const reserved: ReadonlySet<string> = new Set([
  'if',
  'then',
  'elif',
  'else',
  'while',
  'until',
  '!',
  '{',
  'do',
]);
const variableName = /[A-Za-z_][A-Za-z0-9_]*/y;

/** In the script's order. What breaks the grammar ends the last command. */
export function shellCommands(script: string): Command[] {
  const text = script.replaceAll('\\\n', '');
  const commands: Command[] = [];
  const waiting: { readonly delimiter: string; readonly indented: boolean }[] = [];
  let words: Word[] = [];
  let parts: WordPart[] | undefined;
  let at = 0;
  let redirected = false;

  const endWord = (): void => {
    if (parts !== undefined && !redirected) words.push(parts);
    if (parts !== undefined) redirected = false;
    parts = undefined;
  };
  const endCommand = (): void => {
    endWord();
    redirected = false;
    for (let word = literal(words[0]); word !== undefined && reserved.has(word); word = literal(words[0])) {
      if (word === 'do') commands.push([words[0]!]);
      words = words.slice(1);
    }
    if (words.length > 0) commands.push(words);
    words = [];
  };
  const add = (...more: WordPart[]): void => {
    parts = [...(parts ?? []), ...more];
  };
  const skipHereDocuments = (): void => {
    for (const { delimiter, indented } of waiting.splice(0)) {
      for (let isEnd = false; !isEnd && at < text.length; ) {
        const end = endOf(text, '\n', at);
        const line = text.slice(at, end);
        isEnd = (indented ? line.replace(/^\t+/, '') : line) === delimiter;
        at = end + 1;
      }
    }
  };

  while (at < text.length) {
    const char = text[at]!;
    if (char === '#' && parts === undefined) {
      at = endOf(text, '\n', at);
    } else if (char === '\n') {
      endCommand();
      at += 1;
      skipHereDocuments();
    } else if (char === ' ' || char === '\t') {
      endWord();
      at += 1;
    } else if (';&|()'.includes(char)) {
      endCommand();
      at += 1;
    } else if (char === '<' || char === '>') {
      if (/^\d+$/.test(literal(parts) ?? '')) parts = undefined;
      endWord();
      const here = /<<(-?)[ \t]*(['"\\]?)([\w.!-]+)['"]?/y;
      here.lastIndex = at;
      const found = here.exec(text);
      if (found !== null) waiting.push({ delimiter: found[3]!, indented: found[1] === '-' });
      else redirected = true;
      at += found?.[0].length ?? /^[<>&|]+/.exec(text.slice(at, at + 3))![0].length;
    } else if (char === "'") {
      const end = endOf(text, "'", at + 1);
      add({ type: 'text', text: text.slice(at + 1, end) });
      at = end + 1;
    } else if (char === '"') {
      add({ type: 'text', text: '' });
      for (at += 1; at < text.length && text[at] !== '"'; ) {
        const { part, end } = partAt(text, at, true);
        add(part);
        at = end;
      }
      at += 1;
    } else {
      const { part, end } = partAt(text, at, false);
      add(part);
      at = end;
    }
  }
  endCommand();
  return commands;
}

/** A word without expansions, as the text that it stands for; else undefined. */
export function literal(word: Word | undefined): string | undefined {
  if (word === undefined) return undefined;
  const texts = word.map(part => (part.type === 'text' ? part.text : undefined));
  return texts.includes(undefined) ? undefined : texts.join('');
}

type Found = { readonly part: WordPart; readonly end: number };

function partAt(text: string, at: number, quoted: boolean): Found {
  const char = text[at]!;
  const next = text[at + 1] ?? '';
  if (char === '\\') {
    const isEscape = !quoted || '$`"\\'.includes(next);
    return { part: { type: 'text', text: isEscape ? next : char + next }, end: at + 2 };
  }
  if (char === '`') {
    const end = endOf(text, '`', at + 1);
    return { part: { type: 'substitution', command: text.slice(at + 1, end), quoted }, end: end + 1 };
  }
  if (char !== '$') {
    let end = at + 1;
    const stop = quoted ? '"\\`$' : ' \t\n;&|()<>\'"\\`$';
    while (end < text.length && !stop.includes(text[end]!)) end += 1;
    return { part: { type: 'text', text: text.slice(at, end) }, end };
  }
  if (next === '(') {
    const end = closing(text, at + 1, '(', ')');
    return { part: { type: 'substitution', command: text.slice(at + 2, end), quoted }, end: end + 1 };
  }
  if (next === '{') {
    const end = closing(text, at + 1, '{', '}');
    const name = text.slice(at + 2, end);
    const isName = /^[A-Za-z_]\w*$/.test(name);
    return { part: isName ? { type: 'variable', name, quoted } : { type: 'unknown' }, end: end + 1 };
  }
  variableName.lastIndex = at + 1;
  const name = variableName.exec(text)?.[0];
  if (name !== undefined) return { part: { type: 'variable', name, quoted }, end: at + 1 + name.length };
  if (/[0-9@*#?$!-]/.test(next)) return { part: { type: 'unknown' }, end: at + 2 };
  return { part: { type: 'text', text: '$' }, end: at + 1 };
}

/** Where the bracket that opens at `from` closes; quotes hide brackets. */
function closing(text: string, from: number, open: string, close: string): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (char === '\\') at += 1;
    else if (char === "'") at = endOf(text, "'", at + 1);
    else if (char === open) depth += 1;
    else if (char === close) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return text.length;
}

function endOf(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from);
  return found < 0 ? text.length : found;
}
