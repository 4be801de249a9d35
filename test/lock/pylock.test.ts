import { describe, expect, test } from 'vitest';
import { parsePylock } from '../../src/lock/python/pylock.ts';

const sha256 = 'A1'.repeat(32);
const text = `
lock-version = "1.0"
created-by = "someone"

[[packages]]
name = "numpy"
version = "2.0.0"
marker = "sys_platform == 'linux'"
index = "https://example.org/simple"
sdist = { url = "https://example.org/f/numpy-2.0.0.tar.gz", hashes = { sha256 = "00" } }
wheels = [
  { name = "numpy-2.0.0-py3-none-any.whl", url = "https://example.org/f/0", size = 12, hashes = { sha256 = "${sha256}" } },
  { url = "https://example.org/f/numpy-2.0.0%2Bcpu-py3-none-any.whl?x=1", hashes = {} },
]

[[packages]]
name = "own"
archive = { path = "wheels/own-1-py3-none-any.whl", hashes = { sha256 = "${sha256}" } }

[[packages]]
name = "folder"
directory = { path = "." }
`;

describe('pylock.toml', () => {
  test('gives file names, sizes and hashes, whichever way they are written', () => {
    const [numpy, own, folder] = parsePylock(text, 'it').packages;
    expect(numpy).toMatchObject({ version: '2.0.0', marker: "sys_platform == 'linux'", source: 'sdist' });
    expect(numpy!.wheels).toMatchObject([
      { filename: 'numpy-2.0.0-py3-none-any.whl', size: 12, sha256: `sha256:${sha256.toLowerCase()}` },
      { filename: 'numpy-2.0.0+cpu-py3-none-any.whl', size: undefined, sha256: undefined },
    ]);
    expect(own).toMatchObject({
      version: undefined,
      archive: { filename: 'own-1-py3-none-any.whl' },
      wheels: [],
    });
    expect(folder).toMatchObject({ source: 'directory', archive: undefined });
  });

  test.each([
    ['lock-version = "2.0"', /lock-version/],
    ['lock-version = ', /TOML/i],
    ['lock-version = "1.0"\n[[packages]]\nversion = "1"', /packages\[0\]\.name/],
  ])('that reads %j is refused with its name and what is wrong', (wrong, message) => {
    expect(() => parsePylock(wrong, 'pylock.gpu.toml')).toThrow(
      expect.objectContaining({ code: 'lock/pylock', message: expect.stringMatching(message) }),
    );
    expect(() => parsePylock(wrong, 'pylock.gpu.toml')).toThrow('pylock.gpu.toml');
  });
});
