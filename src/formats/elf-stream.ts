// Reads an ELF file whose bytes come once, from first to last, as they do out of a compressed layer. Of a large file
// only what the dynamic section and its tables are likely to lie in is kept; when something else turns out to be
// needed, the answer names the regions, and the file is read again with them. Finds GPU code on the way.
import {
  type Elf,
  type ElfSegment,
  type ElfSource,
  elfFault,
  readElf,
  readElfHeader,
  segmentType,
} from './elf.ts';
import { createGpuCodeFinder, type GpuCode } from './elf-fatbin.ts';

export type Region = { readonly offset: number; readonly size: number };

export type ElfReading =
  | { readonly elf: Elf; readonly gpu: GpuCode | undefined }
  | { readonly missing: readonly Region[] };

export type ElfStream = {
  write(bytes: Uint8Array): void;
  /** To be asked when all bytes were written. Throws `elf/format`. */
  finish(): ElfReading;
};

type KeptRegion = { readonly offset: number; readonly bytes: Buffer };

const keptWhole = 4 << 20;
const keptOfSegment = 16 << 20;
const keptOfAll = 128 << 20;
const keptAround = 1 << 20;
const segmentsTold = 64;
const headRoom = 1 << 16;

/** `wanted` are regions that an earlier reading missed. Holds 128 MiB at most. */
export function createElfStream(label: string, size: number, wanted: readonly Region[] = []): ElfStream {
  const gpu = createGpuCodeFinder();
  const headSize = Math.min(size, size <= keptWhole ? keptWhole : headRoom);
  let kept: readonly KeptRegion[] = [{ offset: 0, bytes: Buffer.allocUnsafe(headSize) }];
  let position = 0;
  let missing: Region | undefined;

  const source: ElfSource = {
    size,
    label,
    read(offset, length) {
      for (const region of kept) {
        const at = offset - region.offset;
        if (at >= 0 && at + length <= region.bytes.length) return region.bytes.subarray(at, at + length);
      }
      // Its neighbours are likely to be asked for next.
      missing ??= { offset: Math.max(0, offset - keptAround), size: length + 2 * keptAround };
      throw elfFault(source, 'a part of it was not kept');
    },
  };

  const keep = (bytes: Uint8Array): void => {
    for (const region of kept) {
      const from = Math.max(position, region.offset);
      const to = Math.min(position + bytes.length, region.offset + region.bytes.length);
      if (from < to) region.bytes.set(bytes.subarray(from - position, to - position), from - region.offset);
    }
  };

  /** Where the dynamic section and its tables are, as linkers and patchelf lay files out. */
  const likelyRegions = (): Region[] => {
    try {
      return regionsOf(readElfHeader(source).segments.slice(0, segmentsTold));
    } catch {
      // patchelf may move the program headers to the end, and with them the tables that grew.
      const far = missing === undefined ? [] : [{ offset: missing.offset, size: keptOfSegment }];
      missing = undefined;
      return [{ offset: 0, size: keptOfSegment }, ...far];
    }
  };

  const chooseKept = (): void => {
    const head = kept[0]!.bytes;
    const regions = chosen([{ offset: 0, size: headSize }, ...wanted, ...likelyRegions()], size);
    kept = regions.map(({ offset, size }) => ({ offset, bytes: Buffer.allocUnsafe(size) }));
    kept[0]!.bytes.set(head);
  };

  return {
    write(bytes) {
      gpu.write(bytes);
      const inHead = Math.max(0, Math.min(bytes.length, headSize - position));
      for (const part of [bytes.subarray(0, inHead), bytes.subarray(inHead)]) {
        if (part.length === 0) continue;
        keep(part);
        position += part.length;
        if (position === headSize && headSize < size) chooseKept();
      }
    },
    finish() {
      if (position !== size) throw elfFault(source, `it has ${position} bytes; expected ${size}`);
      try {
        return { elf: readElf(source), gpu: gpu.result() };
      } catch (error) {
        if (missing === undefined) throw error;
        return { missing: [missing, ...wanted, ...likelyRegions()] };
      }
    },
  };
}

function regionsOf(segments: readonly ElfSegment[]): Region[] {
  const first = segments.find(({ type }) => type === segmentType.load);
  return segments.flatMap(segment => {
    const { type, offset, size, executable } = segment;
    if (type === segmentType.load) {
      return executable && segment !== first ? [] : [{ offset, size: Math.min(size, keptOfSegment) }];
    }
    const small = type === segmentType.dynamic || type === segmentType.interpreter;
    return small ? [{ offset, size: Math.min(size, keptWhole) }] : [];
  });
}

/** Sorted, inside the file and without overlaps; of those for which there is no room, the ones named last are left out. */
function chosen(regions: readonly Region[], fileSize: number): Region[] {
  let result: Region[] = [];
  for (const region of regions) {
    const more = merged([...result, region], fileSize);
    if (more.reduce((sum, { size }) => sum + size, 0) <= keptOfAll) result = more;
  }
  return result;
}

function merged(regions: readonly Region[], fileSize: number): Region[] {
  const result: { offset: number; size: number }[] = [];
  for (const { offset, size } of regions.toSorted((a, b) => a.offset - b.offset)) {
    const end = Math.min(offset + size, fileSize);
    const last = result.at(-1);
    if (last !== undefined && offset <= last.offset + last.size) {
      last.size = Math.max(last.size, end - last.offset);
    } else if (offset < end) {
      result.push({ offset, size: end - offset });
    }
  }
  return result;
}
