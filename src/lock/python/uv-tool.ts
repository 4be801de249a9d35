// The program uv, the resolver of Python packages: a pinned wheel (stdlib/facts/uv.json), fetched and verified like
// any other file and unpacked once into the store, at cogpack/tools/<sha256>/uv.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type Descriptor, type Digest, digestSchema, hexOf } from '../../base/digest.ts';
import { CogpackError } from '../../base/error.ts';
import { syncDirectory, temporaryName, writeFully } from '../../base/files.ts';
import { fetch } from '../../builders/fetch.ts';
import { fetchVerified, type Network } from '../../fetch/index.ts';
import { readZip } from '../../formats/zip.ts';
import { readEntry } from '../../formats/zip-read.ts';
import type { Store } from '../../store/store.ts';

const factsSchema = z.object({
  version: z.string(),
  platforms: z.record(
    z.string(),
    z.object({ filename: z.string(), sha256: digestSchema, size: z.number().int() }),
  ),
});

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const largestProgram = 256 * 2 ** 20;
const unpacking = new Map<string, Promise<string>>();

/** The path of uv for this machine. Throws `lock/uv-platform`, and as fetches do. */
export async function uvProgram(store: Store, network: Network, signal: AbortSignal): Promise<string> {
  const { version, filename, sha256, size } = pinnedWheel();
  const path = join(store.dir, 'cogpack', 'tools', hexOf(sha256), 'uv');
  if (existsSync(path)) return path;
  let unpacked = unpacking.get(path);
  if (unpacked === undefined) {
    unpacked = fetchWheel({ sha256, size, filename }, store, network, signal).then(wheel =>
      unpack(store, wheel, `uv-${version}.data/scripts/uv`, filename, path),
    );
    unpacking.set(path, unpacked);
    unpacked.catch(() => unpacking.delete(path));
  }
  return unpacked;
}

function pinnedWheel() {
  const text = readFileSync(new URL('../../../stdlib/facts/uv.json', import.meta.url), 'utf8');
  const { version, platforms } = factsSchema.parse(JSON.parse(text));
  const platform = `${process.platform}/${architectures[process.arch] ?? process.arch}`;
  const wheel = platforms[platform];
  if (wheel !== undefined) return { version, ...wheel };
  throw new CogpackError(
    'lock/uv-platform',
    `Python packages are resolved by uv, which is pinned for ${Object.keys(platforms).join(', ')}; this machine is ${platform}`,
    { hint: 'run cogpack lock on one of these, and keep cogpack.lock in version control' },
  );
}

async function fetchWheel(
  { filename, sha256, size }: { readonly filename: string; readonly sha256: Digest; readonly size: number },
  store: Store,
  network: Network,
  signal: AbortSignal,
): Promise<Descriptor> {
  const location = { kind: 'python', project: 'uv', filename } as const;
  const { file } = await fetch.build(
    { sha256, size },
    {},
    {
      name: filename,
      platform: 'any',
      store,
      root: undefined,
      location,
      download: (_, expected, write) => fetchVerified(location, expected, network, { write }, { signal }),
      signal,
      progress: () => undefined,
    },
  );
  return file!;
}

async function unpack(
  store: Store,
  wheel: Descriptor,
  entryName: string,
  filename: string,
  path: string,
): Promise<string> {
  const temporary = join(store.dir, 'cogpack', 'tmp', temporaryName('uv'));
  const input = openSync(store.blobPath(wheel), 'r');
  try {
    const zip = readZip(input, fstatSync(input).size, filename);
    const entry = zip.entries.find(({ name }) => name === entryName);
    if (entry === undefined || entry.size > largestProgram) {
      throw new CogpackError('lock/uv-wheel', `${filename} does not hold the program ${entryName}`);
    }
    mkdirSync(dirname(temporary), { recursive: true });
    const output = openSync(temporary, 'wx', 0o755);
    try {
      await readEntry(zip, entry, { content: bytes => writeFully(output, bytes) });
      fsyncSync(output);
    } finally {
      closeSync(output);
    }
    mkdirSync(dirname(path), { recursive: true });
    renameSync(temporary, path);
    syncDirectory(dirname(path));
    return path;
  } finally {
    closeSync(input);
    rmSync(temporary, { force: true });
  }
}
