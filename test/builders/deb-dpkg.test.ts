// Holds the deb builder against dpkg-deb, which builds a package and unpacks it.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { deb } from '../../src/builders/deb.ts';
import { openBench } from './fixture.ts';

const bench = openBench();
afterAll(bench.close);
const hasDpkg = spawnSync('dpkg-deb', ['--version']).status === 0;

test.skipIf(!hasDpkg).for(['xz', 'zstd', 'gzip', 'none'])(
  'a package of dpkg-deb (%s) unpacks as dpkg-deb unpacks it',
  async type => {
    const source = join(bench.dir, `source-${type}`);
    lay(source);
    const file = join(bench.dir, `demo_1.0_all.${type}.deb`);
    execFileSync('dpkg-deb', ['--root-owner-group', `-Z${type}`, '--build', source, file], { stdio: 'pipe' });
    const layer = await bench.build(
      deb,
      { filename: 'demo_1.0_all.deb' },
      { deb: [bench.put(readFileSync(file))] },
    );

    const [ours, theirs] = [join(bench.dir, `ours-${type}`), join(bench.dir, `theirs-${type}`)];
    mkdirSync(ours);
    execFileSync('tar', ['-xzpf', bench.store.blobPath(layer), '-C', ours]);
    // What this layer has besides: the links into /usr, which dpkg finds on the system, and the status file.
    mkdirSync(join(theirs, 'usr', 'lib'), { recursive: true });
    symlinkSync('usr/lib', join(theirs, 'lib'));
    const tar = execFileSync('dpkg-deb', ['--fsys-tarfile', file], { maxBuffer: 1 << 28 });
    execFileSync('tar', ['-xp', '--keep-directory-symlink', '-C', theirs], { input: tar });
    const status = join(theirs, 'var', 'lib', 'dpkg', 'status.d');
    mkdirSync(status, { recursive: true });
    writeFileSync(join(status, 'demo'), readFileSync(join(source, 'DEBIAN', 'control')));

    expect(describe(ours)).toEqual(describe(theirs));
  },
);

function lay(folder: string): void {
  const write = (path: string, content: string, mode = 0o644) => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
    chmodSync(join(folder, path), mode);
  };
  write(
    'DEBIAN/control',
    'Package: demo\nVersion: 1.0\nArchitecture: all\nMaintainer: a <a@b.c>\nDescription: d\n',
  );
  write('DEBIAN/postinst', '#!/bin/sh\nexit 1\n', 0o755);
  write('etc/demo/demo.conf', 'a=1');
  write('lib/demo/plugin.so', 'plugin '.repeat(300_000));
  write('usr/bin/demo', 'program', 0o4755);
  write(`usr/share/${'long name '.repeat(20)}/${'and longer '.repeat(15)}`, 'x');
  write('usr/share/größe', 'y');
  mkdirSync(join(folder, 'var/empty'), { recursive: true });
  chmodSync(join(folder, 'var/empty'), 0o1777);
  linkSync(join(folder, 'usr/bin/demo'), join(folder, 'usr/bin/twin'));
  symlinkSync('../../etc/demo', join(folder, 'usr/share/link'));
}

function describe(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(path => {
      const full = join(folder, path);
      const stats = lstatSync(full);
      const what = stats.isSymbolicLink()
        ? `-> ${readlinkSync(full)}`
        : stats.isFile()
          ? readFileSync(full, 'latin1')
          : '';
      const mode = path === 'usr' || path === 'usr/lib' ? 0 : stats.mode;
      return `${mode.toString(8)} ${stats.isDirectory() ? '' : stats.nlink} ${path} ${what}`;
    })
    .sort();
}
