// Where a package's name first stands in the indexes. Of providers that are equal in all else apt takes the one whose
// name it met last while it read them: each stanza's own name, then its relationships field by field, in this order
// (apt's debListParser::NewVersion).
const fields: readonly string[] = [
  'Package',
  'Pre-Depends',
  'Depends',
  'Conflicts',
  'Breaks',
  'Recommends',
  'Suggests',
  'Replaces',
  'Enhances',
  'Provides',
];

/** Index, stanza, field and place: compared in turn. */
export type Mention = readonly [index: number, stanza: number, field: number, at: number];

/** The first mention of `name` in the texts of several indexes. */
export function firstMention(name: string, texts: readonly string[]): Mention {
  for (const [index, text] of texts.entries()) {
    let first: Mention | undefined;
    let end = text.length;
    for (let at = text.indexOf(name); at >= 0 && at < end; at = text.indexOf(name, at + 1)) {
      const field = fieldAt(text, at, name.length);
      if (field < 0) continue;
      const stanza = text.lastIndexOf('\n\n', at);
      const mention: Mention = [index, stanza, field, at];
      if (first === undefined) {
        const blank = text.indexOf('\n\n', at);
        if (blank >= 0) end = blank;
      }
      if (first === undefined || compareMentions(mention, first) < 0) first = mention;
    }
    if (first !== undefined) return first;
  }
  return [texts.length, 0, 0, 0];
}

/** Negative when `a` is met before `b`. */
export function compareMentions(a: Mention, b: Mention): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

/** The rank of the field in which a whole name stands at a place; -1 when it is none of them. */
function fieldAt(text: string, at: number, length: number): number {
  if (!/[ ,|]/.test(text[at - 1] ?? '')) return -1;
  // `name:any` is a name of its own to apt.
  const after = text.slice(at + length, at + length + 4);
  if (/^(?:[a-z0-9+.-]|:any)/.test(after)) return -1;
  const line = text.lastIndexOf('\n', at) + 1;
  return fields.indexOf(text.slice(line, text.indexOf(':', line)));
}
