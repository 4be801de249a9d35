// Names across the files of a project: follows imports from file to file (Python reference, The import system) until a
// definition, or a name that lies outside the project, is reached. Imports start at the project's root, which is the
// working directory of the server, or with dots at the importing file's folder. Each file is parsed at most once.
import { posix } from 'node:path';
import { failure } from './failure.ts';
import { classMembers, type Definition, type Module, readModule } from './modules.ts';
import { type ParsePython, type PythonNode, partOf } from './tree.ts';

/** The text of a file, named relative to the project's root with `/`; undefined if there is none. */
export type ReadFile = (path: string) => string | undefined;

export type Project = {
  /** The folder as errors are to name it; empty for names relative to it. */
  readonly root: string;
  readonly parse: ParsePython;
  readonly readFile: ReadFile;
  readonly modules: Map<string, Module | undefined>;
};

/** What a name stands for. */
export type Resolved =
  | { readonly kind: 'defined'; readonly definition: LocalDefinition; readonly module: Module }
  | { readonly kind: 'module'; readonly module: Module }
  /** Of the standard library or a package: its dotted name, `typing.List` or `builtins.str` say. */
  | { readonly kind: 'external'; readonly path: string };

export type LocalDefinition = Exclude<Definition, { kind: 'import' | 'import-from' }>;

/** Modules that are never looked for in the project. */
const known = new Set([
  'abc',
  'builtins',
  'cog',
  'collections',
  'dataclasses',
  'enum',
  'pathlib',
  'pydantic',
  'typing',
  'typing_extensions',
]);

const builtins = new Set(
  'Ellipsis None bool bytes complex dict float frozenset int list object set str tuple type'.split(' '),
);

/** What `from … import *` gives of these modules, as far as schemas use it. */
const starNames: Readonly<Record<string, ReadonlySet<string>>> = {
  cog: new Set(
    (
      'AsyncConcatenateIterator BaseModel BasePredictor BaseRunner ConcatenateIterator File Input Opaque Path Secret ' +
      'concurrent streaming'
    ).split(' '),
  ),
  typing: new Set(
    (
      'Annotated Any AsyncIterator ClassVar Dict Final Iterator List Literal NotRequired Optional Required TypedDict ' +
      'Union'
    ).split(' '),
  ),
  pydantic: new Set(['BaseModel', 'Field']),
};

export function openProject(parse: ParsePython, readFile: ReadFile, root: string): Project {
  return { root, parse, readFile, modules: new Map() };
}

/** The module of a file of the project; undefined if there is no such file. Throws `schema/syntax`. */
export function loadFile(project: Project, file: string): Module | undefined {
  if (!project.modules.has(file)) {
    const text = project.readFile(file);
    project.modules.set(
      file,
      text === undefined ? undefined : readModule(project.parse, file, posix.join(project.root, file), text),
    );
  }
  return project.modules.get(file);
}

/** What `name` stands for in a module; undefined if nothing there defines it. */
export function resolveName(
  project: Project,
  module: Module,
  name: string,
  seen: ReadonlySet<string> = new Set(),
): Resolved | undefined {
  const key = `${module.file}:${name}`;
  if (seen.has(key)) return undefined;
  const path = new Set(seen).add(key);
  const definition = module.definitions.get(name);
  if (definition !== undefined) return follow(project, module, definition, path);
  for (const star of module.stars) {
    const found = follow(project, module, { ...star, name }, path, true);
    if (found !== undefined) return found;
  }
  return builtins.has(name) ? { kind: 'external', path: `builtins.${name}` } : undefined;
}

/** What a name or a dotted name (`module.Class`, `Class.attribute`) stands for. */
export function resolveReference(project: Project, module: Module, node: PythonNode): Resolved | undefined {
  if (node.type === 'identifier') return resolveName(project, module, node.text);
  if (node.type === 'none') return { kind: 'external', path: 'builtins.None' };
  if (node.type !== 'attribute') return undefined;
  const owner = resolveReference(project, module, partOf(node, 'object'));
  const name = partOf(node, 'attribute').text;
  switch (owner?.kind) {
    case 'external':
      return moduleAt(project, `${owner.path}.${name}`) ?? externalOf(`${owner.path}.${name}`);
    case 'module':
      return resolveName(project, owner.module, name) ?? submodule(project, owner.module, name);
    case 'defined':
      return memberOf(project, owner, name);
    default:
      return undefined;
  }
}

/** As `resolveReference`, and on through assignments that only give another name: `Predictor = Model`. */
export function resolveFully(
  project: Project,
  module: Module,
  node: PythonNode,
  depth = 0,
): Resolved | undefined {
  const found = resolveReference(project, module, node);
  if (found?.kind !== 'defined' || found.definition.kind !== 'assignment' || depth > 20) return found;
  const value = found.definition.node;
  if (value.type !== 'identifier' && value.type !== 'attribute') return found;
  return resolveFully(project, found.module, value, depth + 1) ?? found;
}

