import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/base/digest.ts';
import { openStatCache, type StatCache } from '../../src/source/stat-cache.ts';
import { readTree } from '../../src/source/tree.ts';

let dir: string;
let root: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-source-'));
  root = join(dir, 'project');
  mkdirSync(root);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(path: string, text = path): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const cache = () => openStatCache(join(dir, 'cache'), root);
const paths = (exclude: string[] = []) => readTree(root, { exclude }, cache()).map(entry => entry.path);

describe('readTree', () => {
  test('gives files in the order of their path bytes, with contents, executable bit and link target', () => {
    write('b.txt', 'b');
    write('a/z', 'z');
    write('a.txt', 'a');
    chmodSync(join(root, 'b.txt'), 0o755);
    symlinkSync('b.txt', join(root, 'link'));
    expect(readTree(root, { exclude: [] }, cache())).toEqual([
      { path: 'a.txt', type: 'file', executable: false, sha256: sha256('a'), size: 1 },
      { path: 'a/z', type: 'file', executable: false, sha256: sha256('z'), size: 1 },
      { path: 'b.txt', type: 'file', executable: true, sha256: sha256('b'), size: 1 },
      { path: 'link', type: 'link', target: 'b.txt' },
    ]);
  });

  test('depends neither on modes beyond the executable bit nor on times', () => {
    write('a');
    const before = readTree(root, { exclude: [] }, cache());
    chmodSync(join(root, 'a'), 0o600);
    utimesSync(join(root, 'a'), new Date(0), new Date(0));
    expect(readTree(root, { exclude: [] }, cache())).toEqual(before);
  });

  test('leaves out what .gitignore in any folder names, and takes back what a deeper one re-includes', () => {
    write('.gitignore', '*.log\n/build/\n');
    write('a.log');
    write('build/x');
    write('lib/build/x');
    write('lib/.gitignore', '!keep.log\n');
    write('lib/keep.log');
    write('lib/other.log');
    expect(paths()).toEqual(['.gitignore', 'lib/.gitignore', 'lib/build/x', 'lib/keep.log']);
  });

  test('leaves out the same files as git does', () => {
    write('.gitignore', 'a/**/b\n*.tmp\n!important.tmp\nfoo/*\n!foo/bar\n[xy].txt\n');
    for (const path of [
      'a/b',
      'a/c/b',
      'a/c/d',
      'x.tmp',
      'important.tmp',
      'foo/bar',
      'foo/baz',
      'x.txt',
      'z.txt',
    ])
      write(path);
    execFileSync('git', ['init', '-q', root]);
    const listed = execFileSync(
      'git',
      ['-C', root, 'ls-files', '--cached', '--others', '--exclude-standard'],
      { encoding: 'utf8' },
    );
    expect(paths()).toEqual(listed.trim().split('\n').sort());
  });

  test('leaves out what .dockerignore and exclude name', () => {
    write('.dockerignore', 'data\n!data/keep\n**/*.pyc\n');
    write('data/keep');
    write('data/drop');
    write('x/y.pyc');
    write('notes.md');
    write('main.py');
    expect(paths(['*.md'])).toEqual(['.dockerignore', 'data/keep', 'main.py']);
  });

  test('reads a file that is unchanged only once', async () => {
    write('a', 'one');
    await sleep(2100); // a file counts as settled two seconds after its last change
    readTree(root, { exclude: [] }, cache());
    const second = counting(cache());
    readTree(root, { exclude: [] }, second);
    expect(second.missed()).toBe(0);
    appendFileSync(join(root, 'a'), 'more');
    const third = counting(cache());
    const [entry] = readTree(root, { exclude: [] }, third);
    expect(third.missed()).toBe(1);
    expect(entry).toMatchObject({ sha256: sha256('onemore') });
  });

  test('does not trust what it remembers of a file that changed a moment ago', () => {
    write('a', 'one');
    readTree(root, { exclude: [] }, cache());
    write('a', 'two');
    expect(readTree(root, { exclude: [] }, cache())[0]).toMatchObject({ sha256: sha256('two') });
  });

  test('survives a damaged cache', () => {
    write('a');
    readTree(root, { exclude: [] }, cache());
    execFileSync('sh', ['-c', `for f in '${dir}'/cache/*; do echo '{' > "$f"; done`]);
    expect(paths()).toEqual(['a']);
  });

  test('refuses a file that changes while it is read', () => {
    write('a', 'x'.repeat(100));
    const growing: StatCache = {
      ...cache(),
      // Called after the file's stat and before its bytes are read.
      find() {
        appendFileSync(join(root, 'a'), 'y');
        return undefined;
      },
    };
    expect(() => readTree(root, { exclude: [] }, growing)).toThrow(/a changed while it was being read/);
  });

  test('refuses names that are not UTF-8, and pipes', () => {
    execFileSync('sh', ['-c', `touch "$(printf '${root}/\\377')"`]);
    expect(() => paths()).toThrow(/is not UTF-8/);
    execFileSync('sh', ['-c', `rm -f '${root}'/*; mkfifo '${root}/pipe'`]);
    expect(() => paths()).toThrow(/pipe is neither a file, a folder nor a symbolic link/);
  });

  test('tells what is missing', () => {
    expect(() => readTree(join(root, 'nothing'), { exclude: [] }, cache())).toThrow(/nothing does not exist/);
  });
});

function counting(inner: StatCache): StatCache & { missed(): number } {
  let missed = 0;
  return {
    ...inner,
    find(...args) {
      const value = inner.find(...args);
      if (value === undefined) missed += 1;
      return value;
    },
    missed: () => missed,
  };
}
