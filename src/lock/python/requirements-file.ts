// requirements.txt (pip's documentation, "Requirements file format"): requirements with their hashes, other files by
// -r and -c, and options. What says where packages come from becomes data; what only speeds pip up or silences it is
// passed over; what cannot be honoured without running commands, or would tie the lock to this machine, is an error.
import { posix } from 'node:path';
import { CogpackError, type Span } from '../../base/error.ts';
import { throwAll } from '../../base/problems.ts';
import { readRequirement } from './requirement.ts';

export type RequirementsFile = {
  /** PEP 508 with `--hash=…` options, wheels' URLs, and paths from the project's folder. */
  readonly requirements: readonly string[];
  readonly constraints: readonly string[];
  /** Extra indexes, then the main one, without repeats. */
  readonly indexes: readonly string[];
};

/** Gives a project file's text, by its path from the project; throws where there is none. */
export type ReadText = (path: string) => string;

type Line = { readonly text: string; readonly span: Span };
type Found = {
  requirements: string[];
  constraints: string[];
  extra: string[];
  main: string | undefined;
  /** Lines that cannot be honoured. */
  problems: CogpackError[];
};

/** Reads `path` and the files that it names. Throws `lock/requirement…`, one error for all lines, with their places, and as `read` does. */
export function readRequirementsFile(path: string, read: ReadText): RequirementsFile {
  const found: Found = { requirements: [], constraints: [], extra: [], main: undefined, problems: [] };
  readInto(found, 'requirements', path, read, []);
  throwAll(found.problems);
  const indexes = [...found.extra, ...(found.main === undefined ? [] : [found.main])];
  return {
    requirements: unique(found.requirements),
    constraints: unique(found.constraints),
    indexes: unique(indexes),
  };
}

function readInto(
  found: Found,
  kind: 'requirements' | 'constraints',
  path: string,
  read: ReadText,
  above: readonly string[],
): void {
  const nested = (line: Line, value: string, as: typeof kind) => {
    const target = nestedPath(path, value, line);
    const chain = [...above, path];
    if (chain.includes(target))
      throw fault(line, `the files name one another: ${[...chain, target].join(' → ')}`);
    placed(line, () => readInto(found, as, target, read, chain));
  };
  const readLine = (line: Line) => {
    if (!line.text.startsWith('-')) found[kind].push(requirementOf(line));
    for (const option of optionsOf(line)) {
      switch (option.name) {
        case '--requirement':
          nested(line, valueGiven(option, line), kind);
          break;
        case '--constraint':
          nested(line, valueGiven(option, line), 'constraints');
          break;
        case '--index-url':
          found.main = valueGiven(option, line);
          break;
        case '--extra-index-url':
          found.extra.push(valueGiven(option, line));
          break;
        default:
          checkOption(option, line);
      }
    }
  };
  for (const line of logicalLines(read(path), path)) {
    try {
      readLine(line);
    } catch (error) {
      if (!(error instanceof CogpackError)) throw error;
      found.problems.push(error);
    }
  }
}

type Option = { readonly name: string; readonly value: string | undefined };

const shortNames: Readonly<Record<string, string>> = {
  '-r': '--requirement',
  '-c': '--constraint',
  '-i': '--index-url',
  '--pypi-url': '--index-url',
  '-f': '--find-links',
  '-e': '--editable',
};

/** The options of a line that starts with one: `-r x`, `-rx`, `--requirement x`, `--requirement=x`. */
function optionsOf(line: Line): Option[] {
  if (!line.text.startsWith('-')) return [];
  return line.text.split(/\s+(?=-)/).map(text => {
    const long = /^(--[a-z-]+)(?:(?:\s*=\s*|\s+)(.*))?$/.exec(text);
    const short = /^(-[a-z])\s*=?\s*(.*)$/.exec(text);
    const [, name, value] = long ?? short ?? [];
    if (name === undefined) throw fault(line, `${text} is neither an option nor a requirement`);
    return { name: shortNames[name] ?? name, value: unquoted(value?.trim() || undefined) };
  });
}

