// Reads a .deb (deb(5)): an ar archive of debian-binary, control.tar and data.tar, the latter two compressed by gzip,
// xz or zstd, or not at all. Entries come in the archive's order, with names made relative (`./usr/bin` → `usr/bin`).
import { pipeline, Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import { CogpackError, messageOf } from '../base/error.ts';
import { type ArMember, readAr } from './ar.ts';
import { decompressorOf } from './decompress.ts';
import { fileParts } from './file-parts.ts';

const partSize = 1 << 16;

/** An open .deb; `label` names it in errors. The caller closes `fd`. */
export type Deb = {
  readonly fd: number;
  readonly label: string;
  readonly control: ArMember;
  readonly data: ArMember;
};

export type DebEntry = {
  /** Without `./` at the start and `/` at the end; empty for the root itself. The caller checks it. */
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Of a link as it is written; of a hard link made relative as paths are. */
  readonly target: string;
  readonly content: AsyncIterable<Uint8Array>;
};

/** Throws `ar/format` and `deb/format`. */
export function readDeb(fd: number, fileSize: number, label: string): Deb {
  const [version, ...members] = readAr(fd, fileSize, label).filter(({ name }) => !name.startsWith('_'));
  const range = { fd, label, offset: version?.offset ?? 0, size: Math.min(version?.size ?? 0, 64) };
  const format = version?.name === 'debian-binary' ? [...fileParts(range, 64)] : [];
  if (!/^2\.\d+\n/.test(Buffer.concat(format).toString('latin1'))) {
    throw damaged(label, 'it is not of format 2.x (debian-binary)');
  }
  const find = (stem: string): ArMember => {
    const found = members.find(({ name }) => name === stem || name.startsWith(`${stem}.`));
    if (found === undefined) throw damaged(label, `it has no ${stem}`);
    return found;
  };
  return { fd, label, control: find('control.tar'), data: find('data.tar') };
}

/**
 * The entries of one of its tar archives; each one's content is to be read before the next is asked for, or is
 * skipped. Throws `deb/format`, `deb/compression`.
 */
export async function* debEntries({ fd, label }: Deb, member: ArMember): AsyncGenerator<DebEntry> {
  const suffix = member.name.slice(member.name.indexOf('.tar') + 4);
  const decompress = decompressorOf(suffix);
  if (decompress === undefined) {
    throw new CogpackError('deb/compression', `${label}: ${member.name}: expected none, .gz, .xz or .zst`);
  }
  const entries = extract();
  const source = Readable.from(decompress(fileParts({ ...member, fd, label }, partSize)));
  pipeline(source, entries, () => {}); // its error is thrown where the entries are read
  const fault = (error: unknown): unknown =>
    error instanceof CogpackError
      ? error
      : damaged(label, `its ${member.name} cannot be read: ${messageOf(error)}`, error);
  try {
    for await (const entry of rethrowing(entries, fault)) {
      const content = rethrowing(entry as unknown as AsyncIterable<Uint8Array>, fault);
      yield { ...fieldsOf(entry.header), content };
      entry.resume();
    }
  } finally {
    source.destroy();
  }
}

async function* rethrowing<T>(
  items: AsyncIterable<T>,
  fault: (error: unknown) => unknown,
): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  const next = () =>
    iterator.next().catch(error => {
      throw fault(error);
    });
  try {
    for (let item = await next(); !item.done; item = await next()) yield item.value;
  } finally {
    await iterator.return?.();
  }
}

function fieldsOf({ name, type, mode, uid, gid, size, linkname }: Header): Omit<DebEntry, 'content'> {
  const target = linkname ?? '';
  return {
    path: relative(name),
    type,
    mode,
    uid,
    gid,
    size,
    target: type === 'link' ? relative(target) : target,
  };
}

function relative(name: string): string {
  return name.replace(/^\.(\/|$)/, '').replace(/\/$/, '');
}

function damaged(label: string, what: string, cause?: unknown): CogpackError {
  return new CogpackError('deb/format', `${label} is not a sound Debian package: ${what}`, {
    hint: 'lock another version of the package, or tell its maintainers',
    cause,
  });
}
