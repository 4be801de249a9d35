// The main job on examples/quickstart: realises the image, pushes it to an embedded registry on loopback, and
// shows the registry's own answer for it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '@cogpack/registry-client/server';

const root = new URL('..', import.meta.url).pathname;
const registryDir = mkdtempSync(join(tmpdir(), 'cogpack-registry-'));
const server = await startServer({ dir: registryDir, host: '127.0.0.1', port: 0 });
try {
  const reference = `${new URL(server.url).host}/quickstart:latest`;
  process.stderr.write(`registry at ${server.url}\n`);
  const args = ['realise', join(root, 'examples/quickstart/cogpack.jsonnet'), '--push', reference];
  const child = spawn(join(root, 'bin/cogpack'), args, { stdio: 'inherit' });
  const code = await new Promise<number>(resolve => child.once('exit', status => resolve(status ?? 1)));
  if (code === 0) {
    const response = await fetch(`${server.url}/v2/quickstart/manifests/latest`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    const manifest = (await response.json()) as { layers: { size: number }[] };
    const size = manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
    process.stdout.write(
      `pushed ${reference}: ${response.headers.get('docker-content-digest')}, ` +
        `${manifest.layers.length} layers, ${(size / 1e6).toFixed(1)} MB\n`,
    );
  }
  process.exitCode = code;
} finally {
  await server.close();
  rmSync(registryDir, { recursive: true, force: true });
}
