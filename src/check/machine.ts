// What a platform's files are like: ELF machine numbers (System V gABI, e_machine) and Debian's multiarch triples
// (the multiarch specification's list of tuples).
import type { ElfClass } from '../formats/elf.ts';

export type Machine = {
  readonly number: number;
  readonly class: ElfClass;
  readonly triple: string;
  /** What $PLATFORM stands for in a path. */
  readonly platformToken: string;
};

const machines: Readonly<Record<string, Machine>> = {
  'linux/amd64': { number: 62, class: 64, triple: 'x86_64-linux-gnu', platformToken: 'x86_64' },
  'linux/arm64': { number: 183, class: 64, triple: 'aarch64-linux-gnu', platformToken: 'aarch64' },
};

const names: Readonly<Record<number, string>> = {
  3: 'i386',
  8: 'MIPS',
  20: 'PowerPC',
  21: 'PowerPC 64',
  22: 'S/390',
  40: 'ARM',
  62: 'x86-64',
  183: 'AArch64',
  243: 'RISC-V',
  258: 'LoongArch',
};

/** Code that a processor's loader never loads: AMD and NVIDIA GPUs, BPF. */
const foreign: ReadonlySet<number> = new Set([190, 224, 247]);

/** Of `linux/amd64` or `linux/arm64`, with or without a variant; undefined for others. */
export function machineOf(platform: string): Machine | undefined {
  return machines[platform.split('/').slice(0, 2).join('/')];
}

/** `x86-64`; two classes of one machine are told apart. */
export function machineName(number: number, elfClass: ElfClass): string {
  const name = names[number] ?? `machine ${number}`;
  return number === 62 && elfClass === 32 ? 'x32' : name;
}

/** True for what runs on a processor of some kind. */
export function isForProcessor(number: number): boolean {
  return !foreign.has(number);
}
