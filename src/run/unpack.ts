// Unpacks an image's layers into a folder, as a runtime wants them: whiteouts applied (image-spec layer.md), every path
// resolved inside the folder, whatever links lie on the way. Devices, which bases hold in /dev, are left out: a container's
// /dev is its runtime's.
import {
  chmodSync,
  chownSync,
  createReadStream,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError, messageOf } from '../base/error.ts';
import { paddingOf } from '../formats/tar.ts';
import type { Store } from '../store/store.ts';

const whiteout = '.wh.';
const opaqueWhiteout = '.wh..wh..opq';
const mostLinks = 40;
const devices: readonly string[] = ['character-device', 'block-device', 'fifo'];

/** `root` is made; what a failed unpack leaves there is the caller's to remove. Throws `run/unpack`. */
export async function unpackLayers(
  store: Store,
  layers: readonly Descriptor[],
  root: string,
  signal: AbortSignal,
): Promise<void> {
  mkdirSync(root, { recursive: true });
  for (const layer of layers) await unpackLayer(store, layer, root, signal);
}

async function unpackLayer(
  store: Store,
  layer: Descriptor,
  root: string,
  signal: AbortSignal,
): Promise<void> {
  const entries = extract();
  const reading = pipeline(
    [createReadStream(store.blobPath(layer)), ...decompressor(layer), wholeBlocks, entries],
    { signal },
  );
  reading.catch(() => {}); // awaited below; an error also ends the loop
  try {
    for await (const entry of entries) {
      await unpackEntry(root, entry.header, entry as AsyncIterable<Buffer>, layer);
      entry.resume();
    }
    await reading;
  } catch (error) {
    if (error instanceof CogpackError || signal.aborted) throw error;
    throw new CogpackError('run/unpack', `${layer.digest}: ${messageOf(error)}`, { cause: error });
  }
}

/** Go's tar writer leaves out the last file's padding unless it is closed. */
async function* wholeBlocks(content: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const part of content) {
    size += part.length;
    yield part;
  }
  yield new Uint8Array(paddingOf(size));
}

function decompressor({ mediaType }: Descriptor) {
  if (mediaType.endsWith('gzip')) return [createGunzip()];
  return mediaType.endsWith('zstd') ? [createZstdDecompress()] : [];
}

async function unpackEntry(
  root: string,
  header: Header,
  bytes: AsyncIterable<Buffer>,
  layer: Descriptor,
): Promise<void> {
  const path = header.name.replace(/^(\.?\/)+/, '').replace(/\/+$/, '');
  if (path === '' || path === '.') return;
  const fail = (problem: string) =>
    new CogpackError('run/unpack', `${layer.digest}: ${header.name}: ${problem}`);
  if (path.split('/').includes('..')) throw fail('the path leaves the image');
  const folder = resolveInside(root, dirname(path));
  mkdirSync(folder, { recursive: true });
  const name = basename(path);
  if (name === opaqueWhiteout) {
    for (const item of readdirSync(folder)) rmSync(join(folder, item), { recursive: true, force: true });
    return;
  }
  if (name.startsWith(whiteout)) {
    rmSync(join(folder, name.slice(whiteout.length)), { recursive: true, force: true });
    return;
  }
  const target = join(folder, name);
  const mode = header.mode ?? 0o644;
  if (header.type === 'directory') {
    if (!isFolder(target)) {
      rmSync(target, { recursive: true, force: true });
      mkdirSync(target);
    }
    own(target, header, mode);
    return;
  }
  rmSync(target, { recursive: true, force: true });
  if (devices.includes(header.type ?? '')) return;
  if (header.type === 'symlink') symlinkSync(header.linkname ?? '', target);
  else if (header.type === 'link')
    linkSync(
      join(resolveInside(root, dirname(header.linkname ?? '')), basename(header.linkname ?? '')),
      target,
    );
  else if (header.type === 'file' || header.type === 'contiguous-file') {
    await writeFile(target, bytes);
    own(target, header, mode);
    // Python holds byte code against it.
    if (header.mtime !== undefined) utimesSync(target, header.mtime, header.mtime);
  } else throw fail(`a ${header.type} cannot be unpacked`);
}

// Owners only mean something to root; a mode is set last, since a change of owner clears setuid.
function own(path: string, { uid = 0, gid = 0 }: Header, mode: number): void {
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
  chmodSync(path, mode);
}

async function writeFile(path: string, bytes: AsyncIterable<Buffer>): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for await (const part of bytes) await file.writeFile(part);
  } finally {
    await file.close();
  }
}

/** The real folder of a path whose links are read as they are in the image, where `/` is `root`. */
function resolveInside(root: string, path: string): string {
  const left = path.split('/').filter(part => part !== '' && part !== '.');
  const done: string[] = [];
  for (let links = 0; left.length > 0; ) {
    const part = left.shift()!;
    if (part === '..') {
      done.pop();
      continue;
    }
    const link = linkAt(join(root, ...done, part));
    if (link === undefined) {
      done.push(part);
      continue;
    }
    links += 1;
    if (links > mostLinks) throw new CogpackError('run/unpack', `${path}: the links on its way form a cycle`);
    if (link.startsWith('/')) done.length = 0;
    left.unshift(...link.split('/').filter(step => step !== '' && step !== '.'));
  }
  return join(root, ...done);
}

function linkAt(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined;
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
