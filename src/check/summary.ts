// What a check needs to know of a layer: every path, the packages they come from, and of ELF files what the loader
// reads. A summary is a blob of its own (builders/scan.ts makes it), so that a layer is read once however often images
// of it are checked.
import type { Elf } from '../formats/elf.ts';
import type { GpuCode } from '../formats/elf-fatbin.ts';

export const summaryMediaType = 'application/vnd.cogpack.layer-summary.v1+json';

/** `name` is a wheel's normalized name or a Debian package's. */
export type Owner = { readonly kind: 'wheel' | 'deb'; readonly name: string };

/** `fault`: it begins as ELF and is none; `gpu`: of CUDA code. */
export type ElfFacts = (Elf & { readonly gpu?: GpuCode }) | { readonly fault: string };

export type SummaryFile = {
  readonly type: 'file';
  readonly path: string;
  readonly size: number;
  /** CRC-32 of the content: with the size it tells contents apart, not more. */
  readonly crc: number;
  readonly executable?: true;
  /** Of an executable file that begins with `#!`: the rest of its first line. */
  readonly script?: string;
  /** An index into `owners`. */
  readonly owner?: number;
  readonly elf?: ElfFacts;
  /** Of the loader's configuration. */
  readonly text?: string;
};

export type SummaryEntry =
  | SummaryFile
  | { readonly type: 'folder'; readonly path: string }
  | { readonly type: 'link' | 'hard link'; readonly path: string; readonly target: string }
  | { readonly type: 'other'; readonly path: string };

/** Entries in the layer's order; a path may stand there twice, and then the later one counts. */
export type Summary = {
  readonly version: 1;
  readonly owners: readonly Owner[];
  readonly entries: readonly SummaryEntry[];
};

/** A summary from the bytes that `scan` wrote, which the store has verified. */
export function parseSummary(bytes: Uint8Array): Summary {
  return JSON.parse(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
  ) as Summary;
}
