// A layer's summary, made while its bytes pass: by the writer of a layer as it is written, by builders/scan.ts out of
// one that was written elsewhere. Both give the same.
import { CogpackError } from '../base/error.ts';
import { isElf } from '../formats/elf.ts';
import { createElfStream, type ElfStream, type Region } from '../formats/elf-stream.ts';
import type { ContentSink, TarMember } from '../formats/tar-read.ts';
import { isOwnerList, readOwner } from './owners.ts';
import type { ElfFacts, Owner, Summary, SummaryEntry, SummaryFile } from './summary.ts';

const maxText = 64 << 20;
/** What the kernel reads of a script (BINPRM_BUF_SIZE of Linux 5.1 and later). */
const maxScriptLine = 256;

type Item = {
  readonly member: TarMember;
  crc: number;
  elf?: ElfFacts;
  text?: string;
  script?: string;
  /** What is to be kept of its bytes when it is read again. */
  missing?: readonly Region[] | undefined;
};

export type Summarizer = {
  /** The layer's next entry; of a file, its content comes next. */
  enter(member: TarMember): void;
  /** Says by its first bytes (64, or all of a shorter file) whether the content of the entry is wanted. */
  choose(head: Uint8Array): ContentSink | undefined;
  /** The content is over. */
  leave(crc: number): void;
  /** True when some file was laid out so oddly that a part it needs was not kept. */
  isIncomplete(): boolean;
  /** Begins another pass over the same layer, for the sake of what is not complete. */
  again(): void;
  summary(): Summary;
};

/** Holds 128 MiB at most, aside from what becomes of the summary. */
export function createSummarizer(): Summarizer {
  const items: Item[] = [];
  let index = -1;
  let isFirst = true;
  let elf: ElfStream | undefined;
  let line: Buffer | undefined;
  const text: Buffer[] = [];
  return {
    enter(member) {
      index += 1;
      if (isFirst) items.push({ member, crc: 0 });
    },
    choose(head) {
      elf = undefined;
      line = undefined;
      text.length = 0;
      const { member, missing } = items[index]!;
      if (isFirst ? isElf(head) : missing !== undefined) {
        elf = createElfStream(member.path, member.size, missing);
        return elf.write;
      }
      if (isFirst && isScript(head) && (member.mode & 0o111) !== 0) {
        line = Buffer.alloc(0);
        return part => {
          if (line!.length < maxScriptLine) line = Buffer.concat([line!, part.subarray(0, maxScriptLine)]);
        };
      }
      const isWanted = isFirst && isText(member.path) && member.size <= maxText;
      return isWanted ? part => text.push(Buffer.from(part)) : undefined;
    },
    leave(crc) {
      const item = items[index]!;
      item.crc = crc;
      if (text.length > 0) item.text = Buffer.concat(text).toString('utf8');
      if (elf !== undefined) Object.assign(item, factsOf(elf));
      if (line !== undefined) Object.assign(item, scriptOf(line));
      text.length = 0;
      elf = undefined;
      line = undefined;
    },
    isIncomplete: () => items.some(({ missing }) => missing !== undefined),
    again() {
      isFirst = false;
      index = -1;
    },
    summary: () => summaryOf(items),
  };
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

function isScript(head: Uint8Array): boolean {
  return head[0] === 0x23 && head[1] === 0x21;
}

/** Nothing when the line is longer than the kernel takes. */
function scriptOf(bytes: Buffer): Pick<Item, 'script'> {
  const end = bytes.subarray(0, maxScriptLine).indexOf(0x0a);
  const isWhole = end >= 0 || bytes.length < maxScriptLine;
  const script = bytes.toString('utf8', 2, end < 0 ? bytes.length : end).trim();
  return isWhole && script !== '' ? { script } : {};
}

function isText(path: string): boolean {
  return isOwnerList(path) || isLoaderConfiguration(path);
}

function isLoaderConfiguration(path: string): boolean {
  return path === 'etc/ld.so.conf' || /^etc\/ld\.so\.conf\.d\/[^/]+\.conf$/.test(path);
}

function summaryOf(items: readonly Item[]): Summary {
  const lists = items.flatMap(({ member, text }) => {
    const list = text === undefined ? undefined : readOwner(member.path, text);
    return list === undefined ? [] : [list];
  });
  const owners: Owner[] = [];
  const ownerOf = new Map<string, number>();
  for (const { owner, paths } of lists) {
    const index = owners.push(owner) - 1;
    // Of what two packages brought to a joined layer the last one's is there.
    for (const path of paths) ownerOf.set(path, index);
  }
  const entries = items
    .filter(({ member }) => member.path !== '')
    .map((item): SummaryEntry => {
      const { path, type, target } = item.member;
      if (type === 'folder' || type === 'other') return { type, path };
      if (type === 'link' || type === 'hard link') return { type, path, target };
      return fileEntry(item, ownerOf.get(path));
    });
  return { version: 1, owners, entries };
}

function fileEntry({ member, crc, elf, text, script }: Item, owner: number | undefined): SummaryFile {
  const { path, size, mode } = member;
  return {
    type: 'file',
    path,
    size,
    crc,
    ...((mode & 0o111) !== 0 && { executable: true }),
    ...(script !== undefined && { script }),
    ...(owner !== undefined && { owner }),
    ...(elf !== undefined && { elf }),
    ...(text !== undefined && isLoaderConfiguration(path) && { text }),
  };
}