/** An attribute or method of a class, its own or inherited from a class of the project. */
export function memberOf(
  project: Project,
  owner: Extract<Resolved, { kind: 'defined' }>,
  name: string,
): Extract<Resolved, { kind: 'defined' }> | undefined {
  const { definition, module } = owner;
  if (definition.kind !== 'class') return undefined;
  const own = classMembers(definition.node).get(name);
  if (own !== undefined && own.kind !== 'import' && own.kind !== 'import-from') {
    return { kind: 'defined', definition: own, module };
  }
  for (const base of basesOf(project, owner)) {
    const found = base.kind === 'defined' ? memberOf(project, base, name) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a class inherits from, in the order it says; names that nothing defines are left out. */
export function basesOf(project: Project, owner: Extract<Resolved, { kind: 'defined' }>): Resolved[] {
  const list = owner.definition.node.children.find(child => child.field === 'superclasses');
  const bases = list?.children ?? [];
  return bases.flatMap(base => {
    const head = base.type === 'subscript' ? partOf(base, 'value') : base;
    const found = resolveReference(project, owner.module, head);
    const itself = found?.kind === 'defined' && found.definition.node === owner.definition.node;
    return found === undefined || itself ? [] : [found];
  });
}

function follow(
  project: Project,
  module: Module,
  definition: Definition,
  seen: ReadonlySet<string>,
  star = false,
): Resolved | undefined {
  switch (definition.kind) {
    case 'import':
      return moduleAt(project, definition.module) ?? externalOf(definition.module);
    case 'import-from':
      return followFrom(project, module, definition, seen, star);
    default:
      return { kind: 'defined', definition, module };
  }
}

function followFrom(
  project: Project,
  module: Module,
  from: Extract<Definition, { kind: 'import-from' }>,
  seen: ReadonlySet<string>,
  star: boolean,
): Resolved | undefined {
  const dotted = from.level === 0 ? from.module : relativeName(module, from);
  const source = moduleAt(project, dotted);
  if (source !== undefined) {
    const found = resolveName(project, source.module, from.name, seen);
    const beyond = found?.kind === 'external' && found.path.startsWith('builtins.') ? undefined : found;
    return (
      beyond ??
      submodule(project, source.module, from.name) ??
      (star ? undefined : missing(from, source.module))
    );
  }
  const nested = moduleAt(project, join(dotted, from.name));
  if (nested !== undefined) return nested;
  if (from.level > 0) return star ? undefined : missing(from, module);
  if (star && !starNames[dotted.replace('_extensions', '')]?.has(from.name)) return undefined;
  return externalOf(`${dotted}.${from.name}`);
}

function missing(from: Extract<Definition, { kind: 'import-from' }>, module: Module): never {
  throw failure(
    'schema/import',
    from.node,
    `${'.'.repeat(from.level)}${from.module} has no ${from.name} that can be found in the source (${module.file})`,
    'import it from the file that defines it',
  );
}

function relativeName(module: Module, from: Extract<Definition, { kind: 'import-from' }>): string {
  const folders = module.file.split('/').slice(0, -1);
  const kept = folders.length - (from.level - 1);
  if (kept < 0) {
    throw failure(
      'schema/import',
      from.node,
      `${module.file} imports from above the project`,
      'use fewer dots',
    );
  }
  return join(folders.slice(0, kept).join('.'), from.module);
}

function join(one: string, other: string): string {
  return [one, other].filter(part => part !== '').join('.');
}

function moduleAt(project: Project, dotted: string): Extract<Resolved, { kind: 'module' }> | undefined {
  if (dotted === '' || known.has(dotted.split('.', 1)[0]!)) return undefined;
  const path = dotted.replaceAll('.', '/');
  const module = loadFile(project, `${path}/__init__.py`) ?? loadFile(project, `${path}.py`);
  return module === undefined ? undefined : { kind: 'module', module };
}

function submodule(project: Project, module: Module, name: string): Resolved | undefined {
  if (!module.file.endsWith('/__init__.py')) return undefined;
  return moduleAt(project, `${module.file.slice(0, -'/__init__.py'.length).replaceAll('/', '.')}.${name}`);
}

// cog and pydantic have their classes also in modules of theirs (cog.types.Path, pydantic.main.BaseModel).
function externalOf(path: string): Resolved {
  const [top, ...rest] = path.split('.');
  const short = (top === 'cog' || top === 'pydantic') && rest.length > 1 ? `${top}.${rest.at(-1)}` : path;
  return { kind: 'external', path: short.replace(/^typing_extensions\./, 'typing.') };
}
