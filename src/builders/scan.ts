// scan@1: a layer becomes its summary (check/summary.ts), canonical JSON. Layers that cogpack wrote are read with what
// need not be inflated left out; others, of base images, as a whole. ELF files are read as their bytes pass; when one
// is laid out so oddly that a part was not kept, the layer is read again for it.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { z } from 'zod';
import { canonicalJson } from '../base/canonical.ts';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { isOwnerList, readOwner } from '../check/owners.ts';
import {
  type ElfFacts,
  type Owner,
  type Summary,
  type SummaryEntry,
  type SummaryFile,
  summaryMediaType,
} from '../check/summary.ts';
import { decompressorOf } from '../formats/decompress.ts';
import { isElf } from '../formats/elf.ts';
import { createElfStream, type ElfStream, type Region } from '../formats/elf-stream.ts';
import { fileParts } from '../formats/file-parts.ts';
import { pathFault } from '../formats/paths.ts';
import { isTarGzip, type LayerFile, memberSource } from '../formats/tar-gzip-read.ts';
import { readTar, type TarMember, type TarSource } from '../formats/tar-read.ts';
import { streamSource } from '../formats/tar-source.ts';
import type { BuildContext, Builder } from './builder.ts';

const args = z.strictObject({});
type Args = z.infer<typeof args>;

const partSize = 1 << 18;
const maxText = 64 << 20;
/** How often a layer is read for the sake of one file before that file counts as damaged. */
const maxPasses = 6;

export const scan: Builder<Args> = {
  name: 'scan',
  version: 1,
  thread: 'worker',
  args,
  async build(_args, inputs, context) {
    const [layer] = inputs.layer ?? [];
    if (layer === undefined)
      throw new CogpackError('scan/input', `${context.name}: it needs the input layer`);
    const summary = await scanLayer(layer, context);
    const blob = context.store.createBlob();
    try {
      blob.write(Buffer.from(canonicalJson(summary)));
      return { summary: blob.commit(summaryMediaType) };
    } catch (error) {
      blob.abort();
      throw error;
    }
  },
};

/** Throws `tar/format`, `scan/layer`, `scan/path`. */
export async function scanLayer(
  layer: Descriptor,
  { name, store }: Pick<BuildContext, 'name' | 'store'>,
): Promise<Summary> {
  const fd = openSync(store.blobPath(layer), 'r');
  try {
    const file: LayerFile = { fd, size: fstatSync(fd).size, label: `${name} (${layer.digest})` };
    const items: Item[] = [];
    await readOnce(file, layer.mediaType, items, new Map());
    for (let pass = 1; pass < maxPasses; pass += 1) {
      const missing = new Map(items.flatMap((item, index) => (item.missing ? [[index, item.missing]] : [])));
      if (missing.size === 0) break;
      await readOnce(file, layer.mediaType, items, missing);
    }
    return summaryOf(items);
  } finally {
    closeSync(fd);
  }
}

type Item = {
  readonly member: TarMember;
  crc: number;
  elf?: ElfFacts;
  text?: string;
  /** What is to be kept of its bytes when it is read again. */
  missing?: readonly Region[] | undefined;
};

/** One pass over the layer: fills `items`, or completes those at the indexes in `again`. */
async function readOnce(
  file: LayerFile,
  mediaType: string,
  items: Item[],
  again: ReadonlyMap<number, readonly Region[]>,
): Promise<void> {
  let index = -1;
  let elf: ElfStream | undefined;
  const text: Buffer[] = [];
  const isFirst = again.size === 0;
  await readTar(
    openTar(file, mediaType),
    file.label,
    member => {
      index += 1;
      elf = undefined;
      text.length = 0;
      const wanted = again.get(index);
      if (isFirst) items.push({ member: checked(member, file.label), crc: 0 });
      return head => {
        if (isFirst ? isElf(head) : wanted !== undefined) {
          elf = createElfStream(member.path, member.size, wanted);
          return elf.write;
        }
        const isWanted = isFirst && isText(member.path) && member.size <= maxText;
        return isWanted ? part => text.push(Buffer.from(part)) : undefined;
      };
    },
    (_, crc) => {
      const item = items[index]!;
      item.crc = crc;
      if (text.length > 0) item.text = Buffer.concat(text).toString('utf8');
      if (elf !== undefined) Object.assign(item, factsOf(elf));
    },
  );
}

