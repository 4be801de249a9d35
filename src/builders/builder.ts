// The one type of every builder: a pure function of its arguments and its inputs' bytes. The context gives the
// store, progress and an abort signal: no clock and no network.
import type { z } from 'zod';
import type { Json } from '../base/canonical.ts';
import type { Descriptor } from '../base/digest.ts';
import type { BlobStore, BlobWriter } from '../store/blob-store.ts';

export type { BlobStore, BlobWriter };

/** The network, for `fetch` alone: writes the bytes found at `location`, once, in order, and only if they are the expected. */
export type Download = (
  location: Json,
  expected: { readonly sha256: string; readonly size: number; readonly name: string },
  write: (bytes: Uint8Array) => void,
  signal: AbortSignal,
  progress: (done: number, total: number) => void,
) => Promise<void>;

export type BuildContext = {
  readonly name: string;
  readonly platform: string;
  readonly store: BlobStore;
  /** Of a tree: the folder its files lie in. In no hash: what is read from it is verified by sha256. */
  readonly root: string | undefined;
  /** Of a fetch: where its bytes may be found, and the way there. In no hash. */
  readonly location?: Json | undefined;
  readonly download?: Download | undefined;
  readonly signal: AbortSignal;
  /** Bytes done of bytes to do, for a progress display only. */
  readonly progress: (done: number, total: number) => void;
};

/** The descriptors of a derivation's inputs, by the names it gave them, in its order. */
export type BuildInputs = Readonly<Record<string, readonly Descriptor[]>>;
export type BuildOutputs = Readonly<Record<string, Descriptor>>;

export type Builder<Args = unknown> = {
  readonly name: string;
  readonly version: number;
  readonly args: z.ZodType<Args>;
  /** `worker`: heavy on the processor, runs on a worker thread. `main`: small. */
  readonly thread: 'main' | 'worker';
  build(args: Args, inputs: BuildInputs, context: BuildContext): BuildOutputs | Promise<BuildOutputs>;
};

/** A layer is a gzip file of tar entries that ends with the tar trailer; this annotation holds its diffID. */
export const diffIdAnnotation = 'containerd.io/uncompressed';
export const layerMediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
