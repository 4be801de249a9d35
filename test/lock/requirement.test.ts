import { describe, expect, test } from 'vitest';
import { CogpackError } from '../../src/base/error.ts';
import { readRequirement } from '../../src/lock/python/requirement.ts';

const a = 'a'.repeat(64);
const b = 'b'.repeat(64);

describe('a requirement', () => {
  test.each([
    ['numpy', 'numpy'],
    ['Scikit_Learn == 1.5.2', 'scikit-learn'],
    ['uvicorn[standard]>=0.30,<1; python_version < "3.13"', 'uvicorn'],
    ['zope.interface~=6.0', 'zope-interface'],
    ['pkg (>=1)', 'pkg'],
    ['pkg @ https://example.org/other-1-py3-none-any.whl', 'pkg'],
    ['./wheels/My_Pkg-1.0-py3-none-any.whl', 'my-pkg'],
    ['https://example.org/w/my_pkg-1.0-cp311-cp311-linux_x86_64.whl#sha256=00', 'my-pkg'],
  ])('%s is of %s', (line, name) => {
    expect(readRequirement(line)).toMatchObject({ name, text: line, hashes: undefined });
  });

  test('gives its hashes apart from its text', () => {
    expect(
      readRequirement(` numpy==1.0  --hash=sha256:${a.toUpperCase()} --hash=md5:00 --hash=sha256:${b}`),
    ).toEqual({
      name: 'numpy',
      text: 'numpy==1.0',
      hashes: [`sha256:${a}`, `sha256:${b}`],
    });
  });

  test.each([
    ['-r other.txt', /option of pip/],
    [
      '--extra-index-url https://user:word@example.org/simple',
      /"--extra-index-url https:\/\/example\.org\/simple"/,
    ],
    ['-e .', /option of pip/],
    ['git+https://example.org/a/b', /is a repository/],
    ['b @ git+ssh://git@example.org/a/b@main', /is a repository/],
    ['numpy==1.0 --hash=md5:00', /none is a sha256/],
  ])('%s is refused, with what to do', (line, message) => {
    expect(() => readRequirement(line)).toThrow(
      expect.objectContaining({
        code: 'lock/requirement',
        message: expect.stringMatching(message),
        hint: expect.any(String),
      }),
    );
    expect(() => readRequirement(line)).toThrow(CogpackError);
  });
});
