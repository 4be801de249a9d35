// Python source as plain data: tree-sitter's concrete tree (grammar tree-sitter-python, run as WebAssembly), copied
// once so that nothing after this file holds memory of the parser's. Only named nodes and the few tokens that carry
// meaning (operators, `async`) are kept. What the grammar cannot read is an error at its place.
import { createRequire } from 'node:module';
import { Language, type Node, Parser } from 'web-tree-sitter';
import { CogpackError, type Span } from '../base/error.ts';

/** A node of Python source. `type` and `field` are the grammar's names; `text` is the source it covers. */
export type PythonNode = {
  readonly type: string;
  readonly field: string | undefined;
  readonly text: string;
  readonly span: Span;
  readonly children: readonly PythonNode[];
};

/** Parses one file; throws `schema/syntax`, with the span, where it is not Python. */
export type ParsePython = (file: string, text: string) => PythonNode;

const maxSourceLength = 4 << 20;
let loaded: Promise<ParsePython> | undefined;

/** Loads the grammar, once in a process (some 25 ms). */
export function loadPython(): Promise<ParsePython> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<ParsePython> {
  await Parser.init();
  const grammar = createRequire(import.meta.url).resolve('tree-sitter-python/tree-sitter-python.wasm');
  const parser = new Parser();
  parser.setLanguage(await Language.load(grammar));
  return (file, text) => parseWith(parser, file, text);
}

function parseWith(parser: Parser, file: string, text: string): PythonNode {
  if (text.length > maxSourceLength) {
    throw new CogpackError('schema/size', `${file} is larger than a Python file of a model can be (4 MiB)`, {
      hint: 'keep data in files of its own, not in Python source',
    });
  }
  const tree = parser.parse(text);
  if (tree === null) throw new Error(`${file}: the parser has no language`);
  try {
    if (tree.rootNode.hasError) throw syntaxError(file, tree.rootNode);
    return copy(file, text, tree.rootNode, undefined);
  } finally {
    tree.delete();
  }
}

function copy(file: string, source: string, node: Node, field: string | undefined): PythonNode {
  const children: PythonNode[] = [];
  for (let index = 0; index < node.childCount; index++) {
    const child = node.child(index);
    if (child === null || child.type === 'comment') continue;
    const name = node.fieldNameForChild(index) ?? undefined;
    if (child.isNamed || name !== undefined || child.type === 'async')
      children.push(copy(file, source, child, name));
  }
  const text = source.slice(node.startIndex, node.endIndex);
  return { type: node.type, field, text, span: spanOf(file, node), children };
}

function spanOf(file: string, { startPosition: start, endPosition: end }: Node): Span {
  return {
    file,
    line: start.row + 1,
    column: start.column + 1,
    endLine: end.row + 1,
    endColumn: end.column + 1,
  };
}

function syntaxError(file: string, root: Node): CogpackError {
  const node = firstError(root) ?? root;
  const found = node.isMissing
    ? `${node.type} is missing`
    : `found ${JSON.stringify(node.text.slice(0, 40))}`;
  return new CogpackError('schema/syntax', `${file} is not Python that can be read: ${found}`, {
    span: spanOf(file, node),
    hint: 'mend the file; Python 3 up to 3.14 is understood',
  });
}

function firstError(node: Node): Node | undefined {
  if (node.isError || node.isMissing) return node;
  for (const child of node.children) {
    const found = child.hasError || child.isMissing ? firstError(child) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The child that the grammar calls by this field's name. */
export function childOf(node: PythonNode, field: string): PythonNode | undefined {
  return node.children.find(child => child.field === field);
}

/** All children of this field's name, in order. */
export function childrenOf(node: PythonNode, field: string): PythonNode[] {
  return node.children.filter(child => child.field === field);
}

/** The child of this field's name, which the grammar always gives. */
export function partOf(node: PythonNode, field: string): PythonNode {
  const child = childOf(node, field);
  if (child === undefined) throw new Error(`${node.type} has no ${field}: ${node.text}`);
  return child;
}
