// Debian control data (deb-control(5), Debian Policy 5.1): stanzas of `Field: value`, continued by indented lines,
// separated by empty ones. The form of control files, Packages indexes and Release files.

/** Field names in lower case; a value's continuation lines follow after newlines, without their first space. */
export type Stanza = ReadonlyMap<string, string>;

/** All stanzas of a text; a line that is no field is left out. */
export function parseStanzas(text: string): Stanza[] {
  return text
    .split(/\n(?:[ \t]*\r?\n)+/)
    .map(parseStanza)
    .filter(stanza => stanza.size > 0);
}

function parseStanza(text: string): Stanza {
  const fields = new Map<string, string>();
  let field: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (field !== undefined) fields.set(field, `${fields.get(field)}\n${line.slice(1)}`);
      continue;
    }
    const colon = line.indexOf(':');
    field = colon > 0 ? line.slice(0, colon).toLowerCase() : undefined;
    if (field !== undefined) fields.set(field, line.slice(colon + 1).trim());
  }
  return fields;
}
