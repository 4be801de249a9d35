// Reading update-alternatives calls out of scripts, and the choice among them held against update-alternatives itself.
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Alternative, chooseAlternatives, readAlternatives } from '../../src/formats/alternatives.ts';

const machine = { architecture: 'amd64', triple: 'x86_64-linux-gnu' };
const read = (script: string) => readAlternatives(script, machine);

/** `name: link -> path priority; slave: link -> path` */
const shown = ({ name, link, path, priority, slaves }: Alternative) =>
  [`${name}: ${link} -> ${path} ${priority}`, ...slaves.map(s => `${s.name}: ${s.link} -> ${s.path}`)].join(
    '; ',
  );

test('a call over several lines, with slaves, in a branch', () => {
  const script = `#!/bin/sh
set -e
if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ]; then
    if [ -e /usr/bin/mawk ]; then update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 \\
            --slave /usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/mawk.1.gz || true
    fi
fi
`;
  const { alternatives, unread } = read(script);
  expect(unread).toBe(0);
  expect(alternatives.map(shown)).toEqual([
    'awk: /usr/bin/awk -> /usr/bin/mawk 5; awk.1.gz: /usr/share/man/man1/awk.1.gz -> /usr/share/man/man1/mawk.1.gz',
  ]);
});

test('constants, the architecture, the multiarch triple and loops over constants are known', () => {
  const script = `
arch=$DPKG_MAINTSCRIPT_ARCH
triple=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
dir="/usr/lib/$triple" priority=10
for lib in blas lapack
do
  unset slave
  slave="--slave /usr/lib/lib$lib.a
     lib$lib.a $dir/$lib/lib$lib.a"
  update-alternatives --quiet --install "$dir/lib\${lib}.so.3" lib$lib.so.3-$triple \\
     $dir/$lib/lib$lib.so.3 $priority $slave
done
update-alternatives --install /usr/bin/x x /usr/bin/x.$arch -5
`;
  expect(read(script)).toMatchObject({ unread: 0 });
  expect(read(script).alternatives.map(shown)).toEqual([
    'libblas.so.3-x86_64-linux-gnu: /usr/lib/x86_64-linux-gnu/libblas.so.3 -> /usr/lib/x86_64-linux-gnu/blas/libblas.so.3 10; libblas.a: /usr/lib/libblas.a -> /usr/lib/x86_64-linux-gnu/blas/libblas.a',
    'liblapack.so.3-x86_64-linux-gnu: /usr/lib/x86_64-linux-gnu/liblapack.so.3 -> /usr/lib/x86_64-linux-gnu/lapack/liblapack.so.3 10; liblapack.a: /usr/lib/liblapack.a -> /usr/lib/x86_64-linux-gnu/lapack/liblapack.a',
    'x: /usr/bin/x -> /usr/bin/x.amd64 -5',
  ]);
});

test.for([
  ['an argument of the script', 'update-alternatives --install /usr/bin/a a "/usr/bin/$1" 5'],
  ['a variable that no constant was assigned to', 'update-alternatives --install /usr/bin/a a $path 5'],
  ["a program's answer", 'update-alternatives --install /usr/bin/a a $(find-it) 5'],
  ['an expansion with a pattern', `p=/usr/bin/a.b; update-alternatives --install /usr/bin/a a \${p%.b} 5`],
  ['no priority', 'update-alternatives --install /usr/bin/a a /usr/bin/b'],
  ['a relative link', 'update-alternatives --install usr/bin/a a /usr/bin/b 5'],
] as const)('a call with %s is counted, not guessed', ([, script]) => {
  expect(read(script)).toEqual({ alternatives: [], unread: 1 });
});

test('comments, here-documents, texts and other calls are no installs', () => {
  const script = `# update-alternatives --install /usr/bin/a a /usr/bin/b 5
cat <<-'EOF' >/tmp/x 2>&1
	update-alternatives --install /usr/bin/a a /usr/bin/b 5
	EOF
echo "update-alternatives --install /usr/bin/a a /usr/bin/b 5"
update-alternatives --remove a /usr/bin/b
`;
  expect(read(script)).toEqual({ alternatives: [], unread: 0 });
});

test('any text at all is read to its end', () => {
  const piece = fc.constantFrom(
    'for i in a b',
    'do',
    'done',
    '\n',
    ';',
    '$(',
    ')',
    '`',
    '"',
    "'",
    '\\',
    '<<E',
    '${',
    '}',
    ' ',
    '#',
    'x=1',
    '>',
    'update-alternatives --install ',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 60 }), pieces => {
      expect(read(pieces.join('')).unread).toBeGreaterThanOrEqual(0);
    }),
  );
});

const program = 'update-alternatives';
const hasRoot = /--root/.test(spawnSync(program, ['--help'], { encoding: 'utf8' }).stdout ?? '');

const choice = fc.record({
  group: fc.constantFrom('awk', 'pager'),
  path: fc.constantFrom('/usr/bin/a', '/usr/bin/b', '/usr/bin/c'),
  priority: fc.integer({ min: -3, max: 3 }),
  slaves: fc.subarray(['one', 'two']),
});

test.skipIf(!hasRoot)('the links are those that update-alternatives leaves', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(choice, { selector: ({ group, path }) => group + path, minLength: 1, maxLength: 5 }),
      fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'a.one', 'b.one', 'a.two', 'c.two')),
      (choices, present) => {
        const alternatives = choices.map(
          ({ group, path, priority, slaves }): Alternative => ({
            link: `/usr/bin/${group}`,
            name: group,
            path,
            priority,
            slaves: slaves.map(slave => ({
              link: `/usr/bin/${group}.${slave}`,
              name: `${group}.${slave}`,
              path: `${path}.${slave}`,
            })),
          }),
        );
        const files = new Set(present.map(name => `/usr/bin/${name}`));
        const chosen = chooseAlternatives(alternatives, path => files.has(path));
        const ours = chosen.flatMap(({ link, name, path }) => [
          `${link} -> /etc/alternatives/${name}`,
          `/etc/alternatives/${name} -> ${path}`,
        ]);
        expect(ours.sort()).toEqual(install(alternatives, files).sort());
      },
    ),
    { numRuns: 40 },
  );
});

/** The links after the real program's run in an empty system with these files. */
function install(alternatives: readonly Alternative[], files: ReadonlySet<string>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'cogpack-alternatives-'));
  try {
    for (const folder of ['etc/alternatives', 'usr/bin', 'var/lib/dpkg/alternatives', 'var/log'])
      mkdirSync(join(root, folder), { recursive: true });
    for (const file of files) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), '');
    }
    for (const { link, name, path, priority, slaves } of alternatives) {
      const more = slaves.flatMap(slave => ['--slave', slave.link, slave.name, slave.path]);
      spawnSync(program, ['--root', root, '--install', link, name, path, String(priority), ...more]);
    }
    return readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter(path => lstatSync(join(root, path)).isSymbolicLink())
      .map(path => `/${path} -> ${readlinkSync(join(root, path))}`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
