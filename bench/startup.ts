// npm run bench:startup [-- MODEL…]
// How long a model takes to start: from the runtime's start to the first ready /health-check, and to the first right answer
// of /predictions, without network. The image that cogpack made is next to the same root filesystem in which `uv pip
// install` has put the same wheels: as uv does it by itself; over a standard library with byte code, as Debian's scripts
// make it; and with byte code of everything. Each run has a copy of its own: the first start finds the byte code that was
// installed, the second also what the first has written. Medians of interleaved runs; all files are in the page cache.
// Needs root, crun and nsenter; RUNS is 5 unless it is given. Downloads some 200 MB, which it keeps for the next time.
import { copyFileSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../src/base/canonical.ts';
import type { Digest } from '../src/base/digest.ts';
import { createNetwork, readConfig } from '../src/fetch/index.ts';
import { readLock } from '../src/lock/lock-file.ts';
import { uvProgram } from '../src/lock/python/uv-tool.ts';
import { bringModel } from '../src/model/bring.ts';
import { writeBundle } from '../src/run/bundle.ts';
import { parseInputs } from '../src/run/inputs.ts';
import { startBundle } from '../src/run/runtime.ts';
import { openStore } from '../src/store/store.ts';
import { models } from '../test/support/models.ts';
import { runTimed } from './measure.ts';

type Case = {
  readonly name: string;
  readonly project: string;
  readonly input: Json;
  readonly output: unknown;
};
/** Seconds since the runtime was called. */
type Start = { readonly ready: number; readonly answered: number };
/** The first start of a copy, and the second. */
type Starts = readonly [Start, Start];
type Asked = Start & { readonly answer: { readonly output?: Json } };

const root = fileURLToPath(new URL('..', import.meta.url));
const runs = Number(process.env.RUNS ?? 5);
const venv = '/opt/venv';
const variants = ['cogpack', 'uv', 'uv, library compiled', 'uv, all compiled'] as const;
const containerId = `cogpack-bench-${process.pid}`;
const signal = new AbortController().signal;

const dir = join(tmpdir(), 'cogpack-bench-startup');
mkdirSync(dir, { recursive: true });
const store = openStore(join(dir, 'store'));
const chosen = process.argv.slice(2);
for (const each of cases()) {
  if (chosen.length > 0 && !chosen.includes(each.name)) continue;
  const bundles = join(dir, each.name);
  rmSync(bundles, { recursive: true, force: true });
  try {
    await makeBundles(each, bundles);
    report(each.name, bundles, await measure(each, bundles));
  } finally {
    rmSync(bundles, { recursive: true, force: true });
  }
}

/** Examples from the smallest to one whose libraries are large, and one with pandas and scikit-learn. */
function cases(): Case[] {
  const examples = ['structured', 'thumbnail', 'edges'].map(name => {
    const { inputs, output } = models.find(model => model.name === name)!;
    const project = join(root, 'examples', name);
    return { name, project, input: parseInputs(inputs, null), output };
  });
  const project = join(dir, 'tables-project');
  mkdirSync(project, { recursive: true });
  const requirements = ['numpy==2.4.6', 'pandas==3.1.1', 'scikit-learn==1.9.1'];
  writeFileSync(
    join(project, 'cogpack.jsonnet'),
    `(import 'cogpack').model { predict: 'predict.py:Predictor', requirements: ${JSON.stringify(requirements)} }\n`,
  );
  writeFileSync(
    join(project, 'predict.py'),
    `import pandas
from cog import BasePredictor
from sklearn.linear_model import LinearRegression


class Predictor(BasePredictor):
    def setup(self) -> None:
        table = pandas.DataFrame({"x": [1, 2, 3], "y": [2, 4, 6]})
        self.model = LinearRegression().fit(table[["x"]], table["y"])

    def predict(self, x: int) -> int:
        return round(self.model.predict(pandas.DataFrame({"x": [x]}))[0])
`,
  );
  return [...examples, { name: 'tables', project, input: { x: 21 }, output: 42 }];
}

/** A bundle for each variant, none of which has been started. */
async function makeBundles({ project }: Case, bundles: string): Promise<void> {
  for (const command of ['lock', 'realise'])
    runTimed(join(root, 'bin/cogpack'), [command, project, '--store', store.dir]);
  const image = await bringModel(project, store, signal, () => {});
  const ours = bundleOf(bundles, 'cogpack');
  mkdirSync(ours, { recursive: true });
  await writeBundle(store, image, ours, { COG_NO_UPDATE_CHECK: '1' }, signal);
  for (const variant of variants.slice(1)) {
    const bundle = bundleOf(bundles, variant);
    runTimed('cp', ['-a', ours, bundle]);
    await installByUv(bundle, project, variant);
  }
}

/** In place of the virtual environment of the bundle, one that uv makes: it runs in the container. */
async function installByUv(bundle: string, project: string, variant: string): Promise<void> {
  const rootfs = join(bundle, 'rootfs');
  const python = readlinkSync(join(rootfs, venv, 'bin/python'));
  rmSync(join(rootfs, venv), { recursive: true });
  const tools = join(rootfs, 'uv-tools');
  mkdirSync(tools);
  const network = createNetwork(readConfig(process.env, project));
  copyFileSync(await uvProgram(store, network, signal), join(tools, 'uv'));
  const wheels = wheelsOf(project).map(({ filename, sha256 }) => {
    copyFileSync(store.blobPath({ digest: sha256 }), join(tools, filename));
    return `/uv-tools/${filename}`;
  });
  const file = join(bundle, 'config.json');
  const config = readFileSync(file, 'utf8');
  const waiting = JSON.parse(config);
  waiting.process.args = [python, '-c', 'import time; time.sleep(600)'];
  // Byte code of what uv itself runs is not to be left behind.
  waiting.process.env.push('PYTHONDONTWRITEBYTECODE=1');
  writeFileSync(file, JSON.stringify(waiting));
  const container = await startBundle('crun', bundle, containerId);
  const exec = async (...args: string[]) => {
    const { code, stderr } = await container.exec(args);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}\n${stderr}`);
  };
  const uv = (...args: string[]) => exec('/uv-tools/uv', '--offline', '--cache-dir=/uv-tools/cache', ...args);
  try {
    await uv('venv', `--python=${python}`, venv);
    const compiled = variant === 'uv, all compiled' ? ['--compile-bytecode'] : [];
    await uv('pip', 'install', `--python=${venv}`, '--no-deps', '--link-mode=copy', ...compiled, ...wheels);
    if (variant !== 'uv')
      await exec(python, '-m', 'compileall', '-q', `/usr/lib/${python.split('/').at(-1)}`);
  } finally {
    container.stop();
  }
  rmSync(tools, { recursive: true });
  writeFileSync(file, config);
}

function wheelsOf(project: string): { readonly filename: string; readonly sha256: Digest }[] {
  const answers = [...readLock(join(project, 'cogpack.lock'))];
  return answers
    .filter(([request]) => (JSON.parse(request) as { kind: string }).kind === 'python')
    .flatMap(([, answer]) => (answer as { packages: { filename: string; sha256: Digest }[] }).packages);
}

async function measure(each: Case, bundles: string): Promise<Map<string, readonly Starts[]>> {
  const found = new Map<string, Starts[]>(variants.map(variant => [variant, []]));
  for (let round = 0; round < runs; round += 1) {
    for (let at = 0; at < variants.length; at += 1) {
      const variant = variants[(at + round) % variants.length]!;
      const copy = join(bundles, 'copy');
      runTimed('cp', ['-a', bundleOf(bundles, variant), copy]);
      runTimed('sync', ['-f', copy]);
      found.get(variant)!.push([await start(each, copy), await start(each, copy)]);
      rmSync(copy, { recursive: true });
    }
  }
  return found;
}

async function start({ input, output }: Case, bundle: string): Promise<Start> {
  const began = Number(process.hrtime.bigint()) / 1e9;
  const container = await startBundle('crun', bundle, containerId);
  try {
    const { pid } = JSON.parse(runTimed('crun', ['state', containerId]).stdout) as { pid: number };
    const asks = [process.execPath, join(root, 'bench/startup-asks.ts'), JSON.stringify({ input })];
    const { stdout } = runTimed('nsenter', ['--target', String(pid), '--net', ...asks]);
    const { ready, answered, answer } = JSON.parse(stdout) as Asked;
    const right =
      output instanceof RegExp
        ? output.test(String(answer.output))
        : isDeepStrictEqual(answer.output, output);
    if (!right) throw new Error(`a wrong answer: ${stdout}`);
    return { ready: ready - began, answered: answered - began };
  } finally {
    container.stop();
  }
}

function report(name: string, bundles: string, found: Map<string, readonly Starts[]>): void {
  const cells = (...values: string[]) => values.map(value => value.padStart(18)).join('');
  process.stdout.write(`${name}, seconds to ready and to the answer: median (least–most) of ${runs} runs\n`);
  process.stdout.write(`${''.padEnd(24)}${cells('first', 'answer', 'second', 'answer', 'MB')}\n`);
  for (const [variant, starts] of found) {
    const seconds = ([0, 1] as const).flatMap(at =>
      (['ready', 'answered'] as const).map(what => spread(starts.map(pair => pair[at][what]))),
    );
    const size = runTimed('du', [
      '-sm',
      '--apparent-size',
      join(bundleOf(bundles, variant), 'rootfs'),
    ]).stdout;
    process.stdout.write(`  ${variant.padEnd(22)}${cells(...seconds, size.split('\t')[0]!)}\n`);
  }
}

function bundleOf(bundles: string, variant: string): string {
  return join(bundles, variant.replaceAll(/\W+/g, '-'));
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const [least, middle, most] = [0, Math.floor(sorted.length / 2), -1].map(at => sorted.at(at)!.toFixed(2));
  return `${middle} (${least}–${most})`;
}
