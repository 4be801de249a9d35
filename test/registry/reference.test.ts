import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatReference, parseReference } from '../../registry-client/src/index.ts';

describe('parseReference', () => {
  test('reads host, port, repository, tag and digest', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(parseReference(`registry.example:5000/team/model:v1@${digest}`)).toEqual({
      scheme: 'https',
      host: 'registry.example:5000',
      repository: 'team/model',
      tag: 'v1',
      digest,
    });
  });

  test.each(['127.0.0.1:5000', 'localhost', 'localhost:5000', '[::1]:5000', '127.9.9.9'])(
    'speaks plain HTTP to the loopback host %s',
    host => {
      expect(parseReference(`${host}/model`)).toMatchObject({ scheme: 'http', host, repository: 'model' });
    },
  );

  test('a scheme that is written is kept', () => {
    expect(parseReference('https://localhost:5000/model').scheme).toBe('https');
    expect(parseReference('http://registry.example/model').scheme).toBe('http');
  });

  test.each([
    ['model', 'it has no registry host'],
    ['team/model:v1', 'it has no registry host'],
    ['registry.example/Model', '"Model" is not a repository'],
    ['registry.example/a//b', '"a//b" is not a repository'],
    ['registry.example/../b', '"../b" is not a repository'],
    ['registry.example/model:', '"" is not a tag'],
    ['registry.example/model@sha256:12', '"sha256:12" is not a digest'],
    ['user@registry.example/model', '"user@registry.example" is not a host'],
    ['', 'it has no registry host'],
  ])('refuses "%s": %s', (text, why) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ code: 'reference', message: expect.stringContaining(why) }),
    );
  });

  test('what is parsed is written as it was', () => {
    const part = fc.stringMatching(/^[a-z0-9]+([._-][a-z0-9]+)?$/);
    const text = fc
      .record({
        host: fc.constantFrom(
          'registry.example',
          'localhost:5000',
          'http://registry.example',
          'https://127.0.0.1:1',
        ),
        path: fc.array(part, { minLength: 1, maxLength: 4 }),
        tag: fc.option(fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}$/)),
        digest: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/)),
      })
      .map(({ host, path, tag, digest }) => {
        return `${host}/${path.join('/')}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@sha256:${digest}`}`;
      });
    fc.assert(
      fc.property(text, each => {
        expect(formatReference(parseReference(each))).toBe(each);
      }),
    );
  });
});
