// Writes a description: fields of a model as Jsonnet, each below a comment that says why it has its value. The layout
// is that of docs/description.md: two spaces, single quotes, a line of its own for what is too long.
import type { Json } from '../base/canonical.ts';
import type { Span } from '../base/error.ts';

export type Choice = {
  readonly field: string;
  /** Undefined for what is said without a field of its own. */
  readonly value?: Json;
  /** One sentence without a full stop. */
  readonly reason: string;
  readonly source: Pick<Span, 'file' | 'line'>;
};

/** Where a reader looks for a choice: `cog.yaml:3`. */
export type ShownPath = (file: string) => string;

/** The text of a description; `head` has its first lines, without comment signs. */
export function descriptionText(
  head: readonly string[],
  choices: readonly Choice[],
  shown: ShownPath,
): string {
  const said = choices.filter(({ value }) => value === undefined);
  const fields = choices.filter(({ value }) => value !== undefined);
  const lines = [
    ...head.map(line => `// ${line}`),
    ...said.flatMap(choice => comment(choice, '', shown)),
    "local cog = import 'cogpack';",
    '',
    fields.length === 0 ? 'cog.model {}' : 'cog.model {',
    ...fields.flatMap(choice => [
      ...comment(choice, '  ', shown),
      `  ${fieldName(choice.field)}: ${literal(choice.value!, '  ', choice.field.length + 4)},`,
    ]),
    ...(fields.length === 0 ? [] : ['}']),
  ];
  return `${lines.join('\n')}\n`;
}

const width = 110;

function comment({ reason, source }: Choice, indent: string, shown: ShownPath): string[] {
  const place = `${shown(source.file)}:${source.line}`;
  return wrapped(`${place}: ${reason.replace(/\s+/g, ' ')}`, width - indent.length - 3).map(
    line => `${indent}// ${line}`,
  );
}

function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const keywords =
  /^(assert|else|error|false|for|function|if|import|importstr|importbin|in|local|null|self|super|tailstrict|then|true)$/;

function fieldName(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) && !keywords.test(name) ? name : quoted(name);
}

/** A value as Jsonnet, on one line where it fits. `used` is what stands before it on its line. */
function literal(value: Json, indent: string, used: number): string {
  const flat = onOneLine(value);
  if (used + flat.length < width || typeof value !== 'object' || value === null) return flat;
  const inner = `${indent}  `;
  const members = Array.isArray(value)
    ? value.map(item => literal(item, inner, inner.length))
    : Object.entries(value).map(
        ([name, item]) => `${fieldName(name)}: ${literal(item, inner, inner.length + name.length + 2)}`,
      );
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return `${open}\n${members.map(member => `${inner}${member},\n`).join('')}${indent}${close}`;
}

function onOneLine(value: Json): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`;
  const members = Object.entries(value).map(([name, item]) => `${fieldName(name)}: ${onOneLine(item)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

// Jsonnet's escapes are JSON's, and \'.
function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replace(/\\"/g, '"');
  return text.includes("'") && !text.includes('"') ? `"${inner}"` : `'${inner.replace(/'/g, "\\'")}'`;
}
