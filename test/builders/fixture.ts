// Runs builders as the scheduler does, against a store in a temporary folder, and reads what they made with other
// programs' eyes: node:zlib and tar-stream.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import type { Descriptor } from '../../src/base/digest.ts';
import {
  type BuildContext,
  type Builder,
  type BuildInputs,
  diffIdAnnotation,
} from '../../src/builders/builder.ts';
import { openStore, type Store } from '../../src/store/store.ts';

export type Bench = {
  readonly dir: string;
  readonly store: Store;
  put(bytes: Uint8Array | string): Descriptor;
  build<Args>(
    builder: Builder<Args>,
    args: Args,
    inputs?: BuildInputs,
    context?: Partial<BuildContext>,
  ): Promise<Descriptor>;
  /** Blobs and temporary files in the store. */
  files(): string[];
  close(): void;
};

export function openBench(): Bench {
  const dir = mkdtempSync(join(tmpdir(), 'cogpack-builders-'));
  const store = openStore(join(dir, 'store'));
  return {
    dir,
    store,
    put: bytes => store.writeBlob('application/octet-stream', bytes),
    async build(builder, args, inputs = {}, context = {}) {
      const outputs = await builder.build(builder.args.parse(args), inputs, {
        name: 'thing',
        platform: 'linux/amd64',
        store,
        root: undefined,
        signal: new AbortController().signal,
        progress() {},
        ...context,
      });
      return outputs.layer!;
    },
    files: () => [
      ...readdirSync(join(store.dir, 'blobs', 'sha256')),
      ...readdirSync(join(store.dir, 'cogpack', 'tmp')),
    ],
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export type LayerEntry = Pick<Header, 'type' | 'mode' | 'linkname'> & { readonly content: Buffer };

/** A layer's entries by path, in their order, after checking that its diffID is true. */
export async function readLayer(store: Store, layer: Descriptor): Promise<Map<string, LayerEntry>> {
  const tar = gunzipSync(readFileSync(store.blobPath(layer)));
  const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
  if (layer.annotations?.[diffIdAnnotation] !== diffId) throw new Error('the diffID is not that of the tar');
  const reader = extract();
  reader.end(tar);
  const entries = new Map<string, LayerEntry>();
  for await (const entry of reader) {
    const parts: Uint8Array[] = [];
    for await (const part of entry) parts.push(part as Uint8Array);
    const { name, type, mode, linkname } = entry.header;
    entries.set(name, { type, mode, linkname, content: Buffer.concat(parts) });
  }
  return entries;
}

/** One line for each entry: `755 directory usr/`, `644 file a: text`, `777 symlink a -> b`. */
export async function listLayer(store: Store, layer: Descriptor): Promise<string[]> {
  return [...(await readLayer(store, layer))].map(([path, { type, mode, linkname, content }]) => {
    const rest = linkname ? ` -> ${linkname}` : type === 'file' ? `: ${content.toString()}` : '';
    return `${mode.toString(8)} ${type} ${path}${rest}`;
  });
}
