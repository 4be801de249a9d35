// Ten thousand generated programs, each evaluated here and by go-jsonnet: the same output, or an error from both.
// go-jsonnet comes from the Go module proxy; without Go the test is skipped. What differs must be in `explained`.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CogpackError } from '../../../src/base/error.ts';
import { evaluateSnippet, manifestJson, projectImporter } from '../../../src/language/index.ts';
import { generate } from '../../language/generator.ts';

const programs = Number(process.env.COGPACK_PROGRAMS ?? 10_000);
const goJsonnet = 'github.com/google/go-jsonnet/cmd/jsonnet@v0.22.0';

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

const go = findGo();

it.skipIf(go === undefined)(
  `${programs} generated programs do the same in go-jsonnet`,
  { timeout: 3_600_000 },
  async () => {
    const counts = { 'same output': 0, 'both fail': 0 } as Record<string, number>;
    const unexplained: string[] = [];
    for (let first = 0; first < programs; first += 4) {
      const seeds = Array.from({ length: Math.min(4, programs - first) }, (_, index) => first + index);
      const results = await Promise.all(seeds.map(seed => runGo(go!, generate(seed))));
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
    process.stdout.write(
      `\n${Object.entries(counts)
        .map(([what, count]) => `${String(count).padStart(7)}  ${what}`)
        .join('\n')}\n`,
    );
    expect(unexplained.slice(0, 5)).toEqual([]);
  },
);

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

function findGo(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'cogpack-go-'));
  try {
    execFileSync('go', ['install', goJsonnet], { env: { ...process.env, GOBIN: folder }, stdio: 'pipe' });
  } catch {
    return undefined;
  }
  const command = join(folder, 'jsonnet');
  return existsSync(command) ? command : undefined;
}
