// deb@4: a Debian package's files as a layer, without running its maintainer scripts. /bin, /sbin and /lib* are links
// into /usr, as on every current Debian: files below them go to /usr, and the link is in each layer that has need of
// it. The package's control stanza goes to /var/lib/dpkg/status.d, where scanners look in images made without dpkg.
// Entries stand in the package's own order. Two such layers may both hold a folder or one of these links: joined, the
// later one stands, and is the same.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { z } from 'zod';
import { CogpackError } from '../base/error.ts';
import { parseStanzas } from '../formats/control.ts';
import { type Deb, type DebEntry, debEntries, readDeb } from '../formats/deb.ts';
import { pathFault } from '../formats/paths.ts';
import type { BuildContext, Builder } from './builder.ts';
import { type LayerWriter, writeLayer } from './layer.ts';

const args = z.strictObject({ filename: z.string() });
type Args = z.infer<typeof args>;

const mergedFolders: readonly string[] = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libo32', 'libx32'];
const maxControl = 16 * 2 ** 20;
const maxRatio = 100;
const smallEnough = 2 ** 30;
const setUid = 0o4000;
const setGid = 0o2000;

export const deb: Builder<Args> = {
  name: 'deb',
  version: 4,
  thread: 'worker',
  args,
  async build({ filename }, inputs, context) {
    const [input] = inputs.deb ?? [];
    if (input === undefined)
      throw new CogpackError('deb/input', `${context.name}: ${filename} is no input of it`);
    const fd = openSync(context.store.blobPath(input), 'r');
    try {
      const size = fstatSync(fd).size;
      const opened = readDeb(fd, size, filename);
      const control = await readControl(opened);
      return await writeLayer(context, async layer => {
        await writeData(layer, opened, { size, expected: control.installedSize }, context);
        writeStatus(layer, control);
      });
    } finally {
      closeSync(fd);
    }
  },
};

type Control = {
  readonly package: string;
  readonly stanza: Buffer;
  readonly md5sums: Buffer | undefined;
  /** In bytes, as the package states it: for a progress display only. */
  readonly installedSize: number;
};

async function readControl(opened: Deb): Promise<Control> {
  const files = new Map<string, Buffer>();
  for await (const { path, type, size, content } of debEntries(opened, opened.control)) {
    if (type !== 'file' || (path !== 'control' && path !== 'md5sums')) continue;
    if (size > maxControl) {
      throw new CogpackError(
        'deb/control',
        `${opened.label}: its ${path} has ${size} bytes; the most here is ${maxControl}`,
      );
    }
    const parts: Uint8Array[] = [];
    for await (const part of content) parts.push(part);
    files.set(path, Buffer.concat(parts));
  }
  const stanza = files.get('control') ?? Buffer.alloc(0);
  const fields = parseStanzas(stanza.toString('utf8'))[0];
  const name = fields?.get('package') ?? '';
  const expected = opened.label.split('_', 1)[0]!;
  if (!/^[a-z0-9][a-z0-9.+-]*$/.test(name) || name !== expected) {
    throw new CogpackError(
      'deb/control',
      `${opened.label}: its control file is of ${name === '' ? 'no package' : `package ${name}`}; expected ${expected}`,
    );
  }
  const installedSize = 1024 * Number.parseInt(fields?.get('installed-size') ?? '0', 10) || 0;
  return { package: name, stanza, md5sums: files.get('md5sums'), installedSize };
}

async function writeData(
  layer: LayerWriter,
  opened: Deb,
  { size, expected }: { readonly size: number; readonly expected: number },
  { progress }: BuildContext,
): Promise<void> {
  const merged = new Set<string>();
  const most = Math.max(smallEnough, size * maxRatio);
  let unpacked = 0;
  for await (const entry of debEntries(opened, opened.data)) {
    if (entry.path === '') continue;
    unpacked += entry.size;
    if (unpacked > most) {
      throw new CogpackError('deb/bomb', `${opened.label}: ${size} bytes would unpack to more than ${most}`);
    }
    await writeEntry(layer, opened, entry, merged);
    progress(unpacked, Math.max(unpacked, expected));
  }
}

async function writeEntry(
  layer: LayerWriter,
  opened: Deb,
  entry: DebEntry,
  merged: Set<string>,
): Promise<void> {
  const fault = pathFault(entry.path);
  if (fault !== undefined) {
    throw new CogpackError(
      'deb/path',
      `${opened.label}: ${JSON.stringify(entry.path)} is not a safe path in a package: ${fault}`,
    );
  }
  if (entry.type === 'symlink' && isMergeLink(entry)) return linkMerged(layer, entry.path, merged);
  const path = place(layer, entry.path, merged);
  switch (entry.type) {
    case 'directory':
      return layer.folder(path, modeOf(entry));
    case 'symlink':
      return layer.link(path, entry.target);
    case 'link':
      return layer.hardLink(path, place(layer, entry.target, merged));
    case 'file':
    case 'contiguous-file': {
      const file = layer.openFile(path, modeOf(entry), entry.size);
      for await (const part of entry.content) file.write(part);
      return file.end();
    }
    default:
      throw new CogpackError(
        'deb/kind',
        `${opened.label}: ${entry.path} is a ${entry.type}; an image holds files, folders and links only`,
      );
  }
}

/** `lib/x` → `usr/lib/x`, with the link from `lib` in the layer. */
function place(layer: LayerWriter, path: string, merged: Set<string>): string {
  const [top = ''] = path.split('/', 1);
  if (!mergedFolders.includes(top)) return path;
  linkMerged(layer, top, merged);
  return `usr/${path}`;
}

function linkMerged(layer: LayerWriter, top: string, merged: Set<string>): void {
  if (merged.has(top)) return;
  merged.add(top);
  layer.folder(`usr/${top}`);
  layer.link(top, `usr/${top}`);
}

function isMergeLink({ path, target }: DebEntry): boolean {
  return mergedFolders.includes(path) && (target === `usr/${path}` || target === `/usr/${path}`);
}

// All is owned by root here, so "run as the owner" is kept only where the package's owner is root too.
function modeOf({ mode, uid, gid }: DebEntry): number {
  return mode & 0o7777 & ~(uid === 0 ? 0 : setUid) & ~(gid === 0 ? 0 : setGid);
}

function writeStatus(layer: LayerWriter, control: Control): void {
  const path = `var/lib/dpkg/status.d/${control.package}`;
  const text = control.stanza.toString('latin1').trimEnd();
  layer.file(path, 0o644, Buffer.from(`${text}\n`, 'latin1'));
  if (control.md5sums !== undefined) layer.file(`${path}.md5sums`, 0o644, control.md5sums);
}
