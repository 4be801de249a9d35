// How a model without a cog.yaml is started: by a class for cog in one of its files, else by the project's one script,
// else by a program of a usual name.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shownPath } from './shown.ts';
import type { Choice } from './text.ts';

const programs: readonly string[] = ['main.py', 'app.py', 'serve.py', 'server.py', 'predict.py'];
const runners = /^class[ \t]+([A-Za-z_]\w*)[ \t]*\(([^)]*)\)[ \t]*:/gm;

/** `scripts` are the names of the project's own; `file` is the input, for what no other file says. */
export function chooseEntry(dir: string, scripts: readonly string[], file: string): Choice {
  const names = pythonFiles(dir);
  for (const name of names) {
    const text = readFileSync(join(dir, name), 'utf8');
    for (const match of text.matchAll(runners)) {
      const base = /(?:^|[\s,.])Base(Predictor|Runner)\s*$/.exec(match[2]!.trim())?.[1];
      if (base === undefined) continue;
      return {
        field: base === 'Runner' ? 'run' : 'predict',
        value: `${name}:${match[1]}`,
        reason: `${match[1]} is a Base${base}: the image serves its predictions`,
        source: { file: shownPath(join(dir, name)), line: lineAt(text, match.index) },
      };
    }
  }
  if (scripts.length === 1) {
    return {
      field: 'cmd',
      value: [scripts[0]!],
      reason: "the project's one script",
      source: { file, line: 1 },
    };
  }
  const program = programs.find(name => names.includes(name));
  if (program !== undefined) {
    return {
      field: 'cmd',
      value: ['python', program],
      reason: `the program ${program}, by its name`,
      source: { file: shownPath(join(dir, program)), line: 1 },
    };
  }
  return {
    field: 'cmd',
    reason: `cmd: nothing says what to start (${programs.join(', ')} or a class for cog), so the image starts python3`,
    source: { file, line: 1 },
  };
}

// Those that people look for first, then the others by name.
function pythonFiles(dir: string): readonly string[] {
  const first = ['run.py', 'predict.py'].filter(name => existsSync(join(dir, name)));
  const others = readdirSync(dir, { withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.py') && !first.includes(entry.name))
    .map(({ name }) => name)
    .sort();
  return [...first, ...others];
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
