// YAML as nodes that know their place, so that what is wrong with a file is shown at its own line and column. Scalars
// give their text as it was written: `3.10` is a version and not the number 3.1.
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { CogpackError, type Span } from '../base/error.ts';

export type YamlNode = {
  readonly span: Span;
  readonly content:
    | { readonly kind: 'map'; readonly entries: readonly YamlEntry[] }
    | { readonly kind: 'list'; readonly items: readonly YamlNode[] }
    | { readonly kind: 'scalar'; readonly value: YamlScalar; readonly text: string }
    | { readonly kind: 'empty' };
};
export type YamlScalar = string | number | boolean;
export type YamlEntry = { readonly key: string; readonly keySpan: Span; readonly value: YamlNode };

/** Reads one document (YAML 1.2, with the merge keys of 1.1); `file` is its name in spans. Throws `inputs/yaml`. */
export function readYaml(text: string, file: string): YamlNode {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const spanOf = (start: number, end: number): Span => {
    const from = lineCounter.linePos(start);
    const to = lineCounter.linePos(Math.max(start, end));
    return { file, line: from.line, column: from.col, endLine: to.line, endColumn: to.col };
  };
  const [problem] = document.errors;
  if (problem !== undefined) {
    const [first] = problem.message.split(/ at line \d+, column \d+/);
    throw new CogpackError('inputs/yaml', `${file} is not YAML: ${first}`, {
      span: spanOf(problem.pos[0], problem.pos[1]),
      hint: 'mend the line that is shown; YAML tells what belongs together by its indentation',
    });
  }
  const start = spanOf(0, 0);
  let visits = 0;
  const open = new Set<unknown>();
  const read = (node: unknown, outer: Span): YamlNode => {
    const target = isAlias(node) ? node.resolve(document) : node;
    if (open.has(target))
      throw new CogpackError('inputs/yaml', `${file} has an alias to what it is part of`, { span: outer });
    if (isMap(target) || isSeq(target)) open.add(target);
    const found = readTarget(node, target, outer);
    open.delete(target);
    return found;
  };
  const readTarget = (node: unknown, target: unknown, outer: Span): YamlNode => {
    // Aliases of aliases may stand for more than memory holds.
    visits += 1;
    if (visits > mostNodes)
      throw new CogpackError('inputs/yaml', `${file} has too many aliases`, { span: outer });
    const range = (node as Node | null)?.range;
    const span = range ? spanOf(range[0], range[1]) : outer;
    if (isMap(target)) {
      const entries = target.items.map(({ key, value }) => {
        const keySpan = rangeSpan(key, spanOf) ?? span;
        return { key: isScalar(key) ? String(key.value) : '', keySpan, value: read(value, keySpan) };
      });
      return { span, content: { kind: 'map', entries: withMerged(entries) } };
    }
    if (isSeq(target)) {
      return { span, content: { kind: 'list', items: target.items.map(item => read(item, span)) } };
    }
    if (!isScalar(target) || target.value === null || target.value === undefined)
      return { span, content: { kind: 'empty' } };
    const { value, source } = target;
    if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
      return { span, content: { kind: 'scalar', value, text: source ?? String(value) } };
    throw new CogpackError('inputs/yaml', `${file} has a value of a kind that is not known`, { span });
  };
  return read(document.contents, start);
}

const mostNodes = 100_000;

// `<<: *defaults` gives the entries that the map itself does not have.
function withMerged(entries: readonly YamlEntry[]): readonly YamlEntry[] {
  const own = entries.filter(({ key }) => key !== '<<');
  const merged = entries
    .filter(({ key }) => key === '<<')
    .flatMap(({ value }) => (value.content.kind === 'list' ? value.content.items : [value]))
    .flatMap(({ content }) => (content.kind === 'map' ? content.entries : []));
  const all = new Map<string, YamlEntry>();
  for (const entry of [...own, ...merged]) if (!all.has(entry.key)) all.set(entry.key, entry);
  return [...all.values()];
}

function rangeSpan(node: unknown, spanOf: (start: number, end: number) => Span): Span | undefined {
  const range = (node as Node | null)?.range;
  return range ? spanOf(range[0], range[1]) : undefined;
}
