// Asks a running cog model for one prediction. The container has no network, so its own Python makes the requests.
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
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

/**
 * `name=value` pairs as a prediction's input: `@file` is the file as a data URL, and what reads as JSON where the
 * model's schema does not ask for a string is that.
 */
export function parseInputs(pairs: readonly string[], schema: Json): Record<string, Json> {
  const types = inputTypes(schema);
  return Object.fromEntries(
    pairs.map(pair => {
      const at = pair.indexOf('=');
      if (at <= 0) {
        throw new CogpackError('run/input', `an input is name=value; found ${JSON.stringify(pair)}`, {
          hint: 'for example: -i text=hello -i image=@cat.png',
        });
      }
      const name = pair.slice(0, at);
      return [name, inputValue(pair.slice(at + 1), types[name])];
    }),
  );
}

/** The JSON types of the model's inputs, by name. */
function inputTypes(schema: Json): Record<string, string | undefined> {
  const { components } = (schema ?? {}) as {
    components?: { schemas?: { Input?: { properties?: Record<string, { type?: string }> } } };
  };
  const properties = components?.schemas?.Input?.properties ?? {};
  return Object.fromEntries(Object.entries(properties).map(([name, { type }]) => [name, type]));
}

function inputValue(text: string, type: string | undefined): Json {
  if (text.startsWith('@')) return dataUrl(text.slice(1));
  if (type === 'string') return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

const mediaTypes: Readonly<Record<string, string>> = {
  '.gif': 'image/gif',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.png': 'image/png',
  '.txt': 'text/plain',
  '.wav': 'audio/wav',
  '.webp': 'image/webp',
};

function dataUrl(file: string): string {
  try {
    const type = mediaTypes[extname(file).toLowerCase()] ?? 'application/octet-stream';
    return `data:${type};base64,${readFileSync(file).toString('base64')}`;
  } catch (cause) {
    throw new CogpackError('run/input', `${basename(file)} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
