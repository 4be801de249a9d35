// npm run bench:layers [-- --runs N] [--large]
// Wheels → image layer, against what people do today: pip install --target, tar and gzip -6 or pigz; uv, tar and
// zstd -3. Every run is a whole child process; the table gives medians. Python's resource module measures time and
// peak memory (of the largest process). With --large, torch's wheel alone goes through cogpack (900 MB to download).
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, createReadStream, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { digestOfHex } from '../src/base/digest.ts';
import { openStore } from '../src/store/store.ts';

const packages = ['scikit-learn==1.5.2', 'numpy==2.1.3', 'scipy==1.14.1', 'joblib==1.4.2'];
const large = 'torch==2.5.1';
const uv = 'uv==0.5.4';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, large: { type: 'boolean', default: false } },
});
const runs = Number(values.runs);
const repository = fileURLToPath(new URL('..', import.meta.url));
const folder = join(repository, '.bench', 'layers');
const scratch = join(folder, 'scratch');
const python = 'python3';
const interpreter = execFileSync(python, ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
}).trim();
const forPython =
  '--only-binary=:all: --python-version=3.11 --implementation=cp --platform=manylinux2014_x86_64 --platform=manylinux1_x86_64';

type Wheel = {
  readonly path: string;
  readonly filename: string;
  readonly digest: string;
  readonly size: number;
};
type Figures = {
  readonly seconds: number;
  readonly megabytes: number;
  readonly layer: number;
  readonly unpacked?: number;
};
type Row = Figures & { readonly name: string };

const measured = `
import json, resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"code": done.returncode, "seconds": seconds, "peak": peak, "output": done.stdout.decode()}))
`;

const wheels = await download('wheels', packages);
const uvBinary = installUv();
const rows: Row[] = [];
row('cogpack, one thread on one core', () => cogpack(wheels, 1));
row('cogpack, two threads', () => cogpack(wheels, 2));
row('pip + tar + gzip -6', () => pipeline(pip, 'gzip -6 -n'));
row('pip + tar + pigz -6', () => pipeline(pip, 'pigz -6 -n'));
row('uv + tar + zstd -3 -T0', () => pipeline(uvBinary, 'zstd -q -3 -T0'));
print(rows);
verdicts(rows);
if (values.large) {
  const torch = await download('large', [large]);
  const rows = [
    medianRow(`cogpack, one core, ${large}`, () => cogpack(torch, 1)),
    medianRow(`cogpack, two cores, ${large}`, () => cogpack(torch, 2)),
  ];
  print(rows);
  const { unpacked = 0, seconds, megabytes } = rows[1]!;
  const speed = unpacked / 1e6 / seconds;
  console.log(verdict(speed >= 250, `${speed.toFixed(0)} MB/s of unpacked data; the bar is 250`));
  console.log(verdict(megabytes <= 400, `peak memory ${megabytes.toFixed(0)} MB; the bar is 400`));
}
rmSync(scratch, { recursive: true, force: true });

function row(name: string, run: () => Figures | undefined): void {
  const made = tryRow(name, run);
  if (made === undefined) console.log(`${name}: left out, a program of it is not here`);
  else rows.push(made);
}

function tryRow(name: string, run: () => Figures | undefined): Row | undefined {
  return run() === undefined ? undefined : medianRow(name, run); // the first run warms the page cache
}

function medianRow(name: string, run: () => Figures | undefined): Row {
  const figures = Array.from({ length: runs }, () => run()!);
  const median = (of: (figure: Figures) => number) =>
    figures.map(of).sort((a, b) => a - b)[Math.floor(figures.length / 2)]!;
  const { layer, unpacked } = figures[0]!;
  return {
    name,
    seconds: median(figure => figure.seconds),
    megabytes: median(figure => figure.megabytes),
    layer,
    ...(unpacked !== undefined && { unpacked }),
  };
}

function cogpack(list: readonly Wheel[], threads: number): Figures {
  rmSync(scratch, { recursive: true, force: true });
  const store = openStore(join(scratch, 'store'));
  for (const { path, digest } of list) copyFileSync(path, store.blobPath({ digest: digestOfHex(digest) }));
  const job = [process.execPath, join(repository, 'bench', 'layers-job.ts'), store.dir, String(threads)];
  const inputs = list.flatMap(({ filename, digest, size }) => [`sha256:${digest}`, String(size), filename]);
  const pinned = threads === 1 && has('taskset') ? ['taskset', '-c', '0'] : [];
  const { seconds, peak, output } = measure([...pinned, ...job, ...inputs]);
  const { size, unpacked } = JSON.parse(output) as { size: number; unpacked: number };
  return { seconds, megabytes: peak, layer: size, unpacked };
}

