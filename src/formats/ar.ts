// Reads the members of an ar archive (Debian's deb(5): the "common" format, names of at most 15 characters).
import { readSync } from 'node:fs';
import { CogpackError } from '../base/error.ts';

export type ArMember = { readonly name: string; readonly offset: number; readonly size: number };

const magic = '!<arch>\n';
const headerSize = 60;
const maxMembers = 64;

/** The members in their order; `label` names the file in errors. Throws `ar/format`. */
export function readAr(fd: number, fileSize: number, label: string): ArMember[] {
  if (text(fd, 0, magic.length) !== magic) throw damaged(label, 'it does not begin with !<arch>');
  const members: ArMember[] = [];
  for (let at = magic.length; at < fileSize; ) {
    const header = text(fd, at, headerSize);
    const match = /^(.{16}).{32}([0-9]+) *`\n$/s.exec(header);
    if (match === null || header.length < headerSize || members.length === maxMembers) {
      throw damaged(label, `there is no member at byte ${at}`);
    }
    const name = match[1]!.trimEnd().replace(/\/$/, '');
    const size = Number(match[2]);
    const offset = at + headerSize;
    if (offset + size > fileSize) throw damaged(label, `it ends inside its member ${name}`);
    members.push({ name, offset, size });
    at = offset + size + (size % 2);
  }
  return members;
}

function text(fd: number, offset: number, size: number): string {
  const bytes = Buffer.alloc(size);
  return bytes.toString('latin1', 0, readSync(fd, bytes, 0, size, offset));
}

function damaged(label: string, what: string): CogpackError {
  return new CogpackError('ar/format', `${label} is not a sound ar archive: ${what}`, {
    hint: 'lock another version of the package, or tell its maintainers',
  });
}
