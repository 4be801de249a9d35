import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseChallenges } from '../../registry-client/src/auth/challenge.ts';

describe('parseChallenges', () => {
  test('reads a challenge with quoted and bare parameters', () => {
    const header =
      'Bearer realm="https://auth.example/token",service=registry.example, scope="repository:a/b:pull,push"';
    expect(parseChallenges(header)).toEqual([
      {
        scheme: 'bearer',
        parameters: {
          realm: 'https://auth.example/token',
          service: 'registry.example',
          scope: 'repository:a/b:pull,push',
        },
      },
    ]);
  });

  test('reads several challenges in one header', () => {
    expect(parseChallenges('Basic realm="a, \\"b\\"", Bearer realm="c"')).toEqual([
      { scheme: 'basic', parameters: { realm: 'a, "b"' } },
      { scheme: 'bearer', parameters: { realm: 'c' } },
    ]);
  });

  test('whatever a registry sends, it ends and gives challenges', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        expect(Array.isArray(parseChallenges(text))).toBe(true);
      }),
    );
  });
});