function unquoted(value: string | undefined): string | undefined {
  return value?.replace(/^(["'])(.*)\1$/, '$2');
}

function valueGiven({ name, value }: Option, line: Line): string {
  if (value !== undefined) return value;
  throw fault(line, `${name} names nothing`);
}

// Without effect on which packages are right.
const passedOver: readonly string[] = [
  '--require-hashes',
  '--prefer-binary',
  '--only-binary',
  '--trusted-host',
  '--use-feature',
];
const refused: Readonly<Record<string, string>> = {
  '--editable':
    "take it out: the project's files are in the image, and Python finds packages beside the program that is started, or where PYTHONPATH says",
  '--find-links': 'name an index by --extra-index-url, or require the wheels by their paths or URLs',
  '--no-binary': 'source distributions are not built: ask for versions that have wheels',
  '--no-index': 'require the wheels by their paths',
  '--pre': 'name the pre-release in a requirement: package>=2.0rc1',
};

function checkOption({ name }: Option, line: Line): void {
  if (passedOver.includes(name)) return;
  throw fault(line, `${name} cannot be honoured`, refused[name] ?? 'take it out');
}

/** Without options other than hashes, which change how a source distribution is built. */
function requirementOf(line: Line): string {
  const variable = /\$\{[A-Z0-9_]+\}/.exec(line.text);
  if (variable !== null) {
    throw fault(
      line,
      `${variable[0]} is a variable of the environment, which an answer must not rest on`,
      'write it out; logins belong into ~/.netrc',
    );
  }
  const [, text = '', hashes = ''] = /^(.*?)((?:\s+--hash(?:\s*=\s*|\s+)\w+:[0-9a-f]+)*)$/i.exec(line.text)!;
  const other = /\s(--?[a-z].*)$/.exec(text);
  if (other !== null) {
    throw fault(line, `${other[1]} cannot be honoured`, 'only --hash=sha256:… may follow a requirement');
  }
  const plain = text.replace(/\s+/g, ' ') + hashes.replace(/\s+--hash(?:\s*=\s*|\s+)/g, ' --hash=');
  placed(line, () => readRequirement(plain));
  return plain;
}

/** Lines joined where they end in a backslash, without comments and empty ones. */
function* logicalLines(text: string, file: string): Generator<Line> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const first = at;
    let joined = lines[at]!;
    // A comment ends what goes on, even one that ends in a backslash itself.
    for (let isOpen = continues(joined); isOpen && at + 1 < lines.length; ) {
      at += 1;
      const next = lines[at]!;
      isOpen = continues(next);
      joined = `${joined.slice(0, -1)}${isComment(next) ? ' ' : ''}${next}`;
    }
    const plain = joined.replace(/(^|\s+)#.*$/, '').trim();
    if (plain === '') continue;
    const span = { file, line: first + 1, column: 1, endLine: at + 1, endColumn: lines[at]!.length + 1 };
    yield { text: plain, span };
  }
}

function continues(line: string): boolean {
  return line.endsWith('\\') && !isComment(line);
}

function isComment(line: string): boolean {
  return /^\s*#/.test(line);
}

/** Of another file, which is named relative to the one that names it. */
function nestedPath(from: string, value: string, line: Line): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) {
    throw fault(
      line,
      `${value.replace(/\/\/[^/@]*@/, '//')} is not a file of the project`,
      'put the file into the project',
    );
  }
  const target = posix.normalize(posix.join(posix.dirname(from), value));
  if (posix.isAbsolute(value) || target === '..' || target.startsWith('../')) {
    throw fault(line, `${value} is not in the project`, 'put the file into the project');
  }
  return target;
}

/** An error of the action without a place has the line's. */
function placed(line: Line, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof CogpackError) || error.span !== undefined) throw error;
    throw new CogpackError(error.code, error.message, { span: line.span, hint: error.hint, cause: error });
  }
}

function fault({ span }: Line, what: string, hint?: string): CogpackError {
  return new CogpackError('lock/requirements-file', what, { span, hint });
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
