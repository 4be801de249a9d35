// Realises an example model, starts its image without network, and asks it: what it serves as its schema is what realise
// told, and it answers as it should.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Json } from '../../src/base/canonical.ts';
import type { Descriptor } from '../../src/base/digest.ts';
import type { Container } from '../../src/run/container.ts';
import { parseInputs } from '../../src/run/inputs.ts';
import { request, waitUntilReady } from '../../src/run/predict.ts';
import { startImage } from '../../src/run/start.ts';
import { openStore } from '../../src/store/store.ts';
import { cogpack, repository } from './cli.ts';
import type { ModelCase } from './models.ts';

type Realised = { readonly targets: readonly { readonly descriptor: Descriptor; readonly schema: Json }[] };

/** Realises a project, and starts its image until it is ready; `use` is given the container and the schema. */
export async function withModel(
  project: string,
  store: string,
  use: (container: Container, schema: Json) => Promise<void>,
): Promise<void> {
  const { code, stdout, stderr } = await cogpack(['realise', project, '--store', store, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { descriptor: image, schema } = (JSON.parse(stdout) as Realised).targets[0]!;
  const dir = mkdtempSync(join(tmpdir(), 'cogpack-model-'));
  const signal = AbortSignal.timeout(110_000);
  const env = { COG_NO_UPDATE_CHECK: '1' };
  const container = await startImage({ store: openStore(store), image, dir, env, signal });
  try {
    await waitUntilReady(container, 60_000, signal);
    await use(container, schema);
  } finally {
    container.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

export function expectAnswer({ name, inputs, output }: ModelCase, store: string): Promise<void> {
  return withModel(join(repository, 'examples', name), store, async (container, schema) => {
    expect(await request(container, 'GET', '/openapi.json')).toEqual(schema);
    const input = parseInputs(inputs, schema);
    const answer = (await request(container, 'POST', '/predictions', { input })) as {
      readonly status: string;
      readonly output: Json;
    };
    expect(answer.status).toBe('succeeded');
    if (output instanceof RegExp) expect(answer.output).toMatch(output);
    else expect(answer.output).toEqual(output);
  });
}
