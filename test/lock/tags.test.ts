import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { bestWheel, rankOf, tagRanks } from '../../src/lock/python/tags.ts';
import { type PythonTarget, targetOf } from '../../src/lock/python/target.ts';

const bookworm: PythonTarget = { version: '3.11.2', machine: 'x86_64', glibcMinor: 36 };

// What pip's own copy of `packaging` says of the interpreter it runs in.
const askPip = `
import json, platform, sys
from pip._vendor.packaging import tags
print(json.dumps({
  'version': platform.python_version(), 'machine': platform.machine(), 'libc': platform.libc_ver(),
  'tags': [str(tag) for tag in tags.sys_tags()],
}))`;

describe('compatibility tags', () => {
  test("are those of packaging.tags, in its order, for this machine's interpreter", context => {
    const found = pipSays();
    if (found?.libc[0] !== 'glibc') return context.skip('there is no pip on glibc here');
    const target = {
      version: found.version,
      machine: found.machine,
      glibcMinor: Number(found.libc[1].split('.')[1]),
    };
    // cp311-none-any: packaging 21, in older copies of pip, left it out.
    const compared = (tags: Iterable<string>) => [...tags].filter(tag => !/^cp\d+-none-any$/.test(tag));
    expect(compared(tagRanks(target).keys())).toEqual(compared(found.tags));
  });

  test('of arm64 begin at the glibc that manylinux2014 stands for', () => {
    const tags = [...tagRanks({ ...bookworm, machine: 'aarch64' }).keys()];
    expect(tags[0]).toBe('cp311-cp311-manylinux_2_36_aarch64');
    expect(tags).toContain('cp311-cp311-manylinux2014_aarch64');
    expect(tags.some(tag => /manylinux(_2_16|2010|1)_/.test(tag))).toBe(false);
  });

  test('stop at the glibc of the image', () => {
    const ranks = tagRanks(bookworm);
    expect(rankOf('a-1-cp311-cp311-manylinux_2_36_x86_64.whl', ranks)).toBe(0);
    expect(rankOf('a-1-cp311-cp311-manylinux_2_37_x86_64.whl', ranks)).toBeUndefined();
    expect(rankOf('a-1-cp311-cp311-musllinux_1_2_x86_64.whl', ranks)).toBeUndefined();
    expect(rankOf('a-1-cp312-cp312-manylinux_2_17_x86_64.whl', ranks)).toBeUndefined();
    expect(rankOf('a-1.tar.gz', ranks)).toBeUndefined();
  });

  test.each([
    [['a-1-py3-none-any.whl', 'a-1-cp311-cp311-manylinux2014_x86_64.whl'], 1],
    [['a-1-cp37-abi3-manylinux2014_x86_64.whl', 'a-1-cp311-cp311-manylinux1_x86_64.whl'], 1],
    [['a-1-cp37-abi3-manylinux2014_x86_64.whl', 'a-1-cp310-abi3-manylinux1_x86_64.whl'], 1],
    [['a-1-cp311-cp311-manylinux_2_17_x86_64.whl', 'a-1-cp311-cp311-manylinux_2_28_x86_64.whl'], 1],
    [['a-1-py2.py3-none-any.whl', 'a-1-cp311-cp311-win_amd64.whl'], 0],
    [['a-1-1-py3-none-any.whl', 'a-1-12-py3-none-any.whl', 'a-1-py3-none-any.whl'], 1],
    [['a-1-cp312-cp312-manylinux2014_x86_64.whl'], undefined],
  ])('of %j choose wheel %j, in any order', (filenames, best) => {
    const ranks = tagRanks(bookworm);
    const files = filenames.map(filename => ({ filename }));
    const wanted = best === undefined ? undefined : filenames[best];
    expect(bestWheel(files, ranks)?.filename).toBe(wanted);
    expect(bestWheel(files.toReversed(), ranks)?.filename).toBe(wanted);
  });
});

describe("a request's target", () => {
  test("is the suite's patch release, unless the request names one", () => {
    const request = { python: '3.11', platform: 'linux/arm64', glibc: '2.36' };
    expect(targetOf(request)).toEqual({ version: '3.11.2', machine: 'aarch64', glibcMinor: 36 });
    expect(targetOf({ ...request, python: '3.11.9' }).version).toBe('3.11.9');
    expect(targetOf({ ...request, python: '3.14' }).version).toBe('3.14.0');
  });
});

type PipSays = { version: string; machine: string; libc: [string, string]; tags: string[] };

function pipSays(): PipSays | undefined {
  try {
    return JSON.parse(
      execFileSync('python3', ['-c', askPip], { encoding: 'utf8', stdio: 'pipe' }),
    ) as PipSays;
  } catch {
    return undefined;
  }
}
