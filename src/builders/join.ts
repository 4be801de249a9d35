// join@1: several layers become one by concatenating their bytes: each without its last member, the tar trailer, then
// one trailer. Nothing is compressed again; inflating checks each layer against its diffID and gives the new one. A
// path that two layers hold counts as the later one has it, as it would in an image of both.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import { type Descriptor, digestOfHex } from '../base/digest.ts';
import { CogpackError, messageOf } from '../base/error.ts';
import { fileParts } from '../formats/file-parts.ts';
import { tarTrailer } from '../formats/tar.ts';
import { trailerMember } from '../formats/tar-gzip.ts';
import { type BuildContext, type Builder, diffIdAnnotation, layerMediaType } from './builder.ts';

const args = z.strictObject({});
type Args = z.infer<typeof args>;

const partSize = 1 << 18;

export const join: Builder<Args> = {
  name: 'join',
  version: 1,
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
      let done = 0;
      for (const layer of layers) {
        await appendLayer(layer, context, hash.update.bind(hash), bytes => {
          blob.write(bytes);
          done += bytes.length;
          context.progress(done, total);
        });
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

/** Passes on a layer's gzip bytes and tar bytes, both without the trailer. Throws `join/layer`. */
async function appendLayer(
  layer: Descriptor,
  { name, store }: BuildContext,
  tar: (bytes: Uint8Array) => void,
  write: (bytes: Uint8Array) => void,
): Promise<void> {
  const fault = (what: string, cause?: unknown) =>
    new CogpackError('join/layer', `${name}: ${layer.digest} cannot be joined: ${what}`, { cause });
  const bodySize = layer.size - trailerMember.length;
  const fd = openSync(store.blobPath(layer), 'r');
  try {
    const end = Buffer.alloc(trailerMember.length);
    if (
      bodySize < 0 ||
      readSync(fd, end, 0, end.length, bodySize) < end.length ||
      !end.equals(trailerMember)
    ) {
      throw fault(
        'it is no layer that cogpack wrote: it does not end with the tar trailer as a member of its own',
      );
    }
    const whole = createHash('sha256');
    const gunzip = createGunzip({ chunkSize: partSize });
    const parts = fileParts({ fd, offset: 0, size: bodySize, label: layer.digest }, partSize);
    const source = Readable.from(written(parts, write), { highWaterMark: 2 });
    source.once('error', error => gunzip.destroy(error)).pipe(gunzip);
    try {
      if (bodySize > 0) {
        for await (const part of gunzip) {
          whole.update(part);
          tar(part);
        }
      }
    } finally {
      source.destroy();
      gunzip.destroy();
    }
    const diffId = `sha256:${whole.update(tarTrailer).digest('hex')}`;
    const expected = layer.annotations?.[diffIdAnnotation];
    if (diffId !== expected)
      throw fault(`its diffID is ${diffId}; expected ${expected ?? 'an annotation with it'}`);
  } catch (error) {
    if (error instanceof CogpackError || (error instanceof Error && error.name === 'AbortError')) throw error;
    throw fault(messageOf(error), error);
  } finally {
    closeSync(fd);
  }
}

function* written(parts: Iterable<Buffer>, write: (bytes: Uint8Array) => void): Generator<Buffer> {
  for (const part of parts) {
    write(part);
    yield part;
  }
}
