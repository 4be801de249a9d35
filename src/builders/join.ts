// join@2: several layers become one by concatenating their gzip members, without each one's tar trailer. No path is in it
// twice, since runtimes refuse a layer where one is (tar-split, which docker, podman and CRI-O use): a path that several
// layers hold counts as the last one has it, as it would in an image of them, and the members of the others are left out.
// Nothing is compressed again, unless a file is to be left out, which shares its member with others.
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { z } from 'zod';
import { type Descriptor, digestOfHex } from '../base/digest.ts';
import { CogpackError, messageOf } from '../base/error.ts';
import { fileParts } from '../formats/file-parts.ts';
import { paddingOf, type TarEntry, tarHeader, tarTrailer } from '../formats/tar.ts';
import { createTarGzip, trailerMember } from '../formats/tar-gzip.ts';
import {
  eachMember,
  isTarGzip,
  type LayerFile,
  type MemberPlace,
  memberSource,
} from '../formats/tar-gzip-read.ts';
import { readTar } from '../formats/tar-read.ts';
import { type BuildContext, type Builder, diffIdAnnotation, layerMediaType } from './builder.ts';

const args = z.strictObject({});
type Args = z.infer<typeof args>;

const partSize = 1 << 18;
/** More than the header of a folder or a link has, pax records and all. */
const mostHeader = 32 << 10;

export const join: Builder<Args> = {
  name: 'join',
  version: 2,
  thread: 'worker',
  args,
  async build(_args, inputs, context) {
    const layers = inputs.layers ?? [];
    if (layers.length === 0)
      throw new CogpackError('join/empty', `${context.name}: there are no layers to join`);
    const total = layers.reduce((sum, layer) => sum + layer.size, 0);
    const hash = createHash('sha256');
    const blob = context.store.createBlob();
    try {
      const leftOut = entriesToLeaveOut(await Promise.all(layers.map(layer => entriesOf(layer, context))));
      let done = 0;
      for (const [index, layer] of layers.entries()) {
        const out = {
          tar: (bytes: Uint8Array) => void hash.update(bytes),
          write: (bytes: Uint8Array) => blob.write(bytes),
        };
        await appendLayer(layer, leftOut[index]!, out, context);
        done += layer.size;
        context.progress(done, total);
      }
      blob.write(trailerMember);
      const diffId = digestOfHex(hash.update(tarTrailer).digest('hex'));
      return { layer: blob.commit(layerMediaType, { [diffIdAnnotation]: diffId }) };
    } catch (error) {
      blob.abort();
      throw error;
    }
  },
};

/** What a layer gives to the joined one: tar bytes to be hashed, and the gzip bytes that hold them. */
type Output = {
  readonly tar: (bytes: Uint8Array) => void;
  readonly write: (bytes: Uint8Array) => void;
};

/** Opens a layer for `use`. Throws `join/layer` with what is wrong with it. */
async function withLayer<T>(
  layer: Descriptor,
  { name, store }: Pick<BuildContext, 'name' | 'store'>,
  use: (file: LayerFile) => Promise<T>,
): Promise<T> {
  const fd = openSync(store.blobPath(layer), 'r');
  try {
    if (!isTarGzip(fd, layer.size)) {
      throw new Error(
        'it is no layer that cogpack wrote: it does not end with the tar trailer as a member of its own',
      );
    }
    return await use({ fd, size: layer.size, label: layer.digest });
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error;
    throw new CogpackError('join/layer', `${name}: ${layer.digest} cannot be joined: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    closeSync(fd);
  }
}

function entriesOf(layer: Descriptor, context: BuildContext): Promise<TarEntry[]> {
  return withLayer(layer, context, async file => {
    const entries: TarEntry[] = [];
    await readTar(
      memberSource(file),
      file.label,
      member => {
        if (member.type === 'other') throw new Error(`${member.path} is neither file, folder nor link`);
        entries.push(member as TarEntry);
        return () => undefined;
      },
      () => {},
    );
    return entries;
  });
}

/** By layer, the entries by path. Of what is the same in several layers the first stays, else the last. */
function entriesToLeaveOut(layers: readonly (readonly TarEntry[])[]): Map<string, TarEntry>[] {
  const staying = new Map<string, TarEntry>();
  for (const entry of layers.flat()) {
    const before = staying.get(entry.path);
    if (before === undefined || !isSame(before, entry)) staying.set(entry.path, entry);
  }
  return layers.map(
    entries =>
      new Map(
        entries.filter(entry => staying.get(entry.path) !== entry).map(entry => [entry.path, entry] as const),
      ),
  );
}

/** Of a folder or a link the header is all. */
function isSame(a: TarEntry, b: TarEntry): boolean {
  return isHeaderOnly(a) && tarHeader(a).equals(tarHeader(b));
}

function isHeaderOnly({ type }: TarEntry): boolean {
  return type === 'folder' || type === 'link';
}

async function appendLayer(
  layer: Descriptor,
  leftOut: ReadonlyMap<string, TarEntry>,
  out: Output,
  context: BuildContext,
): Promise<void> {
  await withLayer(layer, context, async file => {
    const append = [...leftOut.values()].every(isHeaderOnly) ? copyMembers : compressAnew;
    const diffId = await append(file, leftOut, out);
    const expected = layer.annotations?.[diffIdAnnotation];
    if (diffId !== expected)
      throw new Error(`its diffID is ${diffId}; expected ${expected ?? 'an annotation with it'}`);
  });
}

/** Passes on a layer's members, but those of what is left out. Gives the layer's diffID. */
async function copyMembers(
  file: LayerFile,
  leftOut: ReadonlyMap<string, TarEntry>,
  { tar, write }: Output,
): Promise<string> {
  const headers = new Set([...leftOut.values()].map(entry => tarHeader(entry).toString('latin1')));
  const whole = createHash('sha256');
  const copy = ({ start, end }: MemberPlace) => {
    for (const part of fileParts({ ...file, offset: start, size: end - start }, partSize)) write(part);
  };
  await eachMember(file, {
    small(content, place) {
      whole.update(content);
      const isLeftOut = content.length <= mostHeader && headers.delete(content.toString('latin1'));
      if (isLeftOut || place.end === file.size) return;
      tar(content);
      copy(place);
    },
    part(bytes) {
      whole.update(bytes);
      tar(bytes);
    },
    large: copy,
  });
  return `sha256:${whole.digest('hex')}`;
}

/** As copyMembers, for what does not lie in members of its own: everything is compressed again. */
async function compressAnew(
  file: LayerFile,
  leftOut: ReadonlyMap<string, TarEntry>,
  { tar, write }: Output,
): Promise<string> {
  const stream = createTarGzip(write);
  const whole = createHash('sha256');
  const add = (bytes: Uint8Array, path: string, alone = false) => {
    whole.update(bytes);
    if (leftOut.has(path)) return;
    tar(bytes);
    if (alone) stream.addAlone(bytes);
    else stream.add(bytes);
  };
  await readTar(
    memberSource(file),
    file.label,
    member => {
      const entry = member as TarEntry;
      if (entry.type === 'hard link' && leftOut.has(entry.target) && !leftOut.has(entry.path)) {
        throw new Error(`${entry.path} is a hard link to ${entry.target}, which another layer replaces`);
      }
      add(tarHeader(entry), entry.path, isHeaderOnly(entry));
      return () => bytes => add(bytes, entry.path);
    },
    ({ path, size }) => add(Buffer.alloc(paddingOf(size)), path),
  );
  stream.flush();
  return `sha256:${whole.update(tarTrailer).digest('hex')}`;
}
