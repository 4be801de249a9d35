// What the names of a Python file stand for, as far as its source tells: classes, functions, assignments and imports at
// the top level, also inside `if` and `try`, where the first branch that imports or defines a name counts. A value that
// only running the file can tell (`X.append(…)`, `X += …`, `global X`, an `if` with two outcomes) is marked dynamic.
import { childOf, childrenOf, type ParsePython, type PythonNode, partOf } from './tree.ts';

export type Definition =
  | { readonly kind: 'class'; readonly node: PythonNode; readonly decorators: readonly PythonNode[] }
  | { readonly kind: 'function'; readonly node: PythonNode; readonly decorators: readonly PythonNode[] }
  | { readonly kind: 'assignment'; readonly node: PythonNode }
  /** Set by a statement that only running the code can tell the outcome of. */
  | { readonly kind: 'dynamic'; readonly node: PythonNode }
  /** `import a.b as x` (the module a.b), `import a.b` (the module a). */
  | { readonly kind: 'import'; readonly node: PythonNode; readonly module: string }
  /** `from ..a import b`: `level` dots, then `module`, which may be empty. */
  | {
      readonly kind: 'import-from';
      readonly node: PythonNode;
      readonly level: number;
      readonly module: string;
      readonly name: string;
    };

export type StarImport = Extract<Definition, { kind: 'import-from' }>;

export type Module = {
  /** Relative to the project's root, with `/`. */
  readonly file: string;
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly stars: readonly StarImport[];
};

type Names = { readonly definitions: Map<string, Definition>; readonly stars: StarImport[] };

/** Parses a file, which errors call `shown`, and collects its names. Throws `schema/syntax`. */
export function readModule(parse: ParsePython, file: string, shown: string, text: string): Module {
  const names: Names = { definitions: new Map(), stars: [] };
  for (const statement of parse(shown, text).children) collect(statement, names);
  return { file, ...names };
}

/** The names that a class's body gives: its attributes and methods. */
export function classMembers(node: PythonNode): ReadonlyMap<string, Definition> {
  const names: Names = { definitions: new Map(), stars: [] };
  for (const statement of partOf(node, 'body').children) collect(statement, names);
  return names.definitions;
}

function collect(statement: PythonNode, names: Names): void {
  switch (statement.type) {
    case 'class_definition':
    case 'function_definition':
      define(statement, statement, [], names);
      return;
    case 'decorated_definition':
      define(
        statement,
        partOf(statement, 'definition'),
        statement.children.filter(child => child.type === 'decorator'),
        names,
      );
      return;
    case 'import_statement':
      for (const imported of childrenOf(statement, 'name')) collectImport(imported, names);
      return;
    case 'import_from_statement':
      collectImportFrom(statement, names);
      return;
    case 'expression_statement':
      for (const expression of statement.children) collectExpression(expression, names);
      return;
    case 'type_alias_statement': {
      const name = partOf(statement, 'left').text;
      names.definitions.set(name, { kind: 'assignment', node: partOf(statement, 'right') });
      return;
    }
    case 'if_statement':
    case 'try_statement':
      collectBranches(statement, names);
      return;
    case 'with_statement':
      for (const inner of partOf(statement, 'body').children) collect(inner, names);
      return;
    case 'for_statement':
    case 'while_statement':
    case 'delete_statement':
    case 'match_statement':
      for (const name of changedNames(statement)) markDynamic(name, statement, names.definitions);
  }
}

function define(
  statement: PythonNode,
  node: PythonNode,
  decorators: readonly PythonNode[],
  { definitions }: Names,
): void {
  const kind = node.type === 'class_definition' ? 'class' : 'function';
  definitions.set(partOf(node, 'name').text, { kind, node, decorators });
  if (kind === 'function') markGlobals(statement, definitions);
}

function collectBranches(statement: PythonNode, names: Names): void {
  const before = new Map(names.definitions);
  const branches = blocksOf(statement).map(block => {
    const branch: Names = { definitions: new Map(before), stars: names.stars };
    for (const inner of block.children) collect(inner, branch);
    return branch.definitions;
  });
  const complete = statement.children.some(child => child.type === 'else_clause');
  const outcomes = complete ? branches : [...branches, before];
  for (const branch of branches) {
    for (const [name, definition] of branch) {
      if (definition === before.get(name) || names.definitions.get(name) !== before.get(name)) continue;
      const one =
        definition.kind !== 'assignment' || outcomes.every(other => isSame(other.get(name), definition));
      names.definitions.set(name, one ? definition : { kind: 'dynamic', node: definition.node });
    }
  }
}

