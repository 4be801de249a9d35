// wheel@4: a wheel, installed into a virtual environment, as a layer. The wheel's own deflate streams are copied into
// gzip members; inflating happens once, to check CRC-32s and to hash the tar. The layer depends on the wheel, the
// environment's prefix and Python's version alone.
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { z } from 'zod';
import { CogpackError } from '../base/error.ts';
import { comparePaths, pathFault } from '../formats/paths.ts';
import { formatRecord, type RecordLine } from '../formats/wheel-metadata.ts';
import { readZip, type Zip, type ZipEntry } from '../formats/zip.ts';
import { entryHead, readEntry } from '../formats/zip-read.ts';
import type { BuildContext, Builder } from './builder.ts';
import { fileMode, type LayerWriter, writeLayer } from './layer.ts';
import { boundedBytes, type DistInfo, isSignature, readDistInfo } from './wheel-dist-info.ts';
import {
  isExecutable,
  type PlacedEntry,
  placeEntries,
  recordPath,
  type Venv,
  venvOf,
} from './wheel-layout.ts';
import { entryPointScript, placeholder, withShebang } from './wheel-scripts.ts';

const args = z.strictObject({
  filename: z.string(),
  /** The virtual environment's folder in the image. Its interpreter stands in shebang lines, which are short. */
  prefix: z
    .string()
    .regex(/^\/[^\s]{1,100}$/)
    .refine(
      prefix => pathFault(prefix.slice(1)) === undefined,
      'expected an absolute folder such as /opt/venv',
    ),
  python: z.string().regex(/^3\.[0-9]+$/, 'expected major.minor, such as 3.11'),
});
type Args = z.infer<typeof args>;

export const wheel: Builder<Args> = {
  name: 'wheel',
  version: 4,
  thread: 'worker',
  args,
  async build({ filename, prefix, python }, inputs, context) {
    const [input] = inputs.wheel ?? [];
    if (input === undefined)
      throw new CogpackError('wheel/input', `${context.name}: ${filename} is no input of it`);
    const fd = openSync(context.store.blobPath(input), 'r');
    try {
      const zip = readZip(fd, fstatSync(fd).size, filename);
      const distInfo = await readDistInfo(filename, zip);
      const files = await planFiles(filename, zip, distInfo, venvOf(prefix, python));
      return await writeLayer(context, layer => writeFiles(layer, zip, files, context));
    } finally {
      closeSync(fd);
    }
  },
};

type PlannedFile = {
  readonly path: string;
  readonly executable: boolean;
  readonly source: ZipEntry | Buffer;
};

/** Every file of the layer in the order of paths: those of the wheel, those changed, and those added. */
async function planFiles(filename: string, zip: Zip, distInfo: DistInfo, venv: Venv): Promise<PlannedFile[]> {
  const made = new Map<string, Buffer>();
  for (const script of distInfo.scripts) {
    made.set(`${venv.bin}/${script.name}`, Buffer.from(entryPointScript(venv, script)));
  }
  const infoFolder = `${venv.site}/${distInfo.folder}`;
  made.set(`${infoFolder}/INSTALLER`, Buffer.from('cogpack\n'));

  const placed = placeEntries(filename, zip.entries, venv, distInfo.name);
  // An entry point's script stands for one of the same name that the wheel brings along.
  const kept = placed.filter(({ path, entry }) => !made.has(path) && !isSignature(entry.name));
  for (const { entry, path, isScript } of kept) {
    if (
      !isScript ||
      entryHead(zip, entry, placeholder.length).toString('latin1', 0, placeholder.length) !== placeholder
    ) {
      continue;
    }
    made.set(path, withShebang(venv, await boundedBytes(filename, zip, entry)));
  }
  const recordFile = `${infoFolder}/RECORD`;
  const copied = kept.filter(({ path }) => path !== recordFile && !made.has(path));
  const executables = new Set(kept.filter(isExecutable).map(({ path }) => path));
  const record = await recordLines(zip, distInfo, venv, copied, made);
  made.set(
    recordFile,
    Buffer.from(formatRecord([...record, { path: recordPath(venv, recordFile), hash: '', size: '' }])),
  );

  const files: PlannedFile[] = [
    ...copied.map(file => ({ path: file.path, executable: isExecutable(file), source: file.entry })),
    ...[...made].map(([path, source]) => ({
      path,
      executable: executables.has(path) || path.startsWith(`${venv.bin}/`),
      source,
    })),
  ];
  return files.sort((a, b) => comparePaths(a.path, b.path));
}

/**
 * RECORD's lines but its own. Files that are copied keep the wheel's line: the wheel's sha256 and each file's CRC-32
 * are verified, so hashing them again would add nothing. A file that the wheel forgot to list is hashed.
 */
async function recordLines(
  zip: Zip,
  { record }: DistInfo,
  venv: Venv,
  copied: readonly PlacedEntry[],
  made: ReadonlyMap<string, Buffer>,
): Promise<RecordLine[]> {
  const known = new Map(record.filter(line => line.hash !== '').map(line => [line.path, line]));
  const lines: RecordLine[] = [];
  for (const { entry, path } of copied) {
    const hash = known.get(entry.name)?.hash ?? (await hashEntry(zip, entry));
    lines.push({ path: recordPath(venv, path), hash, size: String(entry.size) });
  }
  for (const [path, bytes] of made) {
    const hash = `sha256=${createHash('sha256').update(bytes).digest('base64url')}`;
    lines.push({ path: recordPath(venv, path), hash, size: String(bytes.length) });
  }
  return lines;
}

async function hashEntry(zip: Zip, entry: ZipEntry): Promise<string> {
  const hash = createHash('sha256');
  await readEntry(zip, entry, { content: bytes => void hash.update(bytes) });
  return `sha256=${hash.digest('base64url')}`;
}

async function writeFiles(
  layer: LayerWriter,
  zip: Zip,
  files: readonly PlannedFile[],
  { progress }: BuildContext,
): Promise<void> {
  const sizeOf = ({ source }: PlannedFile) => (Buffer.isBuffer(source) ? source.length : source.size);
  const total = files.reduce((sum, file) => sum + sizeOf(file), 0);
  let done = 0;
  const advance = (bytes: Uint8Array) => {
    done += bytes.length;
    progress(done, total);
  };
  for (const { path, executable, source } of files) {
    const mode = fileMode(executable);
    if (Buffer.isBuffer(source)) {
      layer.file(path, mode, source);
      advance(source);
    } else {
      await copyEntry(layer, zip, source, path, mode, advance);
    }
  }
}

async function copyEntry(
  layer: LayerWriter,
  zip: Zip,
  entry: ZipEntry,
  path: string,
  mode: number,
  advance: (bytes: Uint8Array) => void,
): Promise<void> {
  if (entry.method === 'deflated' && entry.size > 0) {
    const { deflated, content, end } = layer.openDeflated(path, mode, entry.size);
    await readEntry(zip, entry, {
      deflated,
      content(bytes) {
        content(bytes);
        advance(bytes);
      },
    });
    end(entry.crc);
  } else {
    const file = layer.openFile(path, mode, entry.size);
    await readEntry(zip, entry, {
      content(bytes) {
        file.write(bytes);
        advance(bytes);
      },
    });
    file.end();
  }
}
