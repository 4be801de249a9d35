import { expect, test } from 'vitest';
import { createPackageSet, type PackageSet } from '../../src/lock/debian/packages.ts';
import { solve } from '../../src/lock/debian/solve.ts';

const sha256 = '0'.repeat(64);

/** An index of packages, each `name version` with its other fields. */
function setOf(...packages: readonly [string, Readonly<Record<string, string>>?][]): PackageSet {
  const text = packages
    .map(([label, fields = {}]) => {
      const [name, version] = label.split(' ');
      const all = {
        Package: name,
        Version: version ?? '1',
        Architecture: 'amd64',
        Priority: 'optional',
        Filename: `pool/main/${name}_${version ?? '1'}.deb`,
        Size: '10',
        SHA256: sha256,
        ...fields,
      };
      return Object.entries(all)
        .map(([field, value]) => `${field}: ${value}\n`)
        .join('');
    })
    .join('\n');
  return createPackageSet([{ archive: 'debian', text }]);
}

const names = (wanted: readonly string[], set: PackageSet) =>
  solve(wanted, set, 'amd64').map(({ name }) => name);

test('dependencies come along, recommendations and what nobody asks for stay out', () => {
  const set = setOf(
    ['app', { Depends: 'lib (>= 2), data', 'Pre-Depends': 'init', Recommends: 'docs', Suggests: 'more' }],
    ['lib 2.1', { Depends: 'data' }],
    ['data', { Depends: 'app' }],
    ['init'],
    ['docs'],
    ['more'],
    ['base', { Essential: 'yes' }],
  );
  expect(names(['app'], set)).toEqual(['app', 'data', 'init', 'lib']);
});

test('the first alternative that is there is taken, unless another is taken already', () => {
  const set = setOf(['app', { Depends: 'gone | a | b' }], ['a'], ['b']);
  expect(names(['app'], set)).toEqual(['a', 'app']);
  expect(names(['app', 'b'], set)).toEqual(['app', 'b']);
});

test('an alternative that leads to a conflict is given up for the next', () => {
  const set = setOf(
    ['app', { Depends: 'a | b, c' }],
    ['a', { Depends: 'deep' }],
    ['b'],
    ['c'],
    ['deep', { Breaks: 'c' }],
  );
  expect(names(['app'], set)).toEqual(['app', 'b', 'c']);
});

test('a choice that something else cannot stand beside is given up where it is made', () => {
  const suite = Array.from({ length: 40 }, (_, index): [string, Record<string, string>] => [
    `part${index}`,
    { Depends: `base, x${index} | y${index}` },
  ]);
  const options = suite.flatMap((_, index): [string][] => [[`x${index}`], [`y${index}`]]);
  const set = setOf(
    ['app', { Depends: `common, ${suite.map(([name]) => name).join(', ')}, core` }],
    ['common', { Depends: 'core-nogui | core' }],
    ['core-nogui', { Conflicts: 'core' }],
    ['core', { Conflicts: 'core-nogui' }],
    ['base'],
    ...suite,
    ...options,
  );
  expect(names(['app'], set)).toContain('core');
});

test('of providers the essential one is taken, then that of the highest priority', () => {
  const awks: [string, Record<string, string>?][] = [
    ['app', { Depends: 'awk' }],
    ['gawk', { Provides: 'awk' }],
    ['mawk', { Provides: 'awk', Priority: 'required' }],
  ];
  expect(names(['app'], setOf(...awks))).toEqual(['app', 'mawk']);
  const essential: [string, Record<string, string>] = ['busybox', { Provides: 'awk', Essential: 'yes' }];
  expect(names(['app'], setOf(...awks, essential))).toEqual(['app', 'busybox']);
});

test('of equal providers the one is taken whose name was met last', () => {
  const set = setOf(
    ['early', { Recommends: 'zeta' }],
    ['alpha', { Provides: 'thing' }],
    ['beta', { Provides: 'thing' }],
    ['zeta', { Provides: 'thing' }],
    ['app', { Depends: 'thing', Suggests: 'alpha, beta:any' }],
  );
  expect(names(['app'], set)).toEqual(['app', 'beta']);
  const sooner = setOf(
    ['early', { Suggests: 'beta', Enhances: 'x, alpha' }],
    ['alpha', { Provides: 'thing' }],
    ['beta', { Provides: 'thing' }],
    ['app', { Depends: 'thing' }],
  );
  expect(names(['app'], sooner)).toEqual(['alpha', 'app']);
});

