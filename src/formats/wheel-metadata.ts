// What a wheel says of itself: its file name, METADATA, WHEEL, entry_points.txt and RECORD (packaging.python.org
// specifications: binary distribution format, core metadata, entry points, recording installed projects).
// Pure parsers: a fault is returned as text, or as undefined where there is one way only to be wrong.

export type WheelName = { readonly name: string; readonly version: string };

/** `name-version[-build]-python-abi-platform.whl`; undefined for anything else. */
export function parseWheelName(filename: string): WheelName | undefined {
  const match = /^([A-Za-z0-9_.]+)-([A-Za-z0-9_.!+]+)(-[0-9][^-]*)?-[^-]+-[^-]+-[^-]+\.whl$/.exec(filename);
  return match ? { name: match[1]!, version: match[2]! } : undefined;
}

/** The form in which names are compared (specification "Names and normalization"). */
export function normalName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}

/**
 * The form in which versions are compared (specification "Version specifiers"): `1.0.0`, `v1.0` and `1` are one
 * version. A text that is no version is compared as it is, in lower case.
 */
export function normalVersion(version: string): string {
  const text = version.trim().toLowerCase().replaceAll('_', '-');
  const match = versionPattern.exec(text);
  if (match === null) return text.replace(/[-_.]+/g, '.');
  const [, epoch, release, pre, preNumber, postDash, post, postNumber, dev, devNumber, local] = match;
  const numbers = release!.split('.').map(digits => BigInt(digits));
  while (numbers.length > 1 && numbers.at(-1) === 0n) numbers.pop();
  return [
    BigInt(epoch ?? 0) > 0n ? `${BigInt(epoch!)}!` : '',
    numbers.join('.'),
    pre === undefined ? '' : `${preNames[pre] ?? pre}${BigInt(preNumber || 0)}`,
    post === undefined && postDash === undefined ? '' : `.post${BigInt(postDash || postNumber || 0)}`,
    dev === undefined ? '' : `.dev${BigInt(devNumber || 0)}`,
    local === undefined ? '' : `+${local.replace(/[-_]/g, '.')}`,
  ].join('');
}

const preNames: Readonly<Record<string, string>> = {
  alpha: 'a',
  beta: 'b',
  c: 'rc',
  pre: 'rc',
  preview: 'rc',
};
const versionPattern = new RegExp(
  [
    /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)/,
    /(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d*))?/,
    /(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?/,
    /(?:[-_.]?(dev)[-_.]?(\d*))?/,
    /(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/,
  ]
    .map(part => part.source)
    .join(''),
);

/** The headers of METADATA or WHEEL up to the first empty line: names in lower case, the first value of each. */
export function parseHeaders(text: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    if (line === '') break;
    const match = /^([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (match === null) continue; // a folded line goes on; no header that is read here is folded
    const name = match[1]!.toLowerCase();
    if (!headers.has(name)) headers.set(name, match[2]!);
  }
  return headers;
}

/** A script to make: `name = module:attribute.path`. */
export type EntryPoint = { readonly name: string; readonly module: string; readonly attribute: string };

const identifier = String.raw`[\p{L}_][\p{L}\p{N}_]*`;
const dotted = `${identifier}(?:\\.${identifier})*`;
const reference = new RegExp(`^(${dotted})\\s*:\\s*(${dotted})\\s*(?:\\[.*\\])?$`, 'u');

/** The console and GUI scripts of an entry_points.txt; `faults` are lines that name no usable script. */
export function parseEntryPoints(text: string): {
  readonly scripts: EntryPoint[];
  readonly faults: string[];
} {
  const scripts: EntryPoint[] = [];
  const faults: string[] = [];
  let wanted = false;
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const section = /^\[(.*)\]$/.exec(line);
    if (section !== null) {
      wanted = section[1]!.trim() === 'console_scripts' || section[1]!.trim() === 'gui_scripts';
      continue;
    }
    if (!wanted) continue;
    const equals = line.indexOf('=');
    const name = line.slice(0, Math.max(0, equals)).trim();
    const target = reference.exec(line.slice(equals + 1).trim());
    const usable = target !== null && /^[\w.+-][\w.+ -]*$/u.test(name) && name !== '.' && name !== '..';
    if (usable) scripts.push({ name, module: target[1]!, attribute: target[2]! });
    else faults.push(line);
  }
  return { scripts, faults };
}

/** A RECORD line: `path,algorithm=hash,size`; hash and size may be empty. */
export type RecordLine = { readonly path: string; readonly hash: string; readonly size: string };

/** The lines of a RECORD (CSV as Python's csv module writes it); undefined when it is no such file. */
export function parseRecord(text: string): RecordLine[] | undefined {
  const lines: RecordLine[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const fields = csvFields(line);
    if (fields === undefined || fields.length !== 3) return undefined;
    lines.push({ path: fields[0]!, hash: fields[1]!, size: fields[2]! });
  }
  return lines;
}

/** RECORD's text: lines ordered by path, each ended by a newline. */
export function formatRecord(lines: readonly RecordLine[]): string {
  const texts = lines.map(({ path, hash, size }) => [path, hash, size].map(csvField).join(','));
  return texts
    .sort()
    .map(text => `${text}\n`)
    .join('');
}

function csvFields(line: string): string[] | undefined {
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  for (let rest = line; ; ) {
    const match = /^(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/.exec(rest);
    if (match === null) return undefined;
    fields.push(match[1] === undefined ? match[2]! : match[1].replaceAll('""', '"'));
    if (match[3] === '') return fields;
    rest = rest.slice(match[0].length);
  }
}

function csvField(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
