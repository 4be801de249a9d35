// Pulls an image or an index: manifests first, then in parallel the blobs that the receiver has not. Every byte is
// verified as it streams; the receiver commits a blob only after all of it was found right.
import { receiveBlob } from './blob-pull.ts';
import type { Descriptor } from './descriptor.ts';
import { RegistryError } from './error.ts';
import { type FileSink, receiveToFile, writeToFile } from './file-sink.ts';
import type { Http } from './http.ts';
import { getManifest, type Manifest } from './manifests.ts';
import { inParallel } from './pool.ts';
import type { Reference } from './reference.ts';
import type { PullThread } from './threads/start-pull-thread.ts';
import type { Receiver } from './wire/connection.ts';

/** Where pulled bytes go: a FileSink where they go into files, else this. */
export type BlobSink = {
  has(descriptor: Descriptor): boolean | Promise<boolean>;
  create(descriptor: Descriptor): SinkWriter | Promise<SinkWriter>;
};

export type SinkWriter = {
  /** `bytes` are valid until the call, or the promise it gives, has ended. */
  write(bytes: Uint8Array): void | Promise<void>;
  /** Called after the bytes have been verified. */
  commit(): void | Promise<void>;
  abort(): void | Promise<void>;
};

export type PullImageOptions = {
  readonly reference: Reference;
  readonly sink: BlobSink | FileSink;
  /** Of an index, the manifests to pull; all of them unless it is given. */
  readonly choose?: ((manifest: Descriptor) => boolean) | undefined;
  readonly concurrency?: number | undefined;
  /** Bytes received, and bytes to be received as far as they are known. */
  readonly onProgress?: ((received: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type PullImageResult = {
  readonly manifest: Descriptor;
  readonly pulled: readonly Descriptor[];
  readonly existing: readonly Descriptor[];
};

const defaultConcurrency = 8;
const maxDepth = 4;
// From here on the time to start a thread is well spent.
const threadedBytes = 64 << 20;

/** `startThread` is for pulls into files that are large. */
export async function pullImage(
  http: Http,
  startThread: () => PullThread,
  options: PullImageOptions,
): Promise<PullImageResult> {
  const { reference, sink, signal } = options;
  const root = await getManifest(http, reference, reference.digest ?? reference.tag ?? 'latest', signal);
  const manifests = await withChildren(http, options, root, 1);
  const blobs = unique(manifests.flatMap(each => each.content.blobs));
  const pulled: Descriptor[] = [];
  const existing: Descriptor[] = [];
  const missing: Descriptor[] = [];
  for (const blob of blobs) ((await sink.has(blob)) ? existing : missing).push(blob);
  const total = missing.reduce((sum, blob) => sum + blob.size, 0);
  let received = 0;
  const count = (bytes: number) => {
    received += bytes;
    options.onProgress?.(received, total);
  };
  missing.sort((a, b) => b.size - a.size);
  const shared = isFileSink(sink) && missing.length > 1 && total >= threadedBytes;
  const thread = shared ? startThread() : undefined;
  const pull = isFileSink(sink)
    ? intoFiles(http, thread, reference, sink, count)
    : intoSink(http, reference, sink, count);
  try {
    await inParallel(missing, options.concurrency ?? defaultConcurrency, signal, async (blob, stop) => {
      await pull(blob, stop);
      pulled.push(blob);
    });
  } finally {
    await thread?.close();
  }
  // Children before parents: a manifest that is there says that all under it is.
  for (const { descriptor, bytes } of manifests) {
    if (await sink.has(descriptor)) {
      existing.push(descriptor);
      continue;
    }
    await keep(sink, descriptor, bytes);
    pulled.push(descriptor);
  }
  return { manifest: root.descriptor, pulled, existing };
}

async function withChildren(
  http: Http,
  options: PullImageOptions,
  parent: Manifest,
  depth: number,
): Promise<Manifest[]> {
  if (depth > maxDepth) {
    throw new RegistryError(
      'protocol',
      `${parent.descriptor.digest}: indexes lie more than ${maxDepth} deep in each other`,
    );
  }
  const manifests: Manifest[] = [];
  for (const child of parent.content.manifests.filter(options.choose ?? (() => true))) {
    const manifest = await getManifest(http, options.reference, child.digest, options.signal);
    manifests.push(...(await withChildren(http, options, manifest, depth + 1)));
  }
  return [...manifests, parent];
}

function isFileSink(sink: BlobSink | FileSink): sink is FileSink {
  return 'temporary' in sink;
}

type PullBlob = (blob: Descriptor, signal: AbortSignal) => Promise<void>;

function intoSink(
  http: Http,
  reference: Reference,
  sink: BlobSink,
  count: (bytes: number) => void,
): PullBlob {
  return (blob, signal) =>
    receive(sink, blob, count, receiver => receiveBlob(http, reference, blob, receiver, signal));
}

/** Blobs go to `thread`, where there is one, and are pulled here, whichever has less to do. */
function intoFiles(
  http: Http,
  thread: PullThread | undefined,
  reference: Reference,
  sink: FileSink,
  count: (bytes: number) => void,
): PullBlob {
  let here = 0;
  return async (blob, signal) => {
    const path = sink.temporary(blob);
    if (thread !== undefined && thread.running <= here) {
      await thread.pull(reference, blob, path, sink.flush, count, signal);
    } else {
      here += 1;
      try {
        await receiveToFile(http, reference, blob, path, sink.flush, count, signal);
      } finally {
        here -= 1;
      }
    }
    await sink.commit(blob, path);
  };
}

/** A manifest, which has been verified. */
async function keep(sink: BlobSink | FileSink, descriptor: Descriptor, bytes: Buffer): Promise<void> {
  if (isFileSink(sink)) {
    const path = sink.temporary(descriptor);
    writeToFile(path, bytes, sink.flush);
    await sink.commit(descriptor, path);
    return;
  }
  await receive(
    sink,
    descriptor,
    () => {},
    async receiver => receiver(bytes),
  );
}

async function receive(
  sink: BlobSink,
  descriptor: Descriptor,
  count: (bytes: number) => void,
  transfer: (receiver: Receiver) => Promise<void>,
): Promise<void> {
  const writer = await sink.create(descriptor);
  try {
    await transfer(part => {
      const { length } = part;
      const work = writer.write(part);
      if (!(work instanceof Promise)) return count(length);
      return work.then(() => count(length));
    });
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

function unique(list: readonly Descriptor[]): Descriptor[] {
  return [...new Map(list.map(each => [each.digest, each])).values()];
}