test('a provision with a version meets a versioned dependency, one without does not', () => {
  const set = setOf(
    ['old', { Depends: 'abi (= 4)' }],
    ['new', { Depends: 'abi (>= 5)' }],
    ['bare', { Provides: 'abi' }],
    ['four', { Provides: 'abi (= 4)' }],
  );
  expect(names(['old'], set)).toEqual(['four', 'old']);
  expect(() => names(['new'], set)).toThrowError(
    expect.objectContaining({
      code: 'debian/unsolvable',
      message: expect.stringContaining('new 1 needs abi (>= 5)'),
    }),
  );
});

test('a package that provides what it conflicts with does not conflict with itself', () => {
  const set = setOf(
    ['a', { Provides: 'agent', Conflicts: 'agent' }],
    ['b', { Provides: 'agent', Conflicts: 'agent' }],
  );
  expect(names(['a'], set)).toEqual(['a']);
  expect(() => names(['a', 'b'], set)).toThrowError(/b 1 conflicts with agent, which is a 1/);
});

test(':any asks for a package that allows it', () => {
  const set = setOf(
    ['app', { Depends: 'python3:any, own:amd64' }],
    ['bad', { Depends: 'lib:any' }],
    ['worse', { Depends: 'lib:arm64' }],
    ['python3', { 'Multi-Arch': 'allowed' }],
    ['own'],
    ['lib', { 'Multi-Arch': 'same' }],
  );
  expect(names(['app'], set)).toEqual(['app', 'own', 'python3']);
  expect(() => names(['bad'], set)).toThrowError(/bad 1 needs lib:any; found: lib 1/);
  expect(() => names(['worse'], set)).toThrowError(/worse 1 needs lib:arm64/);
});

test('the newest version of several archives is taken, and a named one when it is there', () => {
  const set = setOf(['lib 1.0'], ['lib 1.0+deb12u1'], ['lib 1.0~rc1']);
  expect(solve(['lib'], set, 'amd64')[0]!.version).toBe('1.0+deb12u1');
  expect(solve(['lib=1.0'], set, 'amd64')[0]!.version).toBe('1.0');
  expect(() => names(['lib=3'], set)).toThrowError(/lib is there as 1\.0\+deb12u1, 1\.0, 1\.0~rc1, not as 3/);
});

test('an unknown package and a name with several providers are errors that say so', () => {
  const set = setOf(['x', { Provides: 'v' }], ['y', { Provides: 'v, w' }]);
  expect(() => names(['ghost'], set)).toThrowError(
    expect.objectContaining({ code: 'debian/unknown', message: 'there is no package ghost' }),
  );
  expect(() => names(['v'], set)).toThrowError(/v is provided by several packages: x, y/);
  expect(names(['w'], set)).toEqual(['y']);
});

test('a stanza with a path that leaves the archive is refused', () => {
  const set = setOf(['x', { Filename: 'pool/../../etc/x.deb' }]);
  expect(() => names(['x'], set)).toThrowError(
    expect.objectContaining({ code: 'debian/packages', message: expect.stringContaining('filename') }),
  );
});

test('what a base has stays as it is and meets what it can; only the rest is added', () => {
  const set = setOf(
    ['app', { Depends: 'lib (>= 2), mail, gone' }],
    ['lib 2.5'],
    ['exim', { Provides: 'mail' }],
    ['postfix', { Provides: 'mail' }],
    ['other', { Conflicts: 'postfix' }],
  );
  const base = [
    { name: 'lib', version: '2.1' },
    { name: 'postfix', version: '0.9' },
    { name: 'gone', version: '7' },
  ];
  const added = (...wanted: string[]) => solve(wanted, set, 'amd64', base).map(({ name }) => name);
  expect(added('app', 'lib', 'mail', 'gone')).toEqual(['app']);
  expect(() => added('other')).toThrow('other 1 conflicts with postfix, which is postfix 0.9');
  expect(() => added('lib=2.5')).toThrow('lib is wanted as 2.5, and the base has 2.1');
  expect(() => solve(['app'], set, 'amd64', [{ name: 'lib', version: '1.0' }])).toThrow(
    'app 1 needs lib (>= 2); found: lib 1.0 of the base',
  );
});
