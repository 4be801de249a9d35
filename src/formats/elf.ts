// Reads what the dynamic loader needs of an ELF file (System V gABI chapters 4 and 5): class, machine, interpreter and
// the dynamic section. It asks for the regions it needs and never for the whole file. Section headers are not used, as
// the loader does not use them. Symbol versions: elf-versions.ts; CUDA code: elf-fatbin.ts.
import { CogpackError } from '../base/error.ts';
import { readVersionDefinitions, readVersionNeeds, type VersionNeed } from './elf-versions.ts';

/** Random access to a file: `read` returns exactly `length` bytes; ranges past `size` are never asked for. */
export type ElfSource = {
  readonly size: number;
  readonly label: string;
  read(offset: number, length: number): Buffer;
};

export type ElfClass = 32 | 64;

/** Lists are in the file's order. */
export type Elf = {
  readonly class: ElfClass;
  readonly littleEndian: boolean;
  /** e_machine: 62 is x86-64, 183 is AArch64. */
  readonly machine: number;
  /** `relocatable` is an object file, which no loader loads. */
  readonly type: 'relocatable' | 'executable' | 'shared' | 'other';
  readonly interpreter?: string;
  readonly needed: readonly string[];
  readonly soname?: string;
  readonly rpath?: string;
  readonly runpath?: string;
  /** Without weak needs, at which the loader only warns. */
  readonly versionNeeds: readonly VersionNeed[];
  readonly versions: readonly string[];
};

/** A segment that lies in the file: `offset` and `size` there, `address` in memory. */
export type ElfSegment = {
  readonly type: number;
  readonly executable: boolean;
  readonly offset: number;
  readonly size: number;
  readonly address: number;
};

export type ElfHeader = Pick<Elf, 'class' | 'littleEndian' | 'machine' | 'type'> & {
  readonly segments: readonly ElfSegment[];
};

/** Bytes at the start of a file with which `readElfHeader` nearly always succeeds. */
export const elfHeadSize = 4096;

export const segmentType = { load: 1, dynamic: 2, interpreter: 3 } as const;
const tag = {
  end: 0,
  needed: 1,
  strings: 5,
  stringsSize: 10,
  soname: 14,
  rpath: 15,
  runpath: 29,
  versionDefinitions: 0x6ffffffc,
  versionDefinitionCount: 0x6ffffffd,
  versionNeeds: 0x6ffffffe,
  versionNeedCount: 0x6fffffff,
} as const;

const types = { 1: 'relocatable', 2: 'executable', 3: 'shared' } as const;
const identSize = 16;
const maxDynamic = 1 << 20;
const maxString = 1 << 16;
/** Of all its names together: many entries may share one long string. */
const maxText = 4 << 20;

/** True when a file with these first bytes is ELF. */
export function isElf(head: Uint8Array): boolean {
  return (
    head.length >= identSize &&
    head[0] === 0x7f &&
    head[1] === 0x45 &&
    head[2] === 0x4c &&
    head[3] === 0x46 &&
    (head[4] === 1 || head[4] === 2) &&
    (head[5] === 1 || head[5] === 2)
  );
}

/** Throws `elf/format`. */
export function readElf(source: ElfSource): Elf {
  const { segments, ...header } = readElfHeader(source);
  const view = createView(source, header);
  const interpreter = segments.find(({ type }) => type === segmentType.interpreter);
  const dynamic = segments.find(({ type }) => type === segmentType.dynamic);
  return {
    ...header,
    ...(interpreter !== undefined && { interpreter: readInterpreter(view, interpreter) }),
    ...(dynamic === undefined
      ? { needed: [], versionNeeds: [], versions: [] }
      : readDynamic(view, segments, dynamic)),
  };
}

/** The file header and the program headers. Throws `elf/format`. */
export function readElfHeader(source: ElfSource): ElfHeader {
  const ident = source.read(0, Math.min(identSize, source.size));
  if (!isElf(ident)) throw elfFault(source, 'it does not begin as one');
  const elfClass: ElfClass = ident[4] === 2 ? 64 : 32;
  const littleEndian = ident[5] === 1;
  const view = createView(source, { class: elfClass, littleEndian });
  const wide = elfClass === 64;
  const type = view.u16(16);
  const tableOffset = wide ? view.u64(32) : view.u32(28);
  const [entrySize, count] = wide ? [view.u16(54), view.u16(56)] : [view.u16(42), view.u16(44)];
  const expected = wide ? 56 : 32;
  if (count > 0 && entrySize !== expected) {
    throw elfFault(source, `its program headers have ${entrySize} bytes each; expected ${expected}`);
  }
  if (count > 0) view.bytes(tableOffset, count * entrySize);
  return {
    class: elfClass,
    littleEndian,
    machine: view.u16(18),
    type: types[type as keyof typeof types] ?? 'other',
    segments: Array.from({ length: count }, (_, index) => readSegment(view, tableOffset + index * entrySize)),
  };
}

function readSegment(view: ElfView, at: number): ElfSegment {
  const wide = view.class === 64;
  return {
    type: view.u32(at),
    executable: (view.u32(at + (wide ? 4 : 24)) & 1) === 1,
    offset: wide ? view.u64(at + 8) : view.u32(at + 4),
    address: wide ? view.u64(at + 16) : view.u32(at + 8),
    size: wide ? view.u64(at + 32) : view.u32(at + 16),
  };
}

