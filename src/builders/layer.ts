// Writes one layer into the store: a tar stream as gzip members (formats/tar-gzip.ts). It adds the folders above each
// entry, writes none twice, and refuses what cannot be unpacked safely: a path out of the root, a path given twice,
// a path through a link or a file. Folders and links, which other layers may hold too, are gzip members of their own, so
// that builders/join.ts can leave them out.
import { type Descriptor, digestOfHex } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { parentsOf, pathFault } from '../formats/paths.ts';
import { paddingOf, tarHeader } from '../formats/tar.ts';
import { createTarGzip } from '../formats/tar-gzip.ts';
import { type BuildContext, diffIdAnnotation, layerMediaType } from './builder.ts';

export const folderMode = 0o755;

/** 0755 or 0644, the only modes of what cogpack itself lays out. */
export function fileMode(executable: boolean): number {
  return executable ? 0o755 : 0o644;
}

/** Paths are relative to the image's root. Throws `layer/path`, `layer/duplicate`, `layer/parent`, `layer/link`. */
export type LayerWriter = {
  /** One that is not 0755 comes before what lies in it. */
  folder(path: string, mode?: number): void;
  link(path: string, target: string): void;
  /** `target` is a file already in this layer. */
  hardLink(path: string, target: string): void;
  file(path: string, mode: number, bytes: Uint8Array): void;
  /** A file whose bytes come in parts; `end` checks that they were `size`. */
  openFile(path: string, mode: number, size: number): { write(bytes: Uint8Array): void; end(): void };
  /** A file whose deflate stream is copied; the caller checks it against its CRC-32 and size before `end`. */
  openDeflated(path: string, mode: number, size: number): DeflatedFile;
};

export type DeflatedFile = {
  deflated(bytes: Uint8Array): void;
  content(bytes: Uint8Array): void;
  end(crc: number): void;
};

/** Runs `fill` and commits what it wrote as the output `layer`; when it throws, nothing is left. */
export async function writeLayer(
  context: Pick<BuildContext, 'name' | 'store'>,
  fill: (layer: LayerWriter) => void | Promise<void>,
): Promise<{ readonly layer: Descriptor }> {
  const blob = context.store.createBlob();
  try {
    const stream = createTarGzip(bytes => blob.write(bytes));
    await fill(createWriter(context.name, stream));
    const diffId = digestOfHex(stream.finish());
    return { layer: blob.commit(layerMediaType, { [diffIdAnnotation]: diffId }) };
  } catch (error) {
    blob.abort();
    throw error;
  }
}

type Kind = 'folder' | 'implied folder' | 'file' | 'link';

function createWriter(name: string, stream: ReturnType<typeof createTarGzip>): LayerWriter {
  const kinds = new Map<string, Kind>();
  const modes = new Map<string, number>();

  const enter = (path: string, kind: Kind): void => {
    const fault = pathFault(path);
    if (fault !== undefined) {
      throw new CogpackError(
        'layer/path',
        `${name}: ${JSON.stringify(path)} cannot be a path in an image: ${fault}`,
      );
    }
    for (const parent of parentsOf(path)) {
      const above = kinds.get(parent);
      if (above === undefined) {
        kinds.set(parent, 'implied folder');
        stream.addAlone(tarHeader({ type: 'folder', path: parent, mode: folderMode }));
      } else if (above === 'link' || above === 'file') {
        throw new CogpackError('layer/parent', `${name}: ${path} lies below ${parent}, which is a ${above}`);
      }
    }
    const before = kinds.get(path);
    if (before !== undefined && !(before === 'implied folder' && kind === 'folder')) {
      throw new CogpackError(
        'layer/duplicate',
        `${name}: ${path} is given twice, as ${before} and as ${kind}`,
      );
    }
    kinds.set(path, kind);
  };

  const pad = (size: number): void => stream.add(zeros.subarray(0, paddingOf(size)));

  const startFile = (path: string, mode: number, size: number): void => {
    enter(path, 'file');
    modes.set(path, mode);
    stream.add(tarHeader({ type: 'file', path, mode, size }));
  };

  const openFile: LayerWriter['openFile'] = (path, mode, size) => {
    startFile(path, mode, size);
    let written = 0;
    return {
      write(bytes) {
        written += bytes.length;
        if (written <= size) stream.add(bytes);
      },
      end() {
        if (written !== size) {
          throw new CogpackError('layer/size', `${name}: ${path} has ${written} bytes; expected ${size}`);
        }
        pad(size);
      },
    };
  };

  return {
    folder(path, mode = folderMode) {
      const implied = kinds.get(path) === 'implied folder';
      if (kinds.get(path) === 'folder') return;
      if (implied && mode !== folderMode) {
        throw new CogpackError(
          'layer/duplicate',
          `${name}: ${path} is given the mode ${mode.toString(8)} after something that lies in it`,
        );
      }
      enter(path, 'folder');
      if (!implied) stream.addAlone(tarHeader({ type: 'folder', path, mode }));
    },
    link(path, target) {
      enter(path, 'link');
      if (target === '' || target.includes('\0') || target.includes('\ufffd')) {
        throw new CogpackError(
          'layer/link',
          `${name}: the link ${path} has no usable target: ${JSON.stringify(target)}`,
        );
      }
      stream.addAlone(tarHeader({ type: 'link', path, target }));
    },
    hardLink(path, target) {
      const mode = modes.get(target);
      if (mode === undefined) {
        throw new CogpackError(
          'layer/link',
          `${name}: ${path} is a hard link to ${target}, which is no file before it`,
        );
      }
      enter(path, 'file');
      modes.set(path, mode);
      stream.add(tarHeader({ type: 'hard link', path, mode, target }));
    },
    file(path, mode, bytes) {
      const file = openFile(path, mode, bytes.length);
      file.write(bytes);
      file.end();
    },
    openFile,
    openDeflated(path, mode, size) {
      startFile(path, mode, size);
      stream.beginCopy();
      return {
        deflated: stream.copyDeflated,
        content: stream.copyContent,
        end(crc) {
          stream.endCopy(crc, size);
          pad(size);
        },
      };
    },
  };
}

const zeros = new Uint8Array(512);
