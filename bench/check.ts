// npm run bench:check
// The ELF proof of a real image of 3 GB, 5.4 GB unpacked: torch and its CUDA libraries (22 GB of disk in .bench, made by
// the first run). `cold`: layers and their summaries are in the store, the report is not; `warm`: it is. Then nothing is
// known of the image: its layers are read, once as cogpack wrote them and once as one layer that GNU tar and gzip wrote,
// on one core and on all. Beside it: GNU tar reading that layer, and the image's own loader listing what each file needs
// in the unpacked tree. Whole processes; medians where a run is short.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Digest, digestOfHex, hexOf, sha256 } from '../src/base/digest.ts';
import { derivationSchema } from '../src/graph/derivation.ts';
import { manifestMediaType } from '../src/store/manifest.ts';
import { openStore } from '../src/store/store.ts';
import { medianOf, runTimed } from './measure.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const cogpack = join(repository, 'bin/cogpack');
const dir = join(repository, '.bench', 'check');
const [project, storeDir, emptyStore, ownLayout, foreignLayout, root] = [
  'project',
  'store',
  'empty',
  'own',
  'foreign',
  'root',
].map(name => join(dir, name)) as [string, string, string, string, string, string];
const runs = 5;
const onOneCore = ['taskset', '-c', '0'];

type Manifest = {
  readonly config: { readonly digest: Digest };
  readonly layers: readonly { readonly digest: Digest }[];
};

await prepare();
const store = openStore(storeDir);
const realise = (): number => runTimed(cogpack, ['realise', project, '--store', storeDir]).seconds;
const check = (): number => runTimed(cogpack, ['check', project, '--store', storeDir]).seconds;
realise();
say(
  'node -e 0',
  medianOf(runs, () => runTimed(process.execPath, ['-e', '0']).seconds),
);
say(
  'cold: realise makes the report and the image',
  medianOf(runs, () => {
    forget(/^(check|image)@/);
    return realise();
  }),
);
say('warm: realise', medianOf(runs, realise));
say('warm: check prints the report', medianOf(runs, check));

const [unpacked, files] = [sizeOf(root), elfFiles(root)];
for (const [name, layout] of [
  ['layers of cogpack', ownLayout],
  ['one foreign layer', foreignLayout],
] as const) {
  for (const [cores, prefix] of [
    ['one core', onOneCore],
    ['all cores', []],
  ] as const) {
    const [command, ...args] = [...prefix, cogpack, 'check', `oci:${layout}`, '--store', emptyStore];
    say(`read: ${name}, ${cores}`, runTimed(command!, args).seconds, unpacked);
  }
}
const foreign = join(foreignLayout, 'blobs/sha256', hexOf(manifestOf(foreignLayout).layers[0]!.digest));
const [tar, ...tarArgs] = [...onOneCore, 'sh', '-c', 'tar -xzOf "$0" > /dev/null', foreign];
say('GNU tar and gzip read the foreign layer, one core', runTimed(tar!, tarArgs).seconds, unpacked);
if (process.getuid?.() === 0) say(`the loader lists ${files.length} unpacked files`, loaderSeconds());

async function prepare(): Promise<void> {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: repository, stdio: 'ignore' });
  if (existsSync(join(foreignLayout, 'index.json'))) return;
  rmSync(root, { recursive: true, force: true });
  for (const folder of [project, root, foreignLayout]) mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(project, 'cogpack.jsonnet'),
    `(import 'cogpack').model { python: '3.11', requirements: ['torch==2.5.1', 'numpy'], gpu: true, cmd: ['python'] }\n`,
  );
  runTimed(cogpack, ['lock', project]);
  runTimed(cogpack, ['realise', project, '--store', storeDir, '--output', `oci:${ownLayout}`]);
  const own = manifestOf(ownLayout);
  for (const { digest } of own.layers)
    execFileSync('tar', ['-xzf', join(ownLayout, 'blobs/sha256', hexOf(digest)), '-C', root]);
  await writeForeign(own);
}

