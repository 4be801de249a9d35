// Models of many kinds, each built, started under a container runtime without network, and asked for its schema and a
// prediction.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectAnswer, withModel } from '../support/answers.ts';
import { repository } from '../support/cli.ts';
import { models } from '../support/models.ts';

let store: string;
beforeAll(() => {
  store = mkdtempSync(join(tmpdir(), 'cogpack-models-'));
});
afterAll(() => rmSync(store, { recursive: true, force: true }));

describe('a model answers under a container runtime', () => {
  test.each(models.filter(model => !model.large))('$name', model => expectAnswer(model, store));
});

// All are sent by one process, and so while the first is at work.
const together = `
import json, sys, threading, urllib.error, urllib.request
statuses = []
def ask():
    body = json.dumps({"input": {"seconds": 3}}).encode()
    headers = {"Content-Type": "application/json"}
    try:
        answer = urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:5000/predictions", body, headers))
    except urllib.error.HTTPError as error:
        answer = error
    statuses.append(answer.status)
threads = [threading.Thread(target=ask) for _ in range(int(sys.argv[1]))]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(sorted(statuses)))
`;

test('a model that says @concurrent(max=4) makes four predictions at one time, and no fifth', () =>
  withModel(join(repository, 'examples', 'concurrent'), store, async container => {
    const { stdout } = await container.exec(['python', '-c', together, '5']);
    expect(JSON.parse(stdout)).toEqual([200, 200, 200, 200, 409]);
  }));
