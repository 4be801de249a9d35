// Mutated Jsonnet programs, by default 100,000: each must give a value or an error with a span, within its bounds.
//   node scripts/fuzz-language.ts [count] [first seed]
// The programs that are mutated are generated (test/language/generator.ts), the stdlib's, and the reference
// implementation's when ../shared/jsonnet is there. The work is on a thread, so that a hang is seen and named.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { CogpackError, messageOf, type Span } from '../src/base/error.ts';
import { evaluateSnippet, manifestJson, projectImporter } from '../src/language/index.ts';
import { renderError } from '../src/language/render.ts';
import { generate } from '../test/language/generator.ts';
import { mutate } from '../test/language/mutate.ts';

type Report = { readonly seed: number; readonly outcome: string; readonly problem?: string };
type Work = { readonly first: number; readonly end: number; readonly folder: string };

const longest = 10_000;
const many = /\w+|"[^"]*"|'[^']*'|\s+|[^\w\s]/g;
const words = [
  ...[
    'local',
    'if',
    'then',
    'else',
    'error',
    'assert',
    'function',
    'for',
    'in',
    'super',
    'self',
    '$',
    'import',
  ],
  ...[
    'null',
    'true',
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    ',',
    ';',
    ':',
    '::',
    ':::',
    '+:',
    '=',
    '==',
    '+',
    '-',
    '*',
    '/',
  ],
  ...[
    '%',
    '<<',
    '>>',
    '<',
    '!',
    '~',
    '&&',
    '||',
    '|||',
    '.',
    '"',
    "'",
    '@',
    '#',
    '/*',
    '1e999',
    '0',
    '-1',
    '1e15',
  ],
  ...[
    'std',
    'std.range(1, 1e9)',
    'std.repeat',
    'std.foldl',
    'x',
    'tailstrict',
    '\u0000',
    '😀',
    '\ud800',
    '\\u',
  ],
];

let texts: string[] | undefined;

if (isMainThread) await main();
else work(workerData as Work);

async function main(): Promise<void> {
  const count = Number(process.argv[2] ?? 100_000);
  const first = Number(process.argv[3] ?? 0);
  const folder = mkdtempSync(join(tmpdir(), 'cogpack-fuzz-'));
  const outcomes = new Map<string, number>();
  const problems: Report[] = [];
  for (let next = first; next < first + count; ) {
    next = await watch({ first: next, end: first + count, folder }, report => {
      outcomes.set(report.outcome, (outcomes.get(report.outcome) ?? 0) + 1);
      if (report.problem !== undefined) problems.push(report);
    });
  }
  rmSync(folder, { recursive: true });
  for (const [outcome, number] of [...outcomes].sort((a, b) => b[1] - a[1])) {
    process.stdout.write(`${String(number).padStart(8)}  ${outcome}\n`);
  }
  for (const { seed, problem } of problems.slice(0, 10)) process.stdout.write(`\nseed ${seed}: ${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

/** Runs a thread until it is done, dies or hangs; gives the seed to go on from. */
function watch(data: Work, report: (report: Report) => void): Promise<number> {
  return new Promise(resolve => {
    const worker = new Worker(new URL(import.meta.url), { workerData: data });
    let seed = data.first;
    const failed = (outcome: string) => {
      report({ seed, outcome, problem: `${outcome}\n${mutant(seed)}` });
      void worker.terminate();
      resolve(seed + 1);
    };
    let timer = setTimeout(() => failed('hang'), 3 * longest);
    worker.on('message', (message: Report) => {
      clearTimeout(timer);
      timer = setTimeout(() => failed('hang'), longest);
      seed = message.seed + 1;
      report(message);
      if (seed < data.end) return;
      clearTimeout(timer);
      resolve(seed);
    });
    worker.on('error', error => {
      clearTimeout(timer);
      failed(`crash: ${messageOf(error)}`);
    });
  });
}

function work({ first, end, folder }: Work): void {
  for (let seed = first; seed < end; seed += 1)
    parentPort!.postMessage({ seed, ...tryProgram(mutant(seed), folder) });
}

function tryProgram(code: string, folder: string): Omit<Report, 'seed'> {
  try {
    const importer = projectImporter({ root: folder, libraryPaths: [] });
    const options = { importer, maxStack: 300, maxSteps: 20_000, trace: () => {} };
    manifestJson(evaluateSnippet({ ...options, code, file: 'program', base: `${folder}/` }));
    return { outcome: 'value' };
  } catch (error) {
    if (!(error instanceof CogpackError)) {
      const text = error instanceof Error ? error.stack : String(error);
      return { outcome: 'defect', problem: `${text}\n${code}` };
    }
    const text = renderError(error, { readSource: () => code, colour: false });
    if (error.span === undefined || text.includes('undefined')) {
      return { outcome: 'no span', problem: `${text}\n${code}` };
    }
    if (!isInside(error.span, code))
      return { outcome: 'place outside the program', problem: `${text}\n${code}` };
    return { outcome: error.code };
  }
}

// A place in another file is one of the stdlib's or the host's.
function isInside({ file, line, column }: Span, code: string): boolean {
  const text = code.split('\n')[line - 1];
  return file !== 'program' || (text !== undefined && column >= 1 && column <= text.length + 1);
}

/** Every second program has tokens changed, the others leaves of their trees. */
function mutant(seed: number): string {
  if (seed % 2 === 1) return mutate(seed);
  const random = randomFrom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const base = (): string[] => {
    const texts = corpus();
    const text = texts.length > 0 && random() < 0.5 ? pick(texts) : generate(below(1_000_000));
    return text.match(many) ?? [];
  };
  let tokens = base();
  for (let change = 1 + below(4); change > 0; change -= 1) {
    const at = below(tokens.length);
    if (random() < 0.7) {
      const alike = tokens.filter(token => classOf(token) === classOf(tokens[at] ?? ''));
      if (alike.length > 0) tokens[at] = pick(alike);
      continue;
    }
    switch (below(6)) {
      case 0:
        tokens.splice(at, 1 + below(3));
        break;
      case 1:
        tokens.splice(at, 0, pick(words));
        break;
      case 2:
        tokens[at] = pick(words);
        break;
      case 3:
        tokens.splice(at, 0, ...tokens.slice(below(tokens.length)).slice(0, 8));
        break;
      case 4: {
        const other = base();
        tokens = [...tokens.slice(0, at), ...other.slice(below(other.length))];
        break;
      }
      default:
        tokens[at] = pick(tokens);
    }
  }
  return tokens.join('');
}

function classOf(token: string): string {
  return /^\s/.test(token)
    ? ' '
    : /^[A-Za-z_]/.test(token)
      ? 'a'
      : /^\d/.test(token)
        ? '0'
        : /^["']/.test(token)
          ? '"'
          : token;
}

function corpus(): readonly string[] {
  texts ??= ['../stdlib', '../../shared/jsonnet/test_suite']
    .map(path => fileURLToPath(new URL(path, import.meta.url)))
    .filter(existsSync)
    .flatMap(dir => readdirSync(dir).map(name => join(dir, name)))
    .filter(file => /\.(jsonnet|libsonnet)$/.test(file))
    .sort()
    .map(file => readFileSync(file, 'utf8').replace(/^\s*\/\*[\s\S]*?\*\//, ''))
    .filter(text => text.length < 8000);
  return texts;
}

// The generator xorshift32.
function randomFrom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}
