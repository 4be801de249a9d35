// Pushing and pulling an image of 40 layers, 1 GB in all, against skopeo and crane: whole processes, to and from one
// docker-registry, its folder emptied before each push. All files lie in memory where the system has a place for them,
// so that no disk is measured. All three verify what they pull and write the same OCI layout; cogpack and skopeo flush
// its files, crane does not. Medians of interleaved runs with the quickest and the slowest, CPU time of the client and of
// the registry (which share the cores) and peak RSS; then a push of what is there.
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { goTool } from '../scripts/go-tools.ts';
import { type RegistryProcess, startDockerRegistry } from '../test/registry/support/processes.ts';
import { runTimed } from './measure.ts';

const layerCount = 40;
const layerBytes = 25 << 20;
const runs = Number(process.env.RUNS ?? 9);
const bundle = 'node_modules/.cache/bench';
const root = fileURLToPath(new URL('..', import.meta.url));
// Started as bin/cogpack starts the command line.
const cogpack = [
  process.execPath,
  ...['--min-semi-space-size=16', '--disable-warning=ExperimentalWarning'],
  join(root, bundle, 'bench/registry-transfer.js'),
];

type Measured = {
  readonly seconds: number;
  readonly cpu: number;
  /** CPU time of the registry meanwhile. */
  readonly served: number;
  readonly rss: number;
};

// What is run keeps its temporary files where they are, and its compiled code with them.
const env = { ...process.env };
if (existsSync('/dev/shm')) process.env.TMPDIR = '/dev/shm';
runTimed(process.execPath, [join(root, 'scripts/build.ts'), bundle, 'bench/registry-transfer'], env);
const dir = mkdtempSync(join(tmpdir(), 'cogpack-bench-registry-'));
const layout = join(dir, 'image');
try {
  makeLayout();
  const crane = goTool('crane');
  const insecure = ['--insecure-policy'];
  const pushers: [string, (host: string) => string[]][] = [
    ['cogpack', host => [...cogpack, 'push', layout, `${host}/bench:v1`]],
    [
      'skopeo',
      host => [
        'skopeo',
        ...insecure,
        'copy',
        '-q',
        '--dest-tls-verify=false',
        `oci:${layout}:v1`,
        `docker://${host}/bench:v1`,
      ],
    ],
    ...(crane
      ? [
          ['crane', (host: string) => [crane, 'push', layout, `${host}/bench:v1`]] as [
            string,
            (host: string) => string[],
          ],
        ]
      : []),
  ];
  const pullers: [string, (host: string) => string[]][] = [
    ['cogpack', host => [...cogpack, 'pull', join(dir, 'pulled'), `${host}/bench:v1`]],
    [
      'skopeo',
      host => [
        'skopeo',
        ...insecure,
        'copy',
        '-q',
        '--src-tls-verify=false',
        `docker://${host}/bench:v1`,
        `oci:${join(dir, 'pulled')}:v1`,
      ],
    ],
    ...(crane
      ? [
          [
            'crane',
            (host: string) => [crane, 'pull', '--format=oci', `${host}/bench:v1`, join(dir, 'pulled')],
          ] as [string, (host: string) => string[]],
        ]
      : []),
  ];

  const pushed = new Map<string, Measured[]>();
  const noop = new Map<string, Measured[]>();
  const pulled = new Map<string, Measured[]>();
  // Each run begins with another program, so that none always meets a disk that is busy with what came before.
  for (let run = 0; run < runs; run += 1) {
    for (const [name, command] of rotated(pushers, run)) {
      const registry = await startDockerRegistry();
      spawnSync('sync');
      add(pushed, name, await measure(command(registry.host), registry));
      add(noop, name, await measure(command(registry.host), registry));
      await registry.stop();
    }
    const registry = await startDockerRegistry();
    await measure(pushers[0]![1](registry.host), registry);
    for (const [name, command] of rotated(pullers, run)) {
      spawnSync('sync');
      add(pulled, name, await measure(command(registry.host), registry));
      rmSync(join(dir, 'pulled'), { recursive: true, force: true });
    }
    await registry.stop();
  }
  const start = median(await repeat(5, async () => (await measure([process.execPath, '-e', '0'])).seconds));
  report('push', pushed);
  report('pull', pulled);
  report('push of what is there', noop);
  const beyond = median(noop.get('cogpack')!.map(each => each.seconds)) - start;
  process.stdout.write(
    `cogpack's push of what is there: ${Math.round(beyond * 1000)} ms beyond Node's start\n`,
  );
} finally {
  rmSync(dir, { recursive: true, force: true });
}

