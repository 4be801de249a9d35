// Writes one layer into the store, a tar stream as gzip members (formats/tar-gzip.ts), and its summary for the check of
// images (check/summary.ts), so that what was just read need not be read again for it. It adds the folders above each
// entry, writes none twice, and refuses what cannot be unpacked safely: a path out of the root, a path given twice,
// a path through a link or a file. Folders and links, which other layers may hold too, are gzip members of their own, so
// that builders/join.ts can leave them out.
import { crc32 } from 'node:zlib';
import { type Descriptor, digestOfHex } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { createSummarizer, type Summarizer } from '../check/summarize.ts';
import { parentsOf, pathFault } from '../formats/paths.ts';
import { paddingOf, type TarEntry, tarHeader } from '../formats/tar.ts';
import { createTarGzip } from '../formats/tar-gzip.ts';
import { type ContentSink, headSize } from '../formats/tar-read.ts';
import { type BuildContext, diffIdAnnotation, layerMediaType } from './builder.ts';
import { writeSummary } from './summary.ts';

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

/** Runs `fill` and commits what it wrote as `layer`, and its `summary`; when it throws, nothing is left. */
export async function writeLayer(
  context: Pick<BuildContext, 'name' | 'store'>,
  fill: (layer: LayerWriter) => void | Promise<void>,
): Promise<{ readonly layer: Descriptor; readonly summary: Descriptor }> {
  const blob = context.store.createBlob();
  try {
    const stream = createTarGzip(bytes => blob.write(bytes));
    const summarizer = createSummarizer();
    await fill(createWriter(context.name, stream, summarizer));
    const diffId = digestOfHex(stream.finish());
    const layer = blob.commit(layerMediaType, { [diffIdAnnotation]: diffId });
    const summary = summarizer.isIncomplete()
      ? await (await import('./scan.ts')).scanLayer(layer, context)
      : summarizer.summary();
    return { layer, summary: writeSummary(context.store, summary) };
  } catch (error) {
    blob.abort();
    throw error;
  }
}

type Kind = 'folder' | 'implied folder' | 'file' | 'link';

function createWriter(
  name: string,
  stream: ReturnType<typeof createTarGzip>,
  summarizer: Summarizer,
): LayerWriter {
  const kinds = new Map<string, Kind>();
  const modes = new Map<string, number>();

  const addHeader = (entry: TarEntry): void => {
    summarizer.enter({ mode: 0, size: 0, target: '', ...entry });
    const isAlone = entry.type === 'folder' || entry.type === 'link';
    stream[isAlone ? 'addAlone' : 'add'](tarHeader(entry));
  };

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
        addHeader({ type: 'folder', path: parent, mode: folderMode });
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
    addHeader({ type: 'file', path, mode, size });
  };

  const openFile: LayerWriter['openFile'] = (path, mode, size) => {
    startFile(path, mode, size);
    const read = createReader(summarizer, size);
    let written = 0;
    let crc = 0;
    return {
      write(bytes) {
        written += bytes.length;
        if (written > size) return;
        stream.add(bytes);
        crc = crc32(bytes, crc);
        read(bytes);
      },
      end() {
        if (written !== size) {
          throw new CogpackError('layer/size', `${name}: ${path} has ${written} bytes; expected ${size}`);
        }
        summarizer.leave(crc);
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
      if (!implied) addHeader({ type: 'folder', path, mode });
    },
    link(path, target) {
      enter(path, 'link');
      if (target === '' || target.includes('\0') || target.includes('\ufffd')) {
        throw new CogpackError(
          'layer/link',
          `${name}: the link ${path} has no usable target: ${JSON.stringify(target)}`,
        );
      }
      addHeader({ type: 'link', path, target });
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
      addHeader({ type: 'hard link', path, mode, target });
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
      const read = createReader(summarizer, size);
      return {
        deflated: stream.copyDeflated,
        content(bytes) {
          stream.copyContent(bytes);
          read(bytes);
        },
        end(crc) {
          stream.endCopy(crc, size);
          summarizer.leave(crc);
          pad(size);
        },
      };
    },
  };
}

/** Hands on a file's content, which comes in parts of any length, when its first bytes are there to be judged by. */
function createReader(summarizer: Summarizer, size: number): (bytes: Uint8Array) => void {
  const wanted = Math.min(headSize, size);
  let head: Buffer | undefined = Buffer.alloc(0);
  let sink: ContentSink | undefined;
  return bytes => {
    let part = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (head !== undefined) {
      if (head.length > 0) part = Buffer.concat([head, part]);
      if (part.length < wanted) {
        head = Buffer.from(part);
        return;
      }
      head = undefined;
      sink = summarizer.choose(part.subarray(0, wanted));
    }
    sink?.(part);
  };
}

const zeros = new Uint8Array(512);
