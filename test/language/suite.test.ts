// The reference implementation's test programs, with the arguments of its run script: the same output, or an error at
// the same line and column. They are read from ../shared/jsonnet/test_suite when that folder is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { CogpackError } from '../../src/base/error.ts';
import { evaluateFile, manifestJson, projectImporter } from '../../src/language/index.ts';

const folder = fileURLToPath(new URL('../../../shared/jsonnet/test_suite', import.meta.url));
const programs = existsSync(folder)
  ? readdirSync(folder)
      .filter(name => name.endsWith('.jsonnet'))
      .sort()
  : [];

/** Where this implementation points elsewhere, and why that is the better place. */
const placedElsewhere: Readonly<Record<string, string>> = {
  'error.array_recursive_manifest.jsonnet': 'the array that holds itself, not the element in it',
  'error.recursive_object_non_term.jsonnet': 'where the bound is met depends on what counts as a frame',
};

const counts = { output: 0, error: 0, place: 0 };

describe.skipIf(programs.length === 0)('the reference test programs', () => {
  it.each(programs)('%s', name => {
    const golden = read(`${name}.golden`);
    const result = evaluate(name);
    if (name.startsWith('error.')) {
      expect(result.error, 'it must fail').toBeDefined();
      counts.error += 1;
      const place = firstPlace(golden ?? '', name);
      if (place === undefined || name in placedElsewhere) return;
      const { span } = result.error!;
      expect(span && `${basename(span.file)}:${span.line}:${span.column}`).toBe(place);
      counts.place += 1;
    } else {
      if (result.error !== undefined) throw result.error;
      expect(`${result.traces}${result.text}`).toBe(golden ?? 'true\n');
      counts.output += 1;
    }
  });

  afterAll(() => {
    const failing = programs.filter(name => name.startsWith('error.')).length;
    process.stdout.write(
      `\nreference programs      passed  of\n` +
        `  same output           ${String(counts.output).padStart(6)}  ${programs.length - failing}\n` +
        `  fails as it should    ${String(counts.error).padStart(6)}  ${failing}\n` +
        `    at the same place   ${String(counts.place).padStart(6)}\n`,
    );
  });
});

it.skipIf(programs.length > 0)(
  'skips the reference test programs: ../shared/jsonnet/test_suite is not here',
  () => {},
);

function evaluate(name: string): { text: string; traces: string; error: CogpackError | undefined } {
  let traces = '';
  const external = {
    var1: { kind: 'string', text: 'test' },
    var2: { kind: 'code', text: '{x:1,y:2}' },
  } as const;
  const isTopLevel = name.startsWith('tla.');
  try {
    const value = evaluateFile({
      file: join(folder, name),
      shown: name,
      importer: projectImporter({ libraryPaths: [] }),
      extVars: isTopLevel ? {} : external,
      tlas: isTopLevel ? external : {},
      trace: line => {
        traces += `${line}\n`;
      },
    });
    return { text: `${manifestJson(value)}\n`, traces, error: undefined };
  } catch (error) {
    if (!(error instanceof CogpackError)) throw error;
    return { text: '', traces, error };
  }
}

function read(name: string): string | undefined {
  const file = join(folder, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

// The first place of a golden that is in a program, not in the reference's library: `file:17:8-12` or `file:(1:2)-(3:4)`.
function firstPlace(golden: string, name: string): string | undefined {
  const lines = golden.split('\n').filter(line => !line.includes('std.jsonnet:'));
  for (const line of lines) {
    const found = /([\w.\-/]+\.jsonnet):\(?(\d+):(\d+)/.exec(line);
    if (found !== null) return `${basename(found[1]!)}:${found[2]}:${found[3]}`;
  }
  return golden.includes(name) ? name : undefined;
}
