// A project's own files as a description: fields of a model, and for each why it has its value. The text is what
// `cogpack init` writes, and what the other commands evaluate where there is no cogpack.jsonnet.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CogpackError, type Span } from '../base/error.ts';
import { describeCog } from './cog.ts';
import { chooseEntry } from './entry.ts';
import type { Input } from './find.ts';
import { askedPackages } from './packages.ts';
import { inside, readPyproject, readToml } from './pyproject.ts';
import { choosePython, type PythonBounds } from './python-choice.ts';
import { shownPath } from './shown.ts';
import { type Choice, descriptionText } from './text.ts';

export type Explanation = {
  readonly field: string;
  readonly reason: string;
  readonly source: { readonly file: string; readonly line: number };
};
export type Described = {
  /** A description, in Jsonnet. */
  readonly text: string;
  readonly explanations: readonly Explanation[];
  /** Where the image is pushed to, when the project says so: `r8.im/owner/name`. */
  readonly image?: string;
};

/** Throws `inputs/…` and `lock/requirement…`, with the place in the project's file. */
export function describeInput(input: Input): Described {
  const { dir, file, kind } = input;
  const path = join(dir, file);
  const shown = shownPath(path);
  switch (kind) {
    case 'description':
      return { text: readFileSync(path, 'utf8'), explanations: [] };
    case 'cog': {
      const { choices, image } = describeCog(readFileSync(path, 'utf8'), shown, dir);
      const named = choices.find(({ field }) => field === 'requirements')?.value;
      if (typeof named === 'string') checkPackages(dir, named);
      return described(input, choices, image);
    }
    case 'uv':
      return described(input, describeUv(dir, file));
    case 'pylock':
      return described(input, describePylock(dir, file));
    case 'requirements':
      checkPackages(dir, file);
      return described(input, [
        choosePython(dir, undefined, shown),
        requirements(file, 'with the files that it names, and its constraints, hashes and indexes', shown),
        chooseEntry(dir, [], shown),
      ]);
  }
}

function described({ file }: Input, choices: readonly Choice[], image?: string): Described {
  const head = [`Made of ${file}. docs/description.md has all fields; cogpack lock pins the packages.`];
  return {
    text: descriptionText(head, choices, path => basename(path)),
    explanations: choices.map(({ field, reason, source }) => ({ field, reason, source })),
    ...(image !== undefined && { image }),
  };
}

function requirements(file: string, reason: string, shown: string): Choice {
  return { field: 'requirements', value: file, reason, source: { file: shown, line: 1 } };
}

// What is wrong with it is told before a description is made.
function checkPackages(dir: string, file: string) {
  return askedPackages(dir, file, path => {
    try {
      return readFileSync(join(dir, path));
    } catch (error) {
      throw new CogpackError('inputs/missing', `${shownPath(join(dir, path))} cannot be read`, {
        hint: 'make the file, or take out the line that names it',
        cause: error,
      });
    }
  });
}

function describeUv(dir: string, file: string): readonly Choice[] {
  const path = join(dir, 'pyproject.toml');
  const text = readFileSync(path, 'utf8');
  const { project } = readPyproject(text, path);
  const { local } = checkPackages(dir, file);
  const own = local.filter(({ name }) => name === project?.name.toLowerCase().replace(/[-_.]+/g, '-'));
  const scripts = own.flatMap(({ entryPoints }) => Object.keys(entryPoints.console_scripts ?? {}));
  const specifiers = project?.['requires-python'];
  const bounds =
    specifiers === undefined ? undefined : { specifiers, span: spanOf(text, path, 'requires-python') };
  return [
    choosePython(dir, bounds, shownPath(path)),
    requirements(
      file,
      local.length === 0
        ? 'the versions that uv chose, as they are'
        : `the versions that uv chose, as they are; ${local.map(({ name }) => name).join(' and ')} from the project's folders`,
      shownPath(join(dir, file)),
    ),
    chooseEntry(dir, scripts, shownPath(path)),
  ];
}

function describePylock(dir: string, file: string): readonly Choice[] {
  const path = join(dir, file);
  const text = readFileSync(path, 'utf8');
  const specifiers = inside(readToml(text, path), 'requires-python');
  const bounds: PythonBounds | undefined =
    typeof specifiers === 'string' ? { specifiers, span: spanOf(text, path, 'requires-python') } : undefined;
  return [
    choosePython(dir, bounds, shownPath(path)),
    requirements(file, 'the packages that it locks, as they are', shownPath(path)),
    chooseEntry(dir, [], shownPath(path)),
  ];
}

/** The line of a key that stands first on its line. */
function spanOf(text: string, path: string, key: string): Span {
  const lines = text.split(/\r?\n/);
  const at = Math.max(
    0,
    lines.findIndex(line => line.trimStart().startsWith(key)),
  );
  return {
    file: shownPath(path),
    line: at + 1,
    column: 1,
    endLine: at + 1,
    endColumn: lines[at]!.length + 1,
  };
}
