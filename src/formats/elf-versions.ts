// GNU symbol versions (Linux Standard Base Core, chapter 10.7): what a file needs of each library it names
// (.gnu.version_r), and what it defines itself (.gnu.version_d). Both are lists linked by relative offsets, read from
// the places that the dynamic section states.
import type { ElfView } from './elf.ts';

export type VersionNeed = { readonly file: string; readonly versions: readonly string[] };

const weak = 2;
const base = 1;
const most = 1 << 16;

/** `text` gives a string of the dynamic string table. Throws `elf/format`. */
export function readVersionNeeds(
  view: ElfView,
  start: number,
  count: number,
  text: (at: number) => string,
): VersionNeed[] {
  const needs: VersionNeed[] = [];
  let left = most;
  let at = start;
  for (let index = 0; index < count; index += 1) {
    const versions: string[] = [];
    let item = at + view.u32(at + 8);
    for (let wanted = view.u16(at + 2); wanted > 0; wanted -= 1) {
      left -= 1;
      if (left < 0) throw view.fault(`it needs more than ${most} versions`);
      if ((view.u16(item + 4) & weak) === 0) versions.push(text(view.u32(item + 8)));
      const next = view.u32(item + 12);
      if (next === 0) break;
      item += next;
    }
    if (versions.length > 0) needs.push({ file: text(view.u32(at + 4)), versions });
    const next = view.u32(at + 12);
    left -= 1;
    if (next === 0 || left < 0) break;
    at += next;
  }
  return needs;
}

/** The versions' names without the file's own (its soname, as a rule). Throws `elf/format`. */
export function readVersionDefinitions(
  view: ElfView,
  start: number,
  count: number,
  text: (at: number) => string,
): string[] {
  const versions: string[] = [];
  let at = start;
  for (let index = 0; index < Math.min(count, most); index += 1) {
    if ((view.u16(at + 2) & base) === 0) versions.push(text(view.u32(at + view.u32(at + 12))));
    const next = view.u32(at + 16);
    if (next === 0) break;
    at += next;
  }
  return versions;
}
