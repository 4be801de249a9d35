// oci:DIR, an OCI image layout (image-spec image-layout.md) with one image more: its blobs are shared with the store (a
// reflink, else a hard link, else a copy) and appear by rename; index.json names the image last.
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Descriptor, hexOf } from '../base/digest.ts';
import { CogpackError, isSystemError, messageOf } from '../base/error.ts';
import { syncDirectory, temporaryName, writeFileAtomic } from '../base/files.ts';
import type { Store } from '../store/store.ts';
import { imageBlobs } from './image-blobs.ts';

const refName = 'org.opencontainers.image.ref.name';
const layoutText = '{"imageLayoutVersion":"1.0.0"}';

// Entries of other images stay as they are, whatever fields they have.
const indexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  manifests: z.array(z.looseObject({ annotations: z.record(z.string(), z.string()).optional() })),
});
type Index = z.infer<typeof indexSchema>;

/**
 * Adds an image (or index) to the layout in `dir` under `name`, making the layout when there is none; an image of that
 * name is replaced, its blobs stay. Throws `output/layout` for a folder that holds something else.
 */
export async function writeOciLayout(options: {
  readonly store: Store;
  readonly manifest: Descriptor;
  readonly dir: string;
  readonly name: string;
}): Promise<void> {
  const { store, manifest, dir, name } = options;
  const index = openLayout(dir);
  const folder = join(dir, 'blobs', 'sha256');
  for (const blob of imageBlobs(store, manifest)) {
    share(store.blobPath(blob), join(folder, hexOf(blob.digest)), blob.size);
  }
  syncDirectory(folder);
  const { mediaType, digest, size } = manifest;
  const others = index.manifests.filter(each => each.annotations?.[refName] !== name);
  const entry = { mediaType, digest, size, annotations: { [refName]: name } };
  writeFileAtomic(join(dir, 'index.json'), JSON.stringify({ ...index, manifests: [...others, entry] }));
}

function openLayout(dir: string): Index {
  if (existsSync(dir) && readdirSync(dir).length > 0 && !existsSync(join(dir, 'oci-layout'))) {
    throw new CogpackError('output/layout', `${dir} is neither empty nor an OCI image layout`, {
      hint: 'choose another folder for oci:',
    });
  }
  mkdirSync(join(dir, 'blobs', 'sha256'), { recursive: true });
  const file = join(dir, 'index.json');
  const index = existsSync(file) ? readIndex(file) : { schemaVersion: 2 as const, manifests: [] };
  if (!existsSync(join(dir, 'oci-layout'))) writeFileAtomic(join(dir, 'oci-layout'), layoutText);
  return index;
}

function readIndex(file: string): Index {
  try {
    return indexSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new CogpackError(
      'output/layout',
      `${file} is not the index of an OCI image layout: ${messageOf(error)}`,
      {
        hint: 'mend the file, or choose another folder for oci:',
        cause: error,
      },
    );
  }
}

function share(from: string, to: string, size: number): void {
  if (existsSync(to) && statSync(to).size === size) return;
  const temporary = `${to}.${temporaryName('part')}`;
  try {
    if (!reflink(from, temporary) && !hardLink(from, temporary)) copy(from, temporary);
    renameSync(temporary, to);
  } finally {
    // Renaming one hard link of a file to another does nothing, so the temporary name may still be there.
    rmSync(temporary, { force: true });
  }
}

function reflink(from: string, to: string): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOSPC', 'EDQUOT')) throw error;
    rmSync(to, { force: true });
    return false;
  }
}

function hardLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES'))
      return false;
    throw error;
  }
}

function copy(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL);
  const fd = openSync(to, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
