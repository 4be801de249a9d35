// Asks a running cog model for one prediction. The container has no network, so its own Python makes the requests.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../base/canonical.ts';
import { CogpackError } from '../base/error.ts';
import type { Container } from './container.ts';

const client = `
import sys, urllib.error, urllib.request
method, path = sys.argv[1:3]
body = sys.stdin.buffer.read() if method == "POST" else None
request = urllib.request.Request("http://127.0.0.1:5000" + path, data=body, method=method, headers={"Content-Type": "application/json"})
try:
    answer = urllib.request.urlopen(request)
except urllib.error.HTTPError as error:
    answer = error
except OSError as error:
    sys.exit("no answer: %s" % error)
sys.stdout.buffer.write(answer.read())
`;

const everyMs = 100;

/** The body of the server's answer. Throws `run/request` when there is none, or none that is JSON. */
export async function request(
  container: Container,
  method: 'GET' | 'POST',
  path: string,
  body?: Json,
): Promise<Json> {
  const input = body === undefined ? undefined : JSON.stringify(body);
  const { code, stdout, stderr } = await container.exec(['python', '-c', client, method, path], input);
  if (code !== 0) throw new CogpackError('run/request', `${method} ${path}: ${stderr.trim()}`);
  try {
    return JSON.parse(stdout) as Json;
  } catch {
    throw new CogpackError(
      'run/request',
      `${method} ${path}: the answer is not JSON: ${stdout.slice(0, 200)}`,
    );
  }
}

/** Waits until the model is set up. Throws `run/setup` with what it printed when it fails, ends, or takes too long. */
export async function waitUntilReady(
  container: Container,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const status = await health(container);
    if (status === 'READY') return;
    const ended = !container.running();
    if (ended || status === 'SETUP_FAILED' || status === 'DEFUNCT' || performance.now() > deadline) {
      const what = ended
        ? 'the container ended'
        : performance.now() > deadline
          ? 'setup took too long'
          : 'setup failed';
      throw new CogpackError('run/setup', `${what}; it printed:\n${container.logs().trim()}`);
    }
    await sleep(everyMs, undefined, { signal });
  }
}

async function health(container: Container): Promise<string | undefined> {
  try {
    const answer = await request(container, 'GET', '/health-check');
    return String((answer as { status?: Json }).status);
  } catch (error) {
    if (error instanceof CogpackError) return undefined;
    throw error;
  }
}
