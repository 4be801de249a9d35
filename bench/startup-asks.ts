// Asks a model that is starting: /health-check until it is ready, then for one prediction, whose request is the argument.
// Prints when each was there, in seconds of the monotonic clock, which all processes of a machine share.
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const everyMs = 5;
const now = () => Number(process.hrtime.bigint()) / 1e9;

for (;;) {
  const health = await ask('GET', '/health-check').catch(() => '{}');
  const { status } = JSON.parse(health) as { status?: string };
  if (status === 'READY') break;
  if (status === 'SETUP_FAILED' || status === 'DEFUNCT') throw new Error(health);
  await sleep(everyMs);
}
const ready = now();
const answer = JSON.parse(await ask('POST', '/predictions', process.argv[2]));
process.stdout.write(JSON.stringify({ ready, answered: now(), answer }));

function ask(method: string, path: string, body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request({ host: '127.0.0.1', port: 5000, method, path, headers }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', part => {
        text += part;
      });
      response.once('end', () => resolve(text)).once('error', reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
