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

// COGPACK_KILLS=1000 npx vitest run test/e2e/crash.test.ts takes about half an hour.
const kills = Number(process.env.COGPACK_KILLS ?? 20);
const seed = Number(process.env.COGPACK_SEED ?? 1);
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

function killedAfter(milliseconds: number, args: readonly string[]): Promise<void> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [join(repository, 'src/cli/start.ts'), ...args], {
      stdio: 'ignore',
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

test(`after each of ${kills} kill -9 in realise, push and gc the store verifies, and the next run is right`, async () => {
  const random = randomFrom(seed);
  const expected = await output(`${repository}bin/cogpack`, [
    'realise',
    description,
    '--store',
    join(dir, 'whole'),
  ]);
  const store = join(dir, 'killed');
  const operations = [
    ['realise', description, '--store', store],
    ['realise', description, '--store', store, '--push', `${registry.host}/killed:1`],
    ['gc', '--store', store, '--keep-days', '0'],
  ];
  for (let kill = 0; kill < kills; kill += 1) {
    const operation = operations[Math.floor(random() * operations.length)]!;
    await killedAfter(150 + random() * 900, operation);
    const { problems } = await verifyStore(openStore(store));
    expect({ operation, kill, problems }).toEqual({ operation, kill, problems: [] });
  }
  expect(await output(`${repository}bin/cogpack`, operations[1]!)).toBe(expected);
  const inspected = JSON.parse(
    await output('skopeo', ['inspect', '--tls-verify=false', `docker://${registry.host}/killed:1`]),
  );
  expect(`image  ${inspected.Digest}\n`).toBe(expected);
}, 3_600_000);
