// Generated programs, each evaluated here and by go-jsonnet: the same output, or an error from both. What differs must
// be in `explained`. go-jsonnet comes from the Go module proxy.
import { spawn } from 'node:child_process';
import { goTool } from '../../scripts/go-tools.ts';
import { CogpackError } from '../../src/base/error.ts';
import { evaluateSnippet, manifestJson, projectImporter } from '../../src/language/index.ts';
import { generate } from './generator.ts';

/** Where go-jsonnet does otherwise, and why the difference stands. */
const explained: readonly {
  readonly why: string;
  readonly is: (program: string, theirs: Result, ours: Result) => boolean;
}[] = [
  { why: 'go-jsonnet itself fails', is: (_, { error }) => error.includes('INTERNAL ERROR') },
  { why: 'its powers are off in the last digits', is: program => program.includes('std.pow') },
  { why: 'it takes any character for a digit', is: program => /std\.parse(Int|Octal|Hex)/.test(program) },
  {
    why: 'it computes hexadecimal digits and powers of ten inexactly',
    is: program => /%[#0\- +\d.]*[eEgGxX]/.test(program),
  },
  {
    why: 'it changes the case of arrays of strings too',
    is: program => /std\.(asciiUpper|asciiLower|equalsIgnoreCase)/.test(program),
  },
  {
    why: 'its std.abs(0) is -0',
    is: (program, theirs, ours) =>
      program.includes('std.abs') && `${theirs.output}${ours.output}`.includes('-0'),
  },
  {
    why: 'its std.member evaluates what it looks for in nothing',
    is: program => program.includes('std.member'),
  },
  { why: 'its std.base64 encodes characters as UTF-8', is: program => program.includes('std.base64(') },
  {
    why: 'its std.manifestJson… write the fewest digits of a number, its + and its output 17',
    is: program => program.includes('std.manifestJson'),
  },
  {
    why: 'it takes values of other types for strings',
    is: (_program, _theirs, { error }) => /^std\.\w+ takes a string/.test(error),
  },
];

type Result = { readonly output: string | undefined; readonly error: string };

/** The command of go-jsonnet, where it is there or can be built. */
export const goJsonnet = goTool('jsonnet');

/** How often each verdict was given for the programs of seeds 0 to `count`, and the differences without explanation. */
export async function compareWithGo(
  command: string,
  count: number,
): Promise<{ readonly counts: Readonly<Record<string, number>>; readonly unexplained: readonly string[] }> {
  const counts: Record<string, number> = {};
  const unexplained: string[] = [];
  for (let first = 0; first < count; first += 4) {
    const seeds = Array.from({ length: Math.min(4, count - first) }, (_, index) => first + index);
    const results = await Promise.all(seeds.map(seed => runGo(command, generate(seed))));
    seeds.forEach((seed, index) => {
      const program = generate(seed);
      const ours = runHere(program);
      const theirs = results[index]!;
      const verdict = compare(program, ours, theirs);
      counts[verdict] = (counts[verdict] ?? 0) + 1;
      if (verdict === 'differs') {
        unexplained.push(
          `seed ${seed}\n${program}\nhere: ${ours.output ?? ours.error}\ngo:   ${theirs.output ?? theirs.error}`,
        );
      }
    });
  }
  return { counts, unexplained };
}

function compare(program: string, ours: Result, theirs: Result): string {
  if (ours.output !== undefined && ours.output === theirs.output) return 'same output';
  if (ours.output === undefined && theirs.output === undefined && !theirs.error.includes('INTERNAL'))
    return 'both fail';
  const explanation = explained.find(({ is }) => is(program, theirs, ours));
  return explanation === undefined ? 'differs' : `explained: ${explanation.why}`;
}

function runHere(program: string): Result {
  try {
    const importer = projectImporter({ libraryPaths: [] });
    const value = evaluateSnippet({ code: program, file: 'program', base: '/', importer, trace: () => {} });
    return { output: manifestJson(value), error: '' };
  } catch (error) {
    if (!(error instanceof CogpackError) || error.span === undefined)
      throw new Error(program, { cause: error });
    return { output: undefined, error: error.message };
  }
}

function runGo(command: string, program: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, ['-'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    let error = '';
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', text => {
      error += text;
    });
    child.once('error', reject);
    child.once('close', code => resolve({ output: code === 0 ? output.trimEnd() : undefined, error }));
    child.stdin.end(program);
  });
}