/** The tree as one layer, with the image's own configuration. */
async function writeForeign(own: Manifest): Promise<void> {
  const blobs = join(foreignLayout, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const file = join(dir, 'layer.tar.gz');
  execFileSync('sh', ['-c', 'tar -C "$0" -cf - . | gzip -1 > "$1"', root, file]);
  const hash = createHash('sha256');
  for await (const part of createReadStream(file)) hash.update(part as Buffer);
  const layer = digestOfHex(hash.digest('hex'));
  const { size } = statSync(file);
  rmSync(join(blobs, hexOf(layer)), { force: true });
  linkSync(file, join(blobs, hexOf(layer)));
  rmSync(file);
  const put = (value: object) => {
    const bytes = Buffer.from(JSON.stringify(value));
    writeFileSync(join(blobs, hexOf(sha256(bytes))), bytes);
    return { digest: sha256(bytes), size: bytes.length };
  };
  const config = JSON.parse(blobOf(ownLayout, own.config.digest));
  const { history: _, ...rest } = config;
  const configDescriptor = put({ ...rest, rootfs: { type: 'layers', diff_ids: [layer] } });
  const manifest = put({
    schemaVersion: 2,
    mediaType: manifestMediaType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...configDescriptor },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: layer, size }],
  });
  writeFileSync(join(foreignLayout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const index = { schemaVersion: 2, manifests: [{ mediaType: manifestMediaType, ...manifest }] };
  writeFileSync(join(foreignLayout, 'index.json'), JSON.stringify(index));
}

function manifestOf(layout: string): Manifest {
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  return JSON.parse(blobOf(layout, manifests[0].digest));
}

function blobOf(layout: string, digest: Digest): string {
  return readFileSync(join(layout, 'blobs/sha256', hexOf(digest)), 'utf8');
}

/** The realisations of these builders, under both of their digests: the text of the resolved derivation is not kept. */
function forget(builders: RegExp): void {
  const records = join(storeDir, 'cogpack', 'realisations');
  const texts = new Map(readdirSync(records).map(name => [name, readFileSync(join(records, name), 'utf8')]));
  const gone = new Set<string>();
  for (const [name, text] of texts) {
    const digest = digestOfHex(name.replace('.json', ''));
    if (!store.hasBlob(digest)) continue;
    const { builder } = derivationSchema.parse(JSON.parse(store.readBlob(digest).toString('utf8')));
    if (builders.test(builder)) gone.add(text);
  }
  for (const [name, text] of texts) if (gone.has(text)) rmSync(join(records, name));
}

function* filesOf(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesOf(path);
    else if (entry.isFile()) yield path;
  }
}

function sizeOf(folder: string): number {
  return [...filesOf(folder)].reduce((sum, path) => sum + statSync(path).size, 0);
}

function elfFiles(folder: string): string[] {
  const head = Buffer.alloc(4);
  return [...filesOf(folder)].filter(path => {
    const fd = openSync(path, 'r');
    try {
      return readSync(fd, head) === 4 && head.equals(Buffer.from('\x7fELF', 'latin1'));
    } finally {
      closeSync(fd);
    }
  });
}

function loaderSeconds(): number {
  const names = files.map(path => path.slice(root.length)).join('\n');
  const script = 'xargs -d "\\n" -n 1 chroot "$0" /lib64/ld-linux-x86-64.so.2 --list > /dev/null 2>&1 || :';
  const before = performance.now();
  execFileSync('sh', ['-c', script, root], { input: names });
  return (performance.now() - before) / 1000;
}

function say(what: string, seconds: number, bytes?: number): void {
  const speed = bytes === undefined ? '' : `${Math.round(bytes / 1e6 / seconds)} MB/s`.padStart(12);
  process.stdout.write(`${what.padEnd(52)}${seconds.toFixed(2).padStart(8)} s${speed}\n`);
}
