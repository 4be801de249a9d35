// The embedded server as other programs see it: the distribution specification's own suite, skopeo and crane.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClient, parseReference } from '../../registry-client/src/index.ts';
import { type RunningServer, startServer } from '../../registry-client/src/server.ts';
import { goTool } from '../../scripts/go-tools.ts';
import { writeOciLayout } from '../../src/output/oci-layout.ts';
import { openStore } from '../../src/store/store.ts';
import { storeImage } from '../output/image.ts';
import { memorySink } from './support/images.ts';
import { hasProgram } from './support/processes.ts';

const run = promisify(execFile);
const crane = goTool('crane');
const conformance = goTool('conformance');

let root: string;
let server: RunningServer;
let host: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'cogpack-peers-'));
  server = await startServer({ dir: join(root, 'registry') });
  host = new URL(server.url).host;
});
afterEach(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

async function layoutWithImage() {
  const store = openStore(join(root, 'store'));
  const manifest = storeImage(store, ['one', 'two']);
  const dir = join(root, 'layout');
  await writeOciLayout({ store, manifest, dir, name: 'v1' });
  return { manifest, dir };
}

async function pulled(name: string) {
  const client = createClient({ env: {} });
  const result = await client.pullImage({ reference: parseReference(`${host}/${name}`), sink: memorySink() });
  client.close();
  return result.manifest.digest;
}

describe('the embedded server', () => {
  test.runIf(conformance)("passes the distribution specification's conformance suite", async () => {
    const env = {
      ...process.env,
      OCI_REGISTRY: host,
      OCI_TLS: 'disabled',
      OCI_RESULTS_DIR: join(root, 'results'),
      OCI_API_BLOBS_UPLOAD_CANCEL: 'true',
      OCI_API_BLOBS_DIGEST_HEADER: 'true',
      OCI_API_MANIFESTS_DIGEST_HEADER: 'true',
    };
    await run(conformance!, [], { env, cwd: root, maxBuffer: 1 << 26 });
    const report = readFileSync(join(root, 'results', 'junit.xml'), 'utf8');
    const count = (name: string) =>
      Number(new RegExp(`<testsuite [^>]*\\b${name}="([0-9]+)"`).exec(report)?.[1]);
    expect(count('failures')).toBe(0);
    expect(count('errors')).toBe(0);
    expect(count('tests')).toBeGreaterThan(800);
    // Mounting without naming a repository is the one thing that the specification leaves open and this does not do.
    expect(count('skipped')).toBeLessThanOrEqual(2);
  });

  test.runIf(hasProgram('skopeo'))('takes from skopeo and gives to skopeo', async () => {
    const { manifest, dir } = await layoutWithImage();
    const copy = ['--insecure-policy', 'copy', '--dest-tls-verify=false', '--src-tls-verify=false'];
    await run('skopeo', [...copy, `oci:${dir}:v1`, `docker://${host}/skopeo:v1`]);
    expect(await pulled('skopeo:v1')).toBe(manifest.digest);
    await run('skopeo', [...copy, `docker://${host}/skopeo:v1`, `docker://${host}/again:v1`]);
    const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', `docker://${host}/again:v1`]);
    expect(JSON.parse(stdout)).toMatchObject({ Digest: manifest.digest, RepoTags: ['v1'] });
  });

  test.runIf(crane)('takes from crane and gives to crane', async () => {
    const { manifest, dir } = await layoutWithImage();
    await run(crane!, ['push', dir, `${host}/crane:v1`]);
    expect(await pulled('crane:v1')).toBe(manifest.digest);
    await run(crane!, ['copy', `${host}/crane:v1`, `${host}/copy:v2`]);
    expect((await run(crane!, ['digest', `${host}/copy:v2`])).stdout.trim()).toBe(manifest.digest);
    expect((await run(crane!, ['ls', `${host}/copy`])).stdout.trim()).toBe('v2');
    await run(crane!, ['validate', '--remote', `${host}/copy:v2`]);
  });

  test.runIf(hasProgram('skopeo'))('takes an image that skopeo makes of a docker archive', async () => {
    const { dir } = await layoutWithImage();
    const archive = join(root, 'image.tar');
    execFileSync(
      'skopeo',
      ['--insecure-policy', 'copy', `oci:${dir}:v1`, `docker-archive:${archive}:model:v1`],
      { stdio: 'ignore' },
    );
    const copy = ['--insecure-policy', 'copy', '--dest-tls-verify=false'];
    await run('skopeo', [...copy, `docker-archive:${archive}`, `docker://${host}/archive:v1`]);
    expect(await pulled('archive:v1')).toMatch(/^sha256:/);
  });
});
