// The store: an OCI image layout (image-spec image-layout.md) whose blobs are derivations, fetched files, layers,
// configs and manifests alike, named by their sha256. cogpack's own records lie in <store>/cogpack.
// Several processes may use one store: blobs are written under temporary names and appear by rename.
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Descriptor, type Digest, hexOf } from '../base/digest.ts';
import { CogpackError, isSystemError } from '../base/error.ts';
import { writeFileAtomic } from '../base/files.ts';
import type { BlobStore } from './blob-store.ts';
import { createBlobWriter } from './blob-writer.ts';

export type Store = BlobStore & {
  readonly dir: string;
  hasBlob(digest: Digest): boolean;
  /** All of a small blob's bytes; the caller knows that it is small. */
  readBlob(digest: Digest): Buffer;
  /** Stores small bytes; a blob that is there already is not written again. */
  writeBlob(mediaType: string, bytes: Uint8Array | string): Descriptor;
};

const layoutVersion = '{"imageLayoutVersion":"1.0.0"}';

/** Where the store is unless `--store` says otherwise: `$COGPACK_STORE`, else the user's cache directory. */
export function defaultStoreDir(env: NodeJS.ProcessEnv): string {
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return env.COGPACK_STORE || join(cache, 'cogpack', 'store');
}

/** Opens a store, making it when it is not there; its paths are absolute. Throws `store/unusable`. */
export function openStore(folder: string): Store {
  const dir = resolve(folder);
  prepare(dir);
  const pathOf = (digest: Digest) => join(dir, 'blobs', 'sha256', hexOf(digest));
  return {
    dir,
    blobPath: descriptor => pathOf(descriptor.digest),
    hasBlob: digest => existsSync(pathOf(digest)),
    readBlob(digest) {
      try {
        return readFileSync(pathOf(digest));
      } catch (error) {
        if (!isSystemError(error, 'ENOENT')) throw error;
        throw new CogpackError('store/missing-blob', `the store ${dir} does not hold ${digest}`, {
          hint: 'run the command again: what is missing is made anew',
        });
      }
    },
    createBlob: () => createBlobWriter(dir),
    writeBlob(mediaType, bytes) {
      const writer = createBlobWriter(dir);
      try {
        writer.write(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
        return writer.commit(mediaType);
      } catch (error) {
        writer.abort();
        throw error;
      }
    },
  };
}

function prepare(dir: string): void {
  try {
    if (existsSync(join(dir, 'oci-layout'))) return;
    mkdirSync(join(dir, 'blobs', 'sha256'), { recursive: true });
    mkdirSync(join(dir, 'cogpack', 'tmp'), { recursive: true });
    if (!existsSync(join(dir, 'index.json'))) {
      writeFileAtomic(join(dir, 'index.json'), '{"schemaVersion":2,"manifests":[]}');
    }
    // A store inside of a project is none of its source, and none of its version control.
    writeFileAtomic(join(dir, '.gitignore'), '*\n');
    writeFileAtomic(join(dir, 'oci-layout'), layoutVersion);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CogpackError('store/unusable', `cannot make a store in ${dir}: ${reason}`, {
      hint: 'choose another folder with --store, or mend its permissions',
      cause: error,
    });
  }
}

/** True when the blob is there with the size its descriptor states. */
export function hasWhole(store: Store, descriptor: Descriptor): boolean {
  try {
    return statSync(store.blobPath(descriptor)).size === descriptor.size;
  } catch {
    return false;
  }
}
