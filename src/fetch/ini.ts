// pip's configuration files: sections of `key = value` or `key: value`, a value going on over indented lines.

/** Values by `section.key`, keys in lower case with `-` for `_`, continuation lines joined by newlines. */
export function parseIni(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let section = '';
  let key: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;].*)?$/.test(line)) continue;
    const header = /^\[([^\]]*)\]/.exec(line);
    const assignment = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line);
    if (header !== null) {
      section = header[1]!.trim().toLowerCase();
      key = undefined;
    } else if (/^\s/.test(line)) {
      if (key !== undefined) values.set(key, `${values.get(key)}\n${line.trim()}`.trim());
    } else if (assignment !== null) {
      key = `${section}.${assignment[1]!.toLowerCase().replaceAll('_', '-')}`;
      values.set(key, assignment[2]!.trim());
    }
  }
  return values;
}
