import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../src/base/canonical.ts';
import { CogpackError } from '../../src/base/error.ts';
import { lockText, readLock, requestKey, writeLock } from '../../src/lock/lock-file.ts';

let dir: string;
let file: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-test-'));
  file = join(dir, 'cogpack.lock');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const python = { kind: 'python', python: '3.11', requirements: ['numpy', 'scipy'] };
const packages = [
  {
    name: 'numpy',
    version: '2.0',
    filename: 'numpy-2.0-py3-none-any.whl',
    sha256: `sha256:${'0'.repeat(64)}`,
    size: 7,
  },
  {
    name: 'scipy',
    version: '1.0',
    filename: 'scipy-1.0-py3-none-any.whl',
    sha256: `sha256:${'1'.repeat(64)}`,
    size: 8,
  },
];
const url = { kind: 'url', url: 'https://example.org/weights' };
const answers = new Map<string, Json>([
  [requestKey(url), { sha256: `sha256:${'2'.repeat(64)}`, size: 9 }],
  [requestKey(python), { packages }],
]);

describe('the lock file', () => {
  test('is empty where there is none', () => {
    expect(readLock(join(dir, 'absent'))).toEqual(new Map());
  });

  test('gives back the answers that were written', () => {
    writeLock(file, answers);
    expect(readLock(file)).toEqual(answers);
  });

  test('is the same text for the same answers, whatever the order in which they came', () => {
    expect(lockText(new Map([...answers].reverse()))).toBe(lockText(answers));
    writeLock(file, answers);
    expect(lockText(readLock(file))).toBe(readFileSync(file, 'utf8'));
  });

  test('has one line for each package, so that a new version is one line of a diff', () => {
    const renewed = new Map(answers).set(requestKey(python), {
      packages: [packages[0]!, { ...packages[1], version: '1.1' }],
    });
    const before = lockText(answers).split('\n');
    const after = lockText(renewed).split('\n');
    expect(after.length).toBe(before.length);
    expect(after.filter((line, at) => line !== before[at])).toHaveLength(1);
  });

  test('is left alone when nothing in it changes', () => {
    writeLock(file, answers);
    const before = statSync(file, { bigint: true });
    writeLock(file, new Map([...answers].reverse()));
    expect(statSync(file, { bigint: true }).ino).toBe(before.ino);
  });

  test('leaves no other file beside it, also when it cannot be written', () => {
    const sub = join(dir, 'sub');
    mkdirSync(join(sub, 'cogpack.lock'), { recursive: true });
    expect(() => writeLock(join(sub, 'cogpack.lock'), answers)).toThrow();
    expect(readdirSync(sub)).toEqual(['cogpack.lock']);
  });

  test.each([
    ['{"version":2,"answers":[]}', /version/],
    ['{"version":1,"answers":[{"request":{}}]}', /answer/],
    ['{"version":1,', /JSON/],
    ['<<<<<<< ours\n{}\n', /conflict markers/],
  ])('that reads %j is refused with what is wrong', (text, message) => {
    writeFileSync(file, text);
    const error = thrownBy(() => readLock(file));
    expect(error.code).toBe('lock/format');
    expect(error.message).toMatch(message);
    expect(error.message).toContain(file);
    expect(error.hint).toContain('cogpack lock');
  });

  test('holds any requests and answers as they are', () => {
    const json = fc.jsonValue({ noUnicodeString: false } as never) as fc.Arbitrary<Json>;
    fc.assert(
      fc.property(fc.array(fc.tuple(json, json)), pairs => {
        const any = new Map(pairs.map(([request, answer]) => [requestKey(request), answer]));
        writeFileSync(file, lockText(any));
        const back = readLock(file);
        expect([...back.keys()].sort()).toEqual([...any.keys()].sort());
        for (const [key, answer] of any) expect(canonicalJson(back.get(key)!)).toBe(canonicalJson(answer));
      }),
      { numRuns: 100 },
    );
  });
});

function thrownBy(action: () => unknown): CogpackError {
  try {
    action();
  } catch (error) {
    if (error instanceof CogpackError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