function isSame(one: Definition | undefined, other: Definition): boolean {
  return one?.kind === other.kind && one.node.text === other.node.text;
}

function blocksOf(node: PythonNode): PythonNode[] {
  return node.children.flatMap(child => {
    if (child.type === 'block') return [child];
    return /_clause$/.test(child.type) ? blocksOf(child) : [];
  });
}

function collectImport(imported: PythonNode, { definitions }: Names): void {
  const node = imported;
  if (imported.type === 'aliased_import') {
    const module = partOf(imported, 'name').text;
    definitions.set(partOf(imported, 'alias').text, { kind: 'import', node, module });
    return;
  }
  const top = imported.text.split('.', 1)[0]!;
  definitions.set(top, { kind: 'import', node, module: top });
}

function collectImportFrom(statement: PythonNode, names: Names): void {
  const source = partOf(statement, 'module_name').text.replaceAll(/\s/g, '');
  const module = source.replace(/^\.+/, '');
  const from = { kind: 'import-from', level: source.length - module.length, module } as const;
  const star = statement.children.find(child => child.type === 'wildcard_import');
  if (star !== undefined) names.stars.push({ ...from, node: star, name: '*' });
  for (const node of childrenOf(statement, 'name')) {
    const name = childOf(node, 'name')?.text ?? node.text;
    const local = childOf(node, 'alias')?.text ?? name;
    names.definitions.set(local, { ...from, node, name });
  }
}

const mutators = new Set(
  'add append clear discard extend insert pop popitem remove reverse setdefault sort update'.split(' '),
);

function collectExpression(expression: PythonNode, names: Names): void {
  const { definitions } = names;
  if (expression.type === 'assignment') {
    collectAssignment(expression, names);
  } else if (expression.type === 'augmented_assignment') {
    const left = rootName(partOf(expression, 'left'));
    if (left !== undefined) definitions.set(left, { kind: 'dynamic', node: expression });
  } else if (expression.type === 'call') {
    const callee = partOf(expression, 'function');
    if (callee.type !== 'attribute' || !mutators.has(partOf(callee, 'attribute').text)) return;
    const name = rootName(callee);
    if (name !== undefined) markDynamic(name, expression, definitions);
  }
}

function collectAssignment(expression: PythonNode, names: Names): void {
  const left = partOf(expression, 'left');
  const right = childOf(expression, 'right');
  if (right === undefined) return;
  if (right.type === 'assignment') collectAssignment(right, names);
  let value = right;
  while (value.type === 'assignment') value = partOf(value, 'right');
  if (left.type === 'identifier') {
    names.definitions.set(left.text, { kind: 'assignment', node: value });
  } else {
    for (const name of targetNames(left)) markDynamic(name, expression, names.definitions);
  }
}

/** The names that an assignment to this changes: `a, (b, c[0])` changes a, b and c. */
function targetNames(target: PythonNode): string[] {
  if (/(pattern|tuple|list|expression_list)$/.test(target.type)) return target.children.flatMap(targetNames);
  const name = rootName(target);
  return name === undefined ? [] : [name];
}

/** The names that running a statement may set or change, those in the bodies of functions and classes aside. */
function changedNames(node: PythonNode): string[] {
  if (node.type === 'function_definition' || node.type === 'class_definition')
    return [partOf(node, 'name').text];
  const inner = node.children.flatMap(changedNames);
  if (node.type === 'delete_statement') return [...inner, ...node.children.flatMap(targetNames)];
  const target = childOf(node, node.type === 'named_expression' ? 'name' : 'left');
  if (target !== undefined && /^(augmented_assignment|assignment|for_.*|named_expression)$/.test(node.type)) {
    return [...inner, ...targetNames(target)];
  }
  const callee = node.type === 'call' ? partOf(node, 'function') : undefined;
  const mutates = callee?.type === 'attribute' && mutators.has(partOf(callee, 'attribute').text);
  return mutates ? [...inner, ...targetNames(callee)] : inner;
}

function markDynamic(name: string, node: PythonNode, definitions: Map<string, Definition>): void {
  const known = definitions.get(name)?.kind;
  if (known === undefined || known === 'assignment') definitions.set(name, { kind: 'dynamic', node });
}

function markGlobals(node: PythonNode, definitions: Map<string, Definition>): void {
  if (node.type === 'global_statement') {
    for (const name of node.children) definitions.set(name.text, { kind: 'dynamic', node: name });
  }
  for (const child of node.children) markGlobals(child, definitions);
}

function rootName(node: PythonNode): string | undefined {
  if (node.type === 'identifier') return node.text;
  const inner = childOf(node, 'object') ?? childOf(node, 'value');
  return inner === undefined ? undefined : rootName(inner);
}
