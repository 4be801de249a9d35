// kill -9 at random moments: the store stays sound, and the next run completes.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../src/store/store.ts';
import { verifyStore } from '../../src/store/verify.ts';
import { type RunningRegistry, startDockerRegistry } from '../registry/support/processes.ts';
import { output, repository } from '../support/cli.ts';

// COGPACK_KILLS=250 COGPACK_SEED=2 npx vitest run test/e2e/crash.test.ts takes about five minutes.
const kills = Number(process.env.COGPACK_KILLS ?? 20);
const seed = Number(process.env.COGPACK_SEED ?? 1);
/** After so many kills a run is left to end, and its result is compared. */
const killsBetweenWholeRuns = 10;
let registry: RunningRegistry;
let dir: string;
let description: string;

beforeAll(async () => {
  registry = await startDockerRegistry();
  dir = mkdtempSync(join(tmpdir(), 'cogpack-crash-'));
  // Many trees of many files, so that there is always something under way.
  const project = join(dir, 'project');
  cpSync(join(repository, 'src'), join(project, 'src'), { recursive: true });
  description = join(project, 'cogpack.jsonnet');
  writeFileSync(
    description,
    `local cog = import 'cogpack';
     local layers = [cog.source('src', { prefix: '/copy-' + i }) for i in std.range(1, 24)];
     cog.derivation({
       name: 'image',
       builder: 'image',
       platform: 'linux/amd64',
       args: { config: {}, history: std.map(function(layer) 'src', layers), annotations: {} },
       inputs: { layers: layers },
     })`,
  );
});

afterAll(async () => {
  await registry?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs cogpack and kills it after a time; false when it had ended by then. */
function killedAfter(milliseconds: number, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(`${repository}bin/cogpack`, args, { stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
    child.once('error', reject);
    child.once('exit', (_, signal) => {
      clearTimeout(timer);
      resolve(signal === 'SIGKILL');
    });
  });
}

test(`after each of ${kills} kill -9 in realise, push and gc the store verifies, and the next run is right`, async () => {
  const random = randomFrom(seed);
  const store = join(dir, 'killed');
  const realise = ['realise', description, '--store', store];
  const push = [...realise, '--push', `${registry.host}/killed:1`];
  /** `span` is about how long the command runs, in milliseconds. */
  const operations = [
    { name: 'realise', args: realise, span: 1500 },
    { name: 'push', args: push, span: 1500 },
    { name: 'gc', args: ['gc', '--store', store, '--keep-days', '0'], span: 250 },
  ];
  const expected = await output(`${repository}bin/cogpack`, [
    'realise',
    description,
    '--store',
    join(dir, 'whole'),
  ]);
  const killed = { realise: 0, push: 0, gc: 0 } as Record<string, number>;
  let [done, wholeRuns] = [0, 0];
  for (let tries = 0; done < kills; tries += 1) {
    expect(tries).toBeLessThan(kills * 5);
    const { name, args, span } = operations[Math.floor(random() * operations.length)]!;
    if (!(await killedAfter(30 + random() * span, args))) continue;
    done += 1;
    killed[name]! += 1;
    const { problems } = await verifyStore(openStore(store));
    expect({ name, done, problems }).toEqual({ name, done, problems: [] });
    if (done % killsBetweenWholeRuns !== 0 && done !== kills) continue;
    wholeRuns += 1;
    expect(await output(`${repository}bin/cogpack`, push)).toBe(expected);
    const inspected = JSON.parse(
      await output('skopeo', ['inspect', '--tls-verify=false', `docker://${registry.host}/killed:1`]),
    );
    expect(`image  ${inspected.Digest}\n`).toBe(expected);
  }
  await output(`${repository}bin/cogpack`, ['gc', '--store', store]);
  expect((await verifyStore(openStore(store))).leftovers).toEqual([]);
  process.stdout.write(`seed ${seed}: killed ${JSON.stringify(killed)}, ${wholeRuns} whole runs right\n`);
}, 3_600_000);
