// Which project files belong to a source: `.gitignore` in any folder (gitignore(5)) and `.dockerignore` at the root
// (patterns anchored there, `!` re-includes), both through libraries, and the description's own `exclude`.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import dockerignoreModule from '@balena/dockerignore';
import ignore, { type Ignore } from 'ignore';

// The package's types state a default export; what Node gives is the function itself.
const dockerignore = dockerignoreModule as unknown as typeof dockerignoreModule.default;

/** Answers for a path relative to the root, with `/` between names, and a trailing `/` for a folder. */
export type Ignored = (path: string) => boolean;

export type IgnoreRules = {
  readonly ignored: Ignored;
  /** The rules that hold below `dir` (relative, without a trailing slash): those here and its `.gitignore`. */
  readonly enter: (dir: string) => IgnoreRules;
};

/** The rules at the root of a project. `exclude` has gitignore patterns; `.git` never belongs to a source. */
export function rootRules(root: string, exclude: readonly string[]): IgnoreRules {
  const tests: Ignored[] = [path => path === '.git/'];
  if (exclude.length > 0) {
    const own = ignore().add([...exclude]);
    tests.push(path => own.ignores(path));
  }
  const docker = readIfThere(join(root, '.dockerignore'));
  if (docker !== undefined) {
    const rules = dockerignore().add(docker);
    // A folder is left only when nothing below can be re-included: .dockerignore allows `!` below an excluded folder.
    const mayReinclude = /^\s*!/m.test(docker);
    tests.push(path =>
      path.endsWith('/') ? !mayReinclude && rules.ignores(path.slice(0, -1)) : rules.ignores(path),
    );
  }
  return withGitignore(root, '', path => tests.some(test => test(path)));
}

function withGitignore(root: string, dir: string, outer: Ignored): IgnoreRules {
  const text = readIfThere(join(root, dir, '.gitignore'));
  const ignored = text === undefined ? outer : either(outer, dir, ignore().add(text));
  return { ignored, enter: child => withGitignore(root, child, ignored) };
}

// A deeper .gitignore may re-include what an outer one excluded (gitignore(5): the last match decides).
function either(outer: Ignored, dir: string, rules: Ignore): Ignored {
  const prefix = dir === '' ? 0 : dir.length + 1;
  return path => {
    const { ignored, unignored } = rules.test(path.slice(prefix));
    return ignored || (!unignored && outer(path));
  };
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
