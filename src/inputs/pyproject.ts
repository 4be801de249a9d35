// pyproject.toml (packaging.python.org, "pyproject.toml specification"): what of it describes a model's packages.
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { CogpackError, messageOf } from '../base/error.ts';
import { shownPath } from './shown.ts';

const table = z.record(z.string(), z.unknown());
const schema = z.object({
  project: z
    .object({
      name: z.string(),
      version: z.string().optional(),
      'requires-python': z.string().optional(),
      scripts: z.record(z.string(), z.string()).default({}),
      'gui-scripts': z.record(z.string(), z.string()).default({}),
      'entry-points': z.record(z.string(), z.record(z.string(), z.string())).default({}),
    })
    .optional(),
  'build-system': z.object({ 'build-backend': z.string().optional() }).optional(),
  tool: table.default({}),
});
export type Pyproject = z.infer<typeof schema>;

/** `file` is its absolute path. Throws `inputs/toml`, and `inputs/pyproject` when it is TOML of another form. */
export function readPyproject(text: string, file: string): Pyproject {
  const parsed = schema.safeParse(readToml(text, file));
  if (parsed.success) return parsed.data;
  throw new CogpackError(
    'inputs/pyproject',
    `${shownPath(file)} is not a pyproject.toml:\n${z.prettifyError(parsed.error)}`,
    { hint: 'mend the keys that are named' },
  );
}

/** Throws `inputs/toml`, with the place. */
export function readToml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const place =
      error instanceof TomlError ? { line: error.line, column: error.column } : { line: 1, column: 1 };
    const name = shownPath(file);
    throw new CogpackError('inputs/toml', `${name} is not TOML: ${messageOf(error).split('\n')[0]}`, {
      span: { file: name, ...place, endLine: place.line, endColumn: place.column + 1 },
      hint: 'mend the line that is shown',
      cause: error,
    });
  }
}

/** A value inside tables, or undefined: `inside(tool, 'hatch', 'build')`. */
export function inside(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, name)
        ? (at as Record<string, unknown>)[name]
        : undefined,
    value,
  );
}
