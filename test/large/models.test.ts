// Models that need large downloads, each built, started under a container runtime without network, and asked for a prediction.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { expectAnswer } from '../support/answers.ts';
import { models } from '../support/models.ts';

let store: string;
beforeAll(() => {
  store = mkdtempSync(join(tmpdir(), 'cogpack-models-'));
});
afterAll(() => rmSync(store, { recursive: true, force: true }));

describe('a large model answers under a container runtime', () => {
  test.each(models.filter(model => model.large))('$name', model => expectAnswer(model, store));
});
