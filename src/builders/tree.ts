// tree@4: a project's files, and texts, links and folders written out in a description, become a layer. Files are read
// from the context's root and verified by sha256 while they are written.
import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { digestOfHex } from '../base/digest.ts';
import { CogpackError, isSystemError } from '../base/error.ts';
import { type TreeEntry, treeEntrySchema } from '../base/tree-entry.ts';
import { comparePaths } from '../formats/paths.ts';
import type { BuildContext, Builder } from './builder.ts';
import { fileMode, type LayerWriter, writeLayer } from './layer.ts';

const args = z.strictObject({
  /** The absolute folder of the image that the entries' paths are relative to. */
  prefix: z.string().regex(/^\/([^/].*[^/]|[^/]?)$/, 'expected an absolute folder such as /src'),
  entries: z.array(treeEntrySchema),
});
type Args = z.infer<typeof args>;
type FileEntry = Extract<TreeEntry, { type: 'file' }>;

const bufferSize = 1 << 20;

export const tree: Builder<Args> = {
  name: 'tree',
  version: 4,
  thread: 'worker',
  args,
  build({ prefix, entries }, _inputs, context) {
    const folder = prefix.slice(1);
    const placed = entries
      .map(entry => ({ entry, path: folder === '' ? entry.path : `${folder}/${entry.path}` }))
      .sort((a, b) => comparePaths(a.path, b.path));
    const total = entries.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0);
    const reader = createReader(context, total);
    return writeLayer(context, layer => {
      if (folder !== '') layer.folder(folder);
      for (const { entry, path } of placed) writeEntry(layer, entry, path, reader);
    });
  },
};

function writeEntry(layer: LayerWriter, entry: TreeEntry, path: string, reader: FileReader): void {
  switch (entry.type) {
    case 'file': {
      const file = layer.openFile(path, fileMode(entry.executable), entry.size);
      reader(entry, file.write);
      file.end();
      return;
    }
    case 'text':
      layer.file(path, fileMode(entry.executable), Buffer.from(entry.text));
      return;
    case 'link':
      layer.link(path, entry.target);
      return;
    case 'folder':
      layer.folder(path);
      return;
  }
}

type FileReader = (entry: FileEntry, write: (bytes: Uint8Array) => void) => void;

function createReader(context: BuildContext, total: number): FileReader {
  const buffer = Buffer.allocUnsafe(bufferSize);
  let done = 0;
  return (entry, write) => {
    const path = locate(context, entry);
    const fd = openToRead(path, context, entry);
    try {
      const hash = createHash('sha256');
      let size = 0;
      for (let read = readSync(fd, buffer); read > 0 && size <= entry.size; read = readSync(fd, buffer)) {
        const part = buffer.subarray(0, read);
        hash.update(part);
        write(part);
        size += read;
        context.progress(done + Math.min(size, entry.size), total);
      }
      if (size !== entry.size || digestOfHex(hash.digest('hex')) !== entry.sha256)
        throw changed(context, path);
      done += size;
    } finally {
      closeSync(fd);
    }
  };
}

// A source may be one file: then the root is that file.
function locate({ name, root }: BuildContext, entry: FileEntry): string {
  if (root === undefined) {
    throw new CogpackError(
      'tree/root',
      `${name}: ${entry.path} is a file of a project, but of which is not known`,
      {
        hint: 'evaluate the description where the project lies; a built layer comes from the store or the cache',
      },
    );
  }
  return statSync(root, { throwIfNoEntry: false })?.isFile() ? root : join(root, entry.path);
}

function openToRead(path: string, context: BuildContext, entry: FileEntry): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw changed(context, path, error);
    throw new CogpackError(
      'tree/unreadable',
      `${context.name}: cannot read ${entry.path} in ${context.root}`,
      {
        cause: error,
      },
    );
  }
}

function changed({ name }: BuildContext, path: string, cause?: unknown): CogpackError {
  return new CogpackError('tree/changed', `${name}: ${path} changed since it was hashed`, {
    hint: 'wait until nothing writes to it, then run the command again',
    cause,
  });
}