function readInterpreter(view: ElfView, { offset, size }: ElfSegment): string {
  if (size > maxString) throw view.fault(`its interpreter's path has ${size} bytes`);
  const bytes = view.bytes(offset, size);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? size : end);
}

type Dynamic = Pick<Elf, 'needed' | 'soname' | 'rpath' | 'runpath' | 'versionNeeds' | 'versions'>;

function readDynamic(view: ElfView, segments: readonly ElfSegment[], { offset, size }: ElfSegment): Dynamic {
  const step = view.class / 4;
  const entries: { readonly tag: number; readonly value: number }[] = [];
  view.bytes(offset, Math.min(size, maxDynamic));
  for (let at = offset; at + step <= offset + Math.min(size, maxDynamic); at += step) {
    const entry =
      view.class === 64
        ? { tag: view.u64(at), value: view.u64(at + 8) }
        : { tag: view.u32(at), value: view.u32(at + 4) };
    if (entry.tag === tag.end) break;
    entries.push(entry);
  }
  const value = (wanted: number) => entries.find(entry => entry.tag === wanted)?.value;
  const place = (address: number) => fileOffset(view, segments, address);

  const strings = value(tag.strings);
  const stringsSize = value(tag.stringsSize) ?? 0;
  const start = strings === undefined ? 0 : place(strings);
  let room = maxText;
  const text = (at: number): string => {
    if (strings === undefined || at >= stringsSize) throw view.fault(`it has no string ${at}`);
    const string = readString(view, start + at, stringsSize - at);
    room -= string.length;
    if (room < 0) throw view.fault(`its names have more than ${maxText} characters`);
    return string;
  };
  const optional = (wanted: number) => {
    const at = value(wanted);
    return at === undefined ? undefined : text(at);
  };
  const needs = value(tag.versionNeeds);
  const definitions = value(tag.versionDefinitions);
  const [soname, rpath, runpath] = [optional(tag.soname), optional(tag.rpath), optional(tag.runpath)];
  return {
    needed: entries.flatMap(entry => (entry.tag === tag.needed ? [text(entry.value)] : [])),
    ...(soname !== undefined && { soname }),
    ...(rpath !== undefined && { rpath }),
    ...(runpath !== undefined && { runpath }),
    versionNeeds:
      needs === undefined ? [] : readVersionNeeds(view, place(needs), value(tag.versionNeedCount) ?? 0, text),
    versions:
      definitions === undefined
        ? []
        : readVersionDefinitions(view, place(definitions), value(tag.versionDefinitionCount) ?? 0, text),
  };
}

function fileOffset(view: ElfView, segments: readonly ElfSegment[], address: number): number {
  const segment = segments.find(
    ({ type, address: start, size }) =>
      type === segmentType.load && address >= start && address - start < size,
  );
  if (segment === undefined) throw view.fault(`address 0x${address.toString(16)} lies in no segment`);
  return segment.offset + (address - segment.address);
}

const stringStep = 256;

function readString(view: ElfView, offset: number, room: number): string {
  const most = Math.min(room, maxString);
  for (let length = Math.min(stringStep, most); ; length = Math.min(2 * length, most)) {
    const bytes = view.bytes(offset, length);
    const end = bytes.indexOf(0);
    if (end >= 0) return bytes.toString('utf8', 0, end);
    if (length === most) throw view.fault('one of its strings has no end');
  }
}

/** Numbers of the file's own width and order; each throws `elf/format` outside the file. */
export type ElfView = {
  readonly class: ElfClass;
  bytes(offset: number, length: number): Buffer;
  u16(offset: number): number;
  u32(offset: number): number;
  /** Throws above 2⁵³, where no place in a file can be. */
  u64(offset: number): number;
  fault(what: string): CogpackError;
};

function createView(source: ElfSource, format: Pick<Elf, 'class' | 'littleEndian'>): ElfView {
  const little = format.littleEndian;
  const fault = (what: string) => elfFault(source, what);
  const bytes = (offset: number, length: number): Buffer => {
    if (offset + length > source.size) {
      throw fault(`bytes ${offset} to ${offset + length} are asked for, and it has ${source.size}`);
    }
    return source.read(offset, length);
  };
  return {
    class: format.class,
    bytes,
    fault,
    u16: offset => (little ? bytes(offset, 2).readUInt16LE() : bytes(offset, 2).readUInt16BE()),
    u32: offset => (little ? bytes(offset, 4).readUInt32LE() : bytes(offset, 4).readUInt32BE()),
    u64(offset) {
      const part = bytes(offset, 8);
      const number = Number(little ? part.readBigUInt64LE() : part.readBigUInt64BE());
      // A tag may be of any value; places are checked where they are used.
      return Math.min(number, Number.MAX_SAFE_INTEGER);
    },
  };
}

export function elfFault({ label }: Pick<ElfSource, 'label'>, what: string): CogpackError {
  return new CogpackError('elf/format', `${label} is not a sound ELF file: ${what}`, {
    hint: 'the file is damaged, or made to look like a library: leave it out, or take another version',
  });
}
