// One transfer in a process of its own, for bench/registry.ts: push or pull an image between an OCI image layout and a
// registry. It is run from a bundle, as the command line is. Usage: registry-transfer push|pull LAYOUT REFERENCE
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import type { Descriptor, FileSink } from '@cogpack/registry-client';

enableCompileCache();

const [action, layout = '', text = ''] = process.argv.slice(2);
const blobs = join(layout, 'blobs', 'sha256');
const pathOf = ({ digest }: { digest: string }) => join(blobs, digest.slice('sha256:'.length));
void transfer();

async function transfer(): Promise<void> {
  const { createClient, parseReference } = await import('@cogpack/registry-client');
  const reference = parseReference(text);
  const client = createClient();
  if (action === 'push') {
    const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
      manifests: Descriptor[];
    };
    await client.pushImage({ reference, manifest: manifests[0]!, open: blob => ({ path: pathOf(blob) }) });
  } else {
    mkdirSync(blobs, { recursive: true });
    const { manifest } = await client.pullImage({ reference, sink: fileSink() });
    writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  }
  client.close();
}

// Each file is flushed, as the store asks for (skopeo does so too, crane does not).
function fileSink(): FileSink {
  return {
    flush: true,
    has: () => false,
    temporary: blob => `${pathOf(blob)}.part`,
    commit: (blob, path) => renameSync(path, pathOf(blob)),
  };
}