function factsOf(stream: ElfStream): Pick<Item, 'elf' | 'missing'> {
  try {
    const reading = stream.finish();
    if ('missing' in reading) {
      return { missing: reading.missing, elf: { fault: 'its tables lie too far apart to be read' } };
    }
    const { elf, gpu } = reading;
    return { missing: undefined, elf: { ...elf, ...(gpu !== undefined && { gpu }) } };
  } catch (error) {
    if (!(error instanceof CogpackError) || error.code !== 'elf/format') throw error;
    return { missing: undefined, elf: { fault: error.message } };
  }
}

function openTar(file: LayerFile, mediaType: string): TarSource {
  if (isTarGzip(file.fd, file.size)) return memberSource(file);
  const suffix = /tar(?:[+.](gzip|zstd))?$/.exec(mediaType);
  const decompress = decompressorOf(suffix?.[1] === 'gzip' ? '.gz' : suffix?.[1] === 'zstd' ? '.zst' : '');
  if (suffix === null || decompress === undefined) {
    throw new CogpackError(
      'scan/layer',
      `${file.label} is of media type ${mediaType}; expected a tar layer, plain or with gzip or zstd`,
    );
  }
  return streamSource(decompress(fileParts({ ...file, offset: 0 }, partSize)), file.label);
}

function isText(path: string): boolean {
  return isOwnerList(path) || isLoaderConfiguration(path);
}

function isLoaderConfiguration(path: string): boolean {
  return path === 'etc/ld.so.conf' || /^etc\/ld\.so\.conf\.d\/[^/]+\.conf$/.test(path);
}

function checked(member: TarMember, label: string): TarMember {
  const fault = member.path === '' ? undefined : pathFault(member.path);
  // Base images may hold names of another encoding; no library is found by one.
  if (fault === undefined || member.path.includes('\ufffd')) return member;
  throw new CogpackError(
    'scan/path',
    `${label}: ${JSON.stringify(member.path)} is not a safe path in a layer: ${fault}`,
  );
}

function summaryOf(items: readonly Item[]): Summary {
  const lists = items.flatMap(({ member, text }) => {
    const list = text === undefined ? undefined : readOwner(member.path, text);
    return list === undefined ? [] : [list];
  });
  const owners: Owner[] = [];
  const ownersOf = new Map<string, number[]>();
  for (const { owner, paths } of lists) {
    const index = owners.push(owner) - 1;
    for (const path of paths) ownersOf.set(path, [...(ownersOf.get(path) ?? []), index]);
  }
  const entries = items
    .filter(({ member }) => member.path !== '')
    .map((item): SummaryEntry => {
      const { path, type, target } = item.member;
      if (type === 'folder' || type === 'other') return { type, path };
      if (type === 'link' || type === 'hard link') return { type, path, target };
      const candidates = ownersOf.get(path) ?? [];
      // A second occurrence of a path is its second owner's.
      const owner = candidates.length > 1 ? candidates.shift() : candidates[0];
      return fileEntry(item, owner);
    });
  return { version: 1, owners, entries };
}

function fileEntry({ member, crc, elf, text }: Item, owner: number | undefined): SummaryFile {
  const { path, size, mode } = member;
  return {
    type: 'file',
    path,
    size,
    crc,
    ...((mode & 0o111) !== 0 && { executable: true }),
    ...(owner !== undefined && { owner }),
    ...(elf !== undefined && { elf }),
    ...(text !== undefined && isLoaderConfiguration(path) && { text }),
  };
}
