// Packages of the project itself that its uv.lock names by folders. Nothing is built: one of pure Python stays where it
// is in the image's source, a .pth file puts its folder on the path (docs.python.org, "site"), and its metadata and
// scripts are written beside. One that needs building is an error.
import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { z } from 'zod';
import { CogpackError } from '../base/error.ts';
import { normalName } from '../formats/wheel-metadata.ts';
import { inside, type Pyproject, readPyproject, readToml } from './pyproject.ts';
import { shownPath } from './shown.ts';

export type LocalPackage = {
  readonly name: string;
  readonly version: string;
  /** The folder that goes on the path, relative to the project; `.` for the project's own. */
  readonly path: string;
  /** By group: `console_scripts`, `gui_scripts` and others, each name with `module:attribute`. */
  readonly entryPoints: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

type ReadText = (path: string) => string;

const dependency = z.object({ name: z.string() });
const lockSchema = z.object({
  package: z
    .array(
      z.object({
        name: z.string(),
        version: z.string().optional(),
        source: z.record(z.string(), z.unknown()).default({}),
        dependencies: z.array(dependency).default([]),
      }),
    )
    .default([]),
});
type Locked = z.infer<typeof lockSchema>['package'][number];

/** Of the uv.lock at `path`, relative to `project`. Throws `inputs/toml`, `inputs/uv-lock`, `inputs/local-package`. */
export function localPackages(project: string, path: string, read: ReadText): readonly LocalPackage[] {
  const file = join(project, path);
  const parsed = lockSchema.safeParse(readToml(read(path), file));
  if (!parsed.success) {
    throw new CogpackError(
      'inputs/uv-lock',
      `${shownPath(file)} is not a uv.lock:\n${z.prettifyError(parsed.error)}`,
      { hint: 'run: uv lock' },
    );
  }
  return needed(parsed.data.package)
    .flatMap(locked => {
      const folder = folderOf(locked.source.editable ?? locked.source.directory);
      if (folder === undefined) return [];
      return [localPackage(project, posix.join(posix.dirname(path), folder), locked, read)];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

// The project and all that it needs, its development groups aside. Without a project of its own, a workspace's members.
function needed(packages: readonly Locked[]): readonly Locked[] {
  const isOwn = ({ source }: Locked) =>
    [source.editable, source.directory, source.virtual].some(folder => folder !== undefined);
  const roots = packages.filter(
    ({ source }) => (source.editable ?? source.virtual ?? source.directory) === '.',
  );
  const found = new Set<Locked>(roots.length > 0 ? roots : packages.filter(isOwn));
  for (const { dependencies } of found) {
    for (const { name } of dependencies) {
      for (const each of packages) if (each.name === name) found.add(each);
    }
  }
  return [...found];
}

function folderOf(value: unknown): string | undefined {
  return typeof value === 'string' ? posix.normalize(value) : undefined;
}

// Backends that copy a package's files, when nothing else is configured.
const copying: readonly string[] = [
  'flit_core.buildapi',
  'hatchling.build',
  'pdm.backend',
  'poetry.core.masonry.api',
  'setuptools.build_meta',
  'uv_build',
];
const building: readonly (readonly string[])[] = [
  ['hatch', 'build', 'hooks'],
  ['hatch', 'build', 'targets', 'wheel', 'hooks'],
  ['hatch', 'build', 'targets', 'wheel', 'force-include'],
  ['pdm', 'build', 'run-setuptools'],
  ['poetry', 'build'],
  ['setuptools', 'ext-modules'],
];

function localPackage(project: string, folder: string, locked: Locked, read: ReadText): LocalPackage {
  const refuse = (why: string, hint: string) =>
    new CogpackError('inputs/local-package', `the package ${locked.name} in ${folder} ${why}`, { hint });
  const wheelInstead = 'build a wheel of it (uv build --wheel), and require its path in place of the folder';
  if (folder === '..' || folder.startsWith('../')) {
    throw refuse('is not inside the project', 'put it into the project, or require a wheel of it');
  }
  const file = posix.join(folder, 'pyproject.toml');
  const pyproject = readPyproject(read(file), join(project, file));
  const backend = pyproject['build-system']?.['build-backend'] ?? 'setuptools.build_meta';
  if (!copying.includes(backend))
    throw refuse(`has to be built by ${backend}; no command is run`, wheelInstead);
  if (existsSync(join(project, folder, 'setup.py'))) {
    throw refuse('has a setup.py, a program that would have to be run', wheelInstead);
  }
  const special = building.find(path => inside(pyproject.tool, ...path) !== undefined);
  if (special !== undefined)
    throw refuse(`has files that are built: tool.${special.join('.')}`, wheelInstead);
  const path = pathOf(join(project, folder), locked.name, pyproject);
  if (path === undefined) {
    const module = moduleName(locked.name);
    throw refuse(
      `is not laid out as ${module}/ or src/${module}/`,
      `name the folder of its code so, or ${wheelInstead}`,
    );
  }
  return {
    name: normalName(locked.name),
    version: locked.version ?? pyproject.project?.version ?? '0',
    path: posix.join(folder, path),
    entryPoints: entryPointsOf(pyproject, (name, reference) =>
      refuse(
        `has the script ${name} = ${reference}, which does not name a function of a module`,
        'write it as name = "module:function"',
      ),
    ),
  };
}

function moduleName(name: string): string {
  return normalName(name).replace(/-/g, '_');
}

// Where backends look when they are told nothing, and the simple ways to tell them.
function pathOf(folder: string, name: string, { tool }: Pyproject): string | undefined {
  const stated = [
    inside(tool, 'hatch', 'build', 'targets', 'wheel', 'packages'),
    inside(tool, 'setuptools', 'packages', 'find', 'where'),
  ];
  const [hatch, where] = stated.map(value =>
    Array.isArray(value) ? value.filter(item => typeof item === 'string') : [],
  );
  const root = inside(tool, 'uv', 'build-backend', 'module-root');
  const bases = [
    ...new Set([
      ...(typeof root === 'string' ? [root === '' ? '.' : root] : []),
      ...hatch!.map(item => dirname(item)),
      ...where!,
      'src',
      '.',
    ]),
  ];
  const named = inside(tool, 'uv', 'build-backend', 'module-name');
  const modules = [
    ...(typeof named === 'string' ? [named.replace(/\./g, '/')] : []),
    ...hatch!.map(item => posix.basename(item)),
    moduleName(name),
  ];
  return bases.find(base =>
    modules.some(module =>
      [module, `${module}.py`].some(file => !base.startsWith('..') && existsSync(join(folder, base, file))),
    ),
  );
}

function entryPointsOf(
  { project }: Pyproject,
  wrong: (name: string, reference: string) => CogpackError,
): LocalPackage['entryPoints'] {
  const scripts = { console_scripts: project?.scripts ?? {}, gui_scripts: project?.['gui-scripts'] ?? {} };
  for (const [name, reference] of Object.values(scripts).flatMap(Object.entries<string>)) {
    const isCallable = /^\w+(\.\w+)*\s*:\s*\w+(\.\w+)*(\s*\[.*\])?$/.test(reference);
    if (!isCallable || !/^[\w.-]+$/.test(name)) throw wrong(name, reference);
  }
  const groups = { ...scripts, ...project?.['entry-points'] };
  return Object.fromEntries(Object.entries(groups).filter(([, group]) => Object.keys(group).length > 0));
}
