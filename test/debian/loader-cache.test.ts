// The cache held against ldconfig, which reads it, and against the loader, which finds libraries by it.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { compareLibraryNames, loaderCache } from '../../src/formats/loader-cache.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-loader-cache-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const ldconfig = '/usr/sbin/ldconfig';
const hasLdconfig = spawnSync(ldconfig, ['--version']).status === 0;
const flagsOf: Readonly<Record<number, string>> = { 62: 'libc6,x86-64', 183: 'libc6,AArch64' };

/** `name (kind) => path`, in the cache's order. */
function listed(...more: string[]): string[] {
  const text = execFileSync(ldconfig, ['-p', ...more], { encoding: 'utf8' });
  return text.split('\n').flatMap(line => /^\t(.* => .*)$/.exec(line)?.[1] ?? []);
}

test.skipIf(!hasLdconfig).for([62, 183])('ldconfig lists all libraries, for machine %s', machine => {
  const names = ['libz.so.1', 'libz.so', 'liba-1.10.so', 'liba-1.9.so', 'libä.so.2'];
  const file = join(dir, 'cache');
  const libraries = names.map(name => ({ name, path: `/opt/${name}` }));
  writeFileSync(file, loaderCache([...libraries, { name: 'libz.so', path: '/never' }], machine));
  const shown = (name: string) => `${name} (${flagsOf[machine]}) => /opt/${name}`;
  expect(listed('-C', file)).toEqual(
    ['libä.so.2', 'libz.so.1', 'libz.so', 'liba-1.10.so', 'liba-1.9.so'].map(shown),
  );
});

test.skipIf(!hasLdconfig || process.arch !== 'x64')(
  "the libraries of this machine come in ldconfig's own order",
  () => {
    const own = listed().filter(line => line.includes('(libc6,x86-64) '));
    const lines = own.filter((line, index) => own.findIndex(o => nameOf(o) === nameOf(line)) === index);
    const file = join(dir, 'machine');
    const libraries = lines.map(line => ({ name: nameOf(line), path: line.slice(line.indexOf('=> ') + 3) }));
    writeFileSync(file, loaderCache(libraries.toReversed(), 62));
    expect(lines.length).toBeGreaterThan(20);
    expect(listed('-C', file)).toEqual(lines);
  },
);

test('the order of names is total, and digits count by their numbers', () => {
  const name = fc.stringMatching(/^lib[ab0-9.-]{0,6}\.so(\.\d{1,2})?$/);
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      expect(Math.sign(compareLibraryNames(a, b))).toBe(-Math.sign(compareLibraryNames(b, a)) + 0);
      if (compareLibraryNames(a, b) <= 0 && compareLibraryNames(b, c) <= 0)
        expect(compareLibraryNames(a, c)).toBeLessThanOrEqual(0);
    }),
  );
  expect(compareLibraryNames('libx.so.9', 'libx.so.10')).toBeLessThan(0);
});

test('a cache of nothing is its header', () => {
  expect(loaderCache([], 62)).toHaveLength(48);
});

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(' '));
}
