// Finds which GPU architectures a file holds CUDA code for. NVIDIA's "fatbins" (sections .nv_fatbin and
// __nv_relfatbin) are containers: magic, version, size; then entries, each with its kind (1 is PTX, 2 is a cubin) and
// its SM number, followed by the code, which is skipped. The layout is that of the CUDA toolkit's fatbinary_section.h
// and of files that cuobjdump lists the same of. Containers are found by their magic, at multiples of 8, so that one
// pass over a file's bytes suffices and section headers, which stand at the end, are not needed.

/** SM numbers, ascending: 80 is sm_80 (`cubin`, runs on 8.x from 8.0) or compute_80 (`ptx`, runs on 8.0 and above). */
export type GpuCode = { readonly cubin: readonly number[]; readonly ptx: readonly number[] };

export type GpuCodeFinder = {
  /** The file's next bytes, in order, in parts of any length. They are not kept. */
  write(bytes: Uint8Array): void;
  /** Undefined when there is no CUDA code. */
  result(): GpuCode | undefined;
};

const magic = Buffer.from([0x50, 0xed, 0x55, 0xba]);
const containerSize = 16;
const entrySize = 64;
const maxEntryHeader = 4096;
const maxContainer = 2 ** 40;
const maxSm = 1000;
/** Version 1 and the container header's size, as one number. */
const versionAndSize = 1 + (containerSize << 16);
const kinds = { ptx: 1, cubin: 2 } as const;
const none = Buffer.alloc(0);

export function createGpuCodeFinder(): GpuCodeFinder {
  const found = { [kinds.cubin]: new Set<number>(), [kinds.ptx]: new Set<number>() };
  /** The start of a header whose end has not come yet. */
  let pending: Buffer = none;
  /** How many bytes were given. */
  let position = 0;
  /** Where the next header may begin: known inside a container, searched for from here outside. */
  let next = 0;
  let containerEnd = 0;

  /** Reads an entry's header; returns where the next one begins. */
  const readEntry = (bytes: Buffer): number => {
    const headerSize = bytes.readUInt32LE(4);
    const end = next + headerSize + Number(bytes.readBigUInt64LE(8));
    if (headerSize < entrySize || headerSize > maxEntryHeader || end > containerEnd) {
      containerEnd = 0;
      return next + 8;
    }
    const kind = bytes.readUInt16LE(0);
    const sm = bytes.readUInt32LE(28);
    if ((kind === kinds.cubin || kind === kinds.ptx) && sm > 0 && sm < maxSm) found[kind].add(sm);
    return end;
  };

  /** Reads a container's header, if it is one. */
  const readContainer = (bytes: Buffer): number => {
    const size = Number(bytes.readBigUInt64LE(8));
    if (bytes.readUInt32LE(4) !== versionAndSize || size < entrySize || size > maxContainer) return next + 8;
    containerEnd = next + containerSize + size;
    return next + containerSize;
  };

  return {
    write(given) {
      const part = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
      const bytes = pending.length === 0 ? part : Buffer.concat([pending, part]);
      const start = position - pending.length;
      position += part.length;
      pending = none;
      for (;;) {
        const inside = next < containerEnd;
        if (!inside) next = start + findMagic(bytes, Math.max(0, next - start), start);
        if (next >= position) return;
        const rest = bytes.subarray(next - start);
        if (rest.length < (inside ? entrySize : containerSize)) {
          pending = Buffer.from(rest);
          return;
        }
        next = inside ? readEntry(rest) : readContainer(rest);
      }
    },
    result() {
      const [cubin, ptx] = [ascending(found[kinds.cubin]), ascending(found[kinds.ptx])];
      return cubin.length + ptx.length === 0 ? undefined : { cubin, ptx };
    },
  };
}

/** The place in `bytes` of the next magic at a multiple of 8 in the file, else of the first where one may yet begin. */
function findMagic(bytes: Buffer, from: number, start: number): number {
  let at = bytes.indexOf(magic, from);
  while (at >= 0 && (start + at) % 8 !== 0) at = bytes.indexOf(magic, at + 1);
  if (at >= 0) return at;
  const earliest = Math.max(from, bytes.length - magic.length + 1);
  return earliest + ((8 - ((start + earliest) % 8)) % 8);
}

function ascending(numbers: ReadonlySet<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}
