// A manifest that does not reach the registry as it was sent.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createClient, parseReference } from '../../registry-client/src/index.ts';

type Answer = { readonly status: number; readonly digest?: string };

const mediaType = 'application/vnd.oci.image.index.v1+json';
const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] }));
const right = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const other = `sha256:${'0'.repeat(64)}`;

let answers: readonly Answer[] = [];
let bodies: string[] = [];
const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', part => {
    body += part;
  });
  request.once('end', () => {
    const { status, digest } = answers[Math.min(bodies.length, answers.length - 1)]!;
    bodies.push(body);
    if (digest !== undefined) response.setHeader('docker-content-digest', digest);
    response.writeHead(status);
    response.end(status === 201 ? '' : '{"errors":[{"code":"MANIFEST_INVALID","message":"it is not JSON"}]}');
  });
});
beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return () => server.close();
});
afterEach(() => {
  bodies = [];
});

async function put(...given: readonly Answer[]) {
  answers = given;
  const client = createClient({ env: {}, retry: { attempts: 6, delayMs: 1 } });
  try {
    const { port } = server.address() as AddressInfo;
    return await client.putManifest(parseReference(`127.0.0.1:${port}/model`), 'v1', bytes, mediaType);
  } finally {
    client.close();
  }
}

test('it is sent again when the registry cannot read it, or has taken other bytes', async () => {
  await put({ status: 400 }, { status: 201, digest: other }, { status: 201, digest: right });
  expect(bodies).toEqual([bytes, bytes, bytes].map(String));
});

test('a registry that does not want it is asked four times, and its words are told', async () => {
  await expect(put({ status: 400 })).rejects.toMatchObject({
    code: 'rejected',
    message: expect.stringContaining('MANIFEST_INVALID it is not JSON'),
  });
  expect(bodies).toHaveLength(4);
});

test('another refusal is told at once', async () => {
  await expect(put({ status: 403 })).rejects.toMatchObject({ code: 'denied' });
  expect(bodies).toHaveLength(1);
});
