import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateMarker, markersOf } from '../../src/lock/python/markers.ts';
import { compareVersions, parseVersion } from '../../src/lock/python/version.ts';

const environment = {
  ...markersOf({ version: '3.11.2', machine: 'x86_64', glibcMinor: 36 }),
  extra: '',
  extras: ['gpu', 'dev'],
  dependency_groups: [],
};

describe('a marker', () => {
  test.each([
    ['python_version < "3.12"', true],
    ["python_full_version >= '3.11.3'", false],
    ['"3.9" <= python_version', true],
    ['python_version == "3.*"', true],
    ['python_version ~= "3.10"', true],
    ['python_full_version ~= "3.10.1"', false],
    ['sys_platform == "win32" or os_name == "posix" and platform_machine != "aarch64"', true],
    ['(sys_platform == "win32" or os_name == "posix") and platform_machine == "aarch64"', false],
    ['"linux" in sys_platform', true],
    ['"x" not in sys_platform', false],
    ['platform_machine not in "arm64 aarch64"', true],
    ['"gpu" in extras and "test" not in extras', true],
    ['"main" in dependency_groups', false],
    ["extra == 'gpu'", false],
    ['platform.machine == "x86_64" and sys.platform == "linux"', true],
  ])('%s is %s', (marker, holds) => {
    expect(evaluateMarker(marker, environment)).toBe(holds);
  });

  test.each([
    '',
    'python_version',
    'python_version <',
    'a == "b"',
    'python_version < "3" and',
    '(os_name == "posix"',
    'os_name == "posix") ',
    '"a" not == "b"',
    'os_name = "posix"',
  ])('%j is none', marker => {
    expect(evaluateMarker(marker, environment)).toBeUndefined();
  });

  test('is judged as the library packaging judges it', context => {
    const versions = fc.tuple(
      fc.constantFrom('python_version', 'python_full_version'),
      fc.constantFrom('==', '!=', '<', '<=', '>', '>='),
      fc.constantFrom('3', '3.11', '3.11.2', '3.11.10', '3.12.0rc1', '3.9.post1', '3.11.2.dev3'),
    );
    const texts = fc.tuple(
      fc.constantFrom('sys_platform', 'platform_machine'),
      fc.constantFrom('==', '!='),
      fc.constantFrom('linux', 'x86_64', 'win32'),
    );
    // Older copies of packaging leave pre-releases out where they are the version that is compared.
    const comparison = fc
      .tuple(fc.oneof(versions, texts), fc.boolean())
      .map(([[name, operator, text], isTurned]) =>
        isTurned && !/dev|rc/.test(text) ? `"${text}" ${operator} ${name}` : `${name} ${operator} "${text}"`,
      );
    const marker = fc
      .array(fc.tuple(comparison, fc.constantFrom(' and ', ' or ')), { minLength: 1, maxLength: 4 })
      .map(parts => parts.map(([text, joint], at) => text + (at + 1 < parts.length ? joint : '')).join(''));
    const markers = fc.sample(marker, { numRuns: 500, seed: 7 });
    const expected = packagingSays(markers);
    if (expected === undefined) return context.skip('there is no pip here');
    for (const [at, text] of markers.entries()) {
      expect([text, evaluateMarker(text, environment)]).toEqual([text, expected[at]]);
    }
  });
});

test('versions have their order', () => {
  const ordered = [
    '1.dev1',
    '1a1.dev1',
    '1a1',
    '1b2',
    '1rc1',
    '1.0',
    '1.0.post1.dev2',
    '1.0.post1',
    '1.1',
    '1.10',
    '2!0.1',
  ];
  const versions = ordered.map(text => parseVersion(text)!);
  for (const [a, first] of versions.entries()) {
    for (const [b, second] of versions.entries()) {
      expect([ordered[a], ordered[b], Math.sign(compareVersions(first, second))]).toEqual([
        ordered[a],
        ordered[b],
        Math.sign(a - b),
      ]);
    }
  }
  expect(parseVersion('x86_64')).toBeUndefined();
});

function packagingSays(markers: readonly string[]): boolean[] | undefined {
  const script = `
import json, sys
from pip._vendor.packaging.markers import Marker
given = json.load(sys.stdin)
print(json.dumps([Marker(text).evaluate(given['environment']) for text in given['markers']]))`;
  const { extras, dependency_groups, ...texts } = environment;
  try {
    const input = JSON.stringify({ markers, environment: texts });
    return JSON.parse(execFileSync('python3', ['-c', script], { input, encoding: 'utf8', stdio: 'pipe' }));
  } catch {
    return undefined;
  }
}
