// Jsonnet programs as whole processes: this project's command, from its bundle, against go-jsonnet and jrsonnet, whichever is on the path,
// medians of 5. The programs are the reference implementation's benchmarks in ../shared/jsonnet/benchmarks,
// and some of this project's own for what those leave out.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTimed } from './measure.ts';

const runs = 5;
const build = fileURLToPath(new URL('../scripts/build.ts', import.meta.url));
const cogpack = fileURLToPath(new URL('../bin/cogpack', import.meta.url));
const given = fileURLToPath(new URL('../../shared/jsonnet/benchmarks', import.meta.url));

type Program = { readonly name: string; readonly file: string; readonly flags: readonly string[] };
type Evaluator = { readonly name: string; readonly command: readonly string[] };

const own: Readonly<Record<string, string>> = {
  'fold-objects': `
    local step(all, i) = all { ['k' + i % 100]: i, total: super.total + i };
    std.foldl(step, std.range(1, 2000), { total: 0 })`,
  'sort-by-key': `
    std.length(std.sort([{ key: i * 7919 % 100003, name: 'n' + i } for i in std.range(1, 50000)], function(x) x.key))`,
  'string-parts': `
    std.foldl(function(count, line) count + std.length(std.split(line, ',')),
      ['a,b,c,' + i for i in std.range(1, 50000)], 0)`,
  primes: `
    local isPrime(n, d=2) = if d * d > n then true else if n % d == 0 then false else isPrime(n, d + 1);
    std.length([n for n in std.range(2, 40000) if isPrime(n)])`,
  configuration: `
    local service(name, i) = {
      name: name, port: 8000 + i, replicas: 3,
      labels: { app: $.name, tier: 'backend' },
      container: { image: 'registry/%s:%d' % [$.name, i], env: [{ name: k, value: std.toString(i) } for k in ['A', 'B', 'C']] },
    };
    [service('svc-' + i, i) + { labels+: { extra: 'x' + i }, replicas+: 1 } for i in std.range(1, 4000)]`,
};

const dir = mkdtempSync(join(tmpdir(), 'cogpack-bench-'));
try {
  measure();
} finally {
  rmSync(dir, { recursive: true, force: true });
}

function measure(): void {
  runTimed(process.execPath, [build]);
  runTimed(cogpack, ['jsonnet', '-e', '{}']);
  const node = median(() => runTimed(process.execPath, ['-e', '0']).seconds);
  const empty = median(() => runTimed(cogpack, ['jsonnet', '-e', '{}']).seconds);
  print(`node -e 0                ${milliseconds(node)}`);
  print(`cogpack jsonnet -e '{}'  ${milliseconds(empty)}  (${milliseconds(empty - node).trim()} more)\n`);

  const evaluators = [
    { name: 'cogpack', command: [cogpack, 'jsonnet'] },
    ...['jsonnet', 'jrsonnet'].flatMap(found),
  ];
  print(`${''.padEnd(24)}${evaluators.map(({ name }) => name.padStart(12)).join('')}`);
  for (const program of programs()) {
    const outputs = evaluators.map(evaluator => run(evaluator, program));
    const times = outputs.map(output => (output === undefined ? 'fails' : milliseconds(output.seconds)));
    const texts = new Set(outputs.flatMap(output => (output === undefined ? [] : [output.stdout])));
    const note = texts.size > 1 ? '  outputs differ' : '';
    print(`${program.name.padEnd(24)}${times.map(time => time.padStart(12)).join('')}${note}`);
  }
}

function programs(): Program[] {
  const files = existsSync(given)
    ? readdirSync(given)
        .filter(name => name.endsWith('.jsonnet'))
        .sort()
    : [];
  const reference = files.map(name => ({
    name: name.replace('.jsonnet', ''),
    file: join(given, name),
    flags: name.startsWith('gen_') ? ['-S', '-s', '100000'] : ['-s', '100000'],
  }));
  return [
    ...reference,
    ...Object.entries(own).map(([name, text]) => {
      const file = join(dir, `${name}.jsonnet`);
      writeFileSync(file, text);
      return { name, file, flags: ['-s', '100000'] };
    }),
  ];
}

function found(name: string): Evaluator[] {
  const path = (process.env.PATH ?? '').split(delimiter).map(folder => join(folder, name));
  const command = path.find(file => existsSync(file));
  return command === undefined ? [] : [{ name, command: [command] }];
}

function run({ command: [program, ...first] }: Evaluator, { file, flags }: Program) {
  try {
    let stdout = '';
    const seconds = median(() => {
      const timed = runTimed(program!, [...first, ...flags, file]);
      stdout = timed.stdout;
      return timed.seconds;
    });
    return { seconds, stdout };
  } catch {
    return undefined;
  }
}

function median(action: () => number): number {
  const values = Array.from({ length: runs }, action).sort((a, b) => a - b);
  return values[Math.floor(runs / 2)]!;
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(0)} ms`.padStart(8);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