/** Installs into a folder, then makes it one layer. Python files are not compiled, as cogpack's layers have none. */
function pipeline(
  install: ((target: string) => string) | undefined,
  compressor: string,
): Figures | undefined {
  if (install === undefined || !has(compressor.split(' ')[0]!)) return undefined;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const [target, layer] = [join(scratch, 'target'), join(scratch, 'layer')];
  const command = `${install(target)} && tar -C '${target}' --sort=name --mtime=@1 --owner=0 --group=0 -cf - . | ${compressor} > '${layer}'`;
  const { seconds, peak } = measure(['sh', '-c', command]);
  return { seconds, megabytes: peak, layer: statSync(layer).size };
}

function pip(target: string): string {
  return `${python} -m pip -q --disable-pip-version-check install --root-user-action=ignore ${forPython} --no-index --no-deps --no-compile --target '${target}' ${paths()}`;
}

function paths(): string {
  return wheels.map(({ path }) => `'${path}'`).join(' ');
}

function installUv(): ((target: string) => string) | undefined {
  const target = join(folder, 'uv');
  if (!readdirSafe(target).includes('bin')) {
    execFileSync(
      python,
      ['-m', 'pip', '-q', 'install', '--root-user-action=ignore', '--no-deps', '--target', target, uv],
      {
        stdio: 'inherit',
      },
    );
  }
  const program = join(target, 'bin', 'uv');
  return into =>
    `'${program}' -q pip install --python '${interpreter}' --python-version 3.11 --no-cache --offline --no-deps --target '${into}' ${paths()}`;
}

function measure(command: readonly string[]): { seconds: number; peak: number; output: string } {
  const text = execFileSync(python, ['-c', measured, ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { code, seconds, peak, output } = JSON.parse(text);
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`);
  return { seconds, peak: peak / 1000, output };
}

async function download(name: string, list: readonly string[]): Promise<Wheel[]> {
  const dir = join(folder, name);
  if (readdirSafe(dir).length !== list.length) {
    mkdirSync(dir, { recursive: true });
    const command = [
      '-m',
      'pip',
      '-q',
      'download',
      '--no-deps',
      ...forPython.split(' '),
      '--dest',
      dir,
      ...list,
    ];
    execFileSync(python, command, { stdio: 'inherit' });
  }
  return Promise.all(
    readdirSafe(dir).map(async filename => {
      const path = join(dir, filename);
      const hash = createHash('sha256');
      for await (const part of createReadStream(path)) hash.update(part);
      return { path, filename, digest: hash.digest('hex'), size: statSync(path).size };
    }),
  );
}

function readdirSafe(dir: string): string[] {
  mkdirSync(dir, { recursive: true });
  return readdirSync(dir).sort();
}

function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

function print(list: readonly Row[]): void {
  console.log('\npipeline                                            seconds   layer MB   peak MB');
  for (const { name, seconds, layer, megabytes } of list) {
    const cells = [
      seconds.toFixed(2).padStart(8),
      (layer / 1e6).toFixed(1).padStart(10),
      megabytes.toFixed(0).padStart(9),
    ];
    console.log(`${name.padEnd(51)}${cells.join(' ')}`);
  }
}

function verdicts(list: readonly Row[]): void {
  const secondsOf = (start: string) => list.find(({ name }) => name.startsWith(start))?.seconds ?? Number.NaN;
  const ratio = secondsOf('pip + tar + gzip') / secondsOf('cogpack, one');
  console.log(
    verdict(
      ratio >= 8,
      `one thread is ${ratio.toFixed(1)} times as fast as pip + tar + gzip -6; the bar is 8`,
    ),
  );
  const ahead = secondsOf('uv') / secondsOf('cogpack, two');
  console.log(
    verdict(
      ahead > 1,
      `two threads are ${ahead.toFixed(1)} times as fast as uv + tar + zstd -3; the bar is 1`,
    ),
  );
}

function verdict(met: boolean, text: string): string {
  return `${met ? 'met   ' : 'MISSED'} ${text}`;
}
