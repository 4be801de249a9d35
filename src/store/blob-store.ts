// What a builder may do with the store: read inputs, write outputs. Writes are atomic and verified.
import type { Descriptor } from '../base/digest.ts';

export type BlobStore = {
  /** The path of a blob that is present; read it, never write it. */
  blobPath(descriptor: Pick<Descriptor, 'digest'>): string;
  /** Opens a new blob; nothing is visible until `commit`, and `abort` leaves nothing behind. */
  createBlob(): BlobWriter;
};

/** Writes are synchronous (a builder runs on a worker thread) and are hashed as they pass. */
export type BlobWriter = {
  write(bytes: Uint8Array): void;
  commit(mediaType: string, annotations?: Record<string, string>): Descriptor;
  abort(): void;
};