function makeLayout(): void {
  const blobs = join(layout, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const add = (bytes: Buffer, mediaType: string) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const diffIds: string[] = [];
  const layers = Array.from({ length: layerCount }, () => {
    const bytes = randomFillSync(Buffer.allocUnsafe(layerBytes));
    diffIds.push(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
    return add(gzipSync(bytes, { level: 0 }), 'application/vnd.oci.image.layer.v1.tar+gzip');
  });
  const configuration = {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
  const config = add(Buffer.from(JSON.stringify(configuration)), 'application/vnd.oci.image.config.v1+json');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = add(
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers })),
    mediaType,
  );
  const entry = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'v1' } };
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  spawnSync('sync');
}

/** Wall time, CPU time and peak RSS of a process; throws when it fails. */
async function measure([program = '', ...args]: string[], registry?: RegistryProcess): Promise<Measured> {
  const served = () => (registry === undefined ? 0 : cpuSeconds(registry.pid));
  const servedBefore = served();
  const began = performance.now();
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', part => {
    complaint += part;
  });
  let [cpu, rss] = [0, 0];
  const watch = setInterval(() => {
    cpu = Math.max(cpu, cpuSeconds(child.pid!));
    rss = Math.max(rss, peakRss(child.pid!));
  }, 10);
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  );
  clearInterval(watch);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}\n${complaint}`);
  return { seconds: (performance.now() - began) / 1000, cpu, served: served() - servedBefore, rss };
}

/** Time in user and system mode until now (proc_pid_stat(5): fields 14 and 15, in hundredths). */
function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

/** Linux's VmHWM, in bytes. */
function peakRss(pid: number): number {
  try {
    return Number(/VmHWM:\s+([0-9]+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function rotated<T>(list: readonly T[], by: number): T[] {
  return list.map((_, index) => list[(index + by) % list.length]!);
}

async function repeat<T>(count: number, action: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let index = 0; index < count; index += 1) results.push(await action());
  return results;
}

function add(results: Map<string, Measured[]>, name: string, measured: Measured): void {
  results.set(name, [...(results.get(name) ?? []), measured]);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function report(title: string, results: Map<string, Measured[]>): void {
  const seconds = (name: string) => median(results.get(name)!.map(each => each.seconds));
  process.stdout.write(`${title}\n`);
  for (const [name, list] of results) {
    const all = list.map(each => each.seconds);
    const range = `${Math.min(...all).toFixed(2)}–${Math.max(...all).toFixed(2)}`;
    const cpu = median(list.map(each => each.cpu)).toFixed(2);
    const served = median(list.map(each => each.served)).toFixed(2);
    const rss = Math.round(Math.max(...list.map(each => each.rss)) / 1e6);
    const against =
      name === 'cogpack'
        ? ''
        : `  cogpack takes ${(seconds('cogpack') / seconds(name)).toFixed(2)} of its time`;
    process.stdout.write(
      `  ${name.padEnd(8)}${seconds(name).toFixed(2).padStart(6)} s (${range})  CPU ${cpu} s, the registry's ${served} s  ${String(rss).padStart(3)} MB${against}\n`,
    );
  }
  const [first] = [...results.keys()].sort((a, b) => seconds(a) - seconds(b));
  process.stdout.write(`  ahead: ${first}\n`);
}
