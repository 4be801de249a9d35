// Opens a layer as a tar: one that cogpack wrote by its members, so that large files are passed over unread; any other as
// the stream that its media type says (image-spec layer.md; Docker's types end alike).
import { CogpackError } from '../base/error.ts';
import { decompressorOf } from './decompress.ts';
import { fileParts } from './file-parts.ts';
import { pathFault } from './paths.ts';
import { isTarGzip, type LayerFile, memberSource } from './tar-gzip-read.ts';
import { asTarFault, type TarMember, type TarSource } from './tar-read.ts';
import { streamSource } from './tar-source.ts';

const partSize = 1 << 18;

/** Of an open file. Throws `scan/layer`. */
export function openLayerFile(file: LayerFile, mediaType: string): TarSource {
  if (isTarGzip(file.fd, file.size)) return memberSource(file);
  return openLayerStream(fileParts({ ...file, offset: 0 }, partSize), mediaType, file.label);
}

/** Of the bytes as they come. Throws `scan/layer`. */
export function openLayerStream(
  stream: Iterable<Buffer> | AsyncIterable<Buffer>,
  mediaType: string,
  label: string,
): TarSource {
  return streamSource(layerContent(stream, mediaType, label), label);
}

/** A layer's uncompressed bytes. Throws `scan/layer`, and `tar/format` while they are read. */
export function layerContent(
  stream: Iterable<Buffer> | AsyncIterable<Buffer>,
  mediaType: string,
  label: string,
): AsyncIterable<Uint8Array> {
  const suffix = /tar(?:[+.](gzip|zstd))?$/.exec(mediaType);
  const decompress = decompressorOf(suffix?.[1] === 'gzip' ? '.gz' : suffix?.[1] === 'zstd' ? '.zst' : '');
  if (suffix === null || decompress === undefined) {
    throw new CogpackError(
      'scan/layer',
      `${label} is of media type ${mediaType}; expected a tar layer, plain or with gzip or zstd`,
    );
  }
  return decompressed(decompress(stream), label);
}

async function* decompressed(parts: AsyncIterable<Uint8Array>, label: string): AsyncGenerator<Uint8Array> {
  try {
    yield* parts;
  } catch (error) {
    throw asTarFault(label, error);
  }
}

/** The member itself, where its path stays in the image. Throws `scan/path`. */
export function safeMember(member: TarMember, label: string): TarMember {
  const fault = member.path === '' ? undefined : pathFault(member.path);
  // Base images may hold names of another encoding; nothing that is looked for has one.
  if (fault === undefined || member.path.includes('\ufffd')) return member;
  throw new CogpackError(
    'scan/path',
    `${label}: ${JSON.stringify(member.path)} is not a safe path in a layer: ${fault}`,
  );
}
