import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, parseReference } from '../../registry-client/src/index.ts';

const all = Array.from({ length: 7 }, (_, index) => `v${index}`);
const server = createServer((request, response) => {
  const url = new URL(request.url!, 'http://registry');
  if (url.pathname.includes('/elsewhere/'))
    response.setHeader('link', '<http://other.example/v2/x>; rel="next"');
  else if (url.pathname.includes('/loop/')) response.setHeader('link', `<${request.url}>; rel="next"`);
  const from = all.indexOf(url.searchParams.get('last') ?? '') + 1;
  const page = all.slice(from, from + 3);
  if (!response.hasHeader('link') && from + 3 < all.length) {
    response.setHeader('link', `</v2/model/tags/list?last=${page.at(-1)}&n=3>; rel="next"`);
  }
  response.end(JSON.stringify({ name: 'model', tags: page }));
});
const client = createClient({ env: {} });
beforeAll(() => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  client.close();
  server.close();
});

async function tagsOf(name: string): Promise<string[]> {
  const { port } = server.address() as AddressInfo;
  const tags: string[] = [];
  for await (const tag of client.tags(parseReference(`127.0.0.1:${port}/${name}`))) tags.push(tag);
  return tags;
}

describe('tags', () => {
  test('are read page after page', async () => {
    expect(await tagsOf('model')).toEqual(all);
  });

  test.each(['elsewhere', 'loop'])('a next page that leads %s is an error', async name => {
    await expect(tagsOf(name)).rejects.toMatchObject({ code: 'protocol' });
  });
});
