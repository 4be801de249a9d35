// What `configure` reads of the layers below it: every path with its kind, the ELF machine of libraries, and the bytes
// of certificates and of the loader's configuration. Later layers stand over earlier ones. Nothing else is inflated
// that can be passed over.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { posix } from 'node:path';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { isElf } from '../formats/elf.ts';
import { isTarGzip, memberSource } from '../formats/tar-gzip-read.ts';
import { readTar, type TarMember } from '../formats/tar-read.ts';
import type { BuildContext } from './builder.ts';

export type SystemEntry =
  | { readonly type: 'file'; readonly machine?: number }
  | { readonly type: 'link'; readonly target: string }
  | { readonly type: 'folder' };

/** By paths relative to the image's root. */
export type SystemFiles = {
  readonly entries: ReadonlyMap<string, SystemEntry>;
  /** Of the files that were chosen. */
  readonly contents: ReadonlyMap<string, Buffer>;
};

/** What is wanted of a file: its bytes, or whether it is ELF and for which machine. */
export type Choice = 'bytes' | 'machine' | undefined;

const merged = /^(?=(?:bin|sbin|lib|lib32|lib64|libo32|libx32)(?:\/|$))/;
const maxContent = 16 << 20;
const machineAt = 18;

/** `/lib/x` → `usr/lib/x`: where a path of a system with merged /usr lies in the image. */
export function usrPath(path: string): string {
  return posix
    .normalize(path)
    .replace(/^\/+|\/+$/g, '')
    .replace(merged, 'usr/');
}

/** Throws `configure/layer` for a layer that cogpack did not write, `configure/size`, `tar/format`. */
export async function readSystem(
  layers: readonly Descriptor[],
  choose: (path: string) => Choice,
  context: Pick<BuildContext, 'name' | 'store'>,
): Promise<SystemFiles> {
  const entries = new Map<string, SystemEntry>();
  const contents = new Map<string, Buffer>();
  for (const layer of layers) {
    const fd = openSync(context.store.blobPath(layer), 'r');
    try {
      const file = { fd, size: fstatSync(fd).size, label: `${context.name} (${layer.digest})` };
      if (!isTarGzip(fd, file.size)) {
        throw new CogpackError('configure/layer', `${file.label} is no layer that cogpack wrote`);
      }
      await readLayer(file, choose, entries, contents);
    } finally {
      closeSync(fd);
    }
  }
  return { entries, contents };
}

async function readLayer(
  file: Parameters<typeof memberSource>[0],
  choose: (path: string) => Choice,
  entries: Map<string, SystemEntry>,
  contents: Map<string, Buffer>,
): Promise<void> {
  let parts: Buffer[] = [];
  let machine: number | undefined;
  await readTar(
    memberSource(file),
    file.label,
    member => {
      parts = [];
      machine = undefined;
      const choice = member.type === 'file' ? choose(member.path) : undefined;
      if (choice === 'bytes' && member.size > maxContent) {
        throw new CogpackError(
          'configure/size',
          `${file.label}: ${member.path} has ${member.size} bytes; the most here is ${maxContent}`,
        );
      }
      return head => {
        if (choice === 'machine') machine = machineOf(head);
        return choice === 'bytes' ? part => parts.push(Buffer.from(part)) : undefined;
      };
    },
    member => {
      entries.set(member.path, entryOf(member, machine, entries));
      contents.delete(member.path);
      if (parts.length > 0) contents.set(member.path, Buffer.concat(parts));
    },
  );
}

function entryOf(
  member: TarMember,
  machine: number | undefined,
  entries: ReadonlyMap<string, SystemEntry>,
): SystemEntry {
  switch (member.type) {
    case 'folder':
      return { type: 'folder' };
    case 'link':
      return { type: 'link', target: member.target };
    case 'hard link':
      return entries.get(member.target) ?? { type: 'file' };
    default:
      return { type: 'file', ...(machine !== undefined && { machine }) };
  }
}

function machineOf(head: Buffer): number | undefined {
  if (!isElf(head) || head.length < machineAt + 2) return undefined;
  return head[5] === 1 ? head.readUInt16LE(machineAt) : head.readUInt16BE(machineAt);
}
