import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loginFor, parseNetrc, shownUrl } from '../../src/fetch/credentials.ts';
import { readDebianArchives } from '../../src/fetch/debian-config.ts';
import { readConfig } from '../../src/fetch/index.ts';
import { readPythonIndexes } from '../../src/fetch/python-config.ts';

let folder: string;
let project: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cogpack-config-'));
  project = join(folder, 'project', 'model');
  mkdirSync(project, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

// XDG_CONFIG_DIRS keeps the machine's own files out, except /etc/pip.conf and /etc/uv.
const indexes = (env: NodeJS.ProcessEnv = {}) =>
  readPythonIndexes(
    { HOME: folder, XDG_CONFIG_DIRS: join(folder, 'xdg'), PATH: process.env.PATH, ...env },
    project,
  );

test("uv's variables name the indexes, and the older names still count", () => {
  expect(
    indexes({
      UV_DEFAULT_INDEX: 'https://a.example/simple',
      UV_INDEX: 'torch=https://b.example/whl  https://c.example/simple',
    }),
  ).toEqual({
    main: 'https://a.example/simple',
    extra: ['https://b.example/whl', 'https://c.example/simple'],
  });
  expect(
    indexes({ UV_INDEX_URL: 'https://a.example/simple', UV_EXTRA_INDEX_URL: 'https://b.example/whl' }),
  ).toEqual({ main: 'https://a.example/simple', extra: ['https://b.example/whl'] });
});

test('uv.toml of the project goes before that of the user, and pip.conf counts only without both', () => {
  write('.config/pip/pip.conf', '[global]\nindex-url = https://pip.example/simple\n');
  expect(indexes().main).toBe('https://pip.example/simple');
  write('.config/uv/uv.toml', 'index-url = "https://user.example/simple"\n');
  expect(indexes().main).toBe('https://user.example/simple');
  write(
    'project/uv.toml',
    '[[index]]\nurl = "https://extra.example/simple"\n\n[[index]]\nurl = "https://project.example/simple"\ndefault = true\n',
  );
  expect(indexes()).toEqual({
    main: 'https://project.example/simple',
    extra: ['https://extra.example/simple'],
  });
});

test('[tool.uv] of pyproject.toml names indexes; those marked explicit are asked for no other package', () => {
  write(
    'project/model/pyproject.toml',
    [
      '[project]\nname = "x"\n',
      '[tool.uv]\nextra-index-url = ["https://b.example/simple"]\n',
      '[[tool.uv.index]]\nname = "torch"\nurl = "https://torch.example/whl"\nexplicit = true\n',
      '[[tool.uv.index]]\nurl = "https://a.example/simple"\ndefault = true\n',
    ].join('\n'),
  );
  expect(indexes()).toEqual({ main: 'https://a.example/simple', extra: ['https://b.example/simple'] });
});

test("pip's files give an index and more of them over several lines", () => {
  write(
    '.config/pip/pip.conf',
    '# mine\n[global]\nindex-url: https://a.example/simple\nextra_index_url =\n    https://b.example/simple\n    https://c.example/simple\n',
  );
  expect(indexes()).toEqual({
    main: 'https://a.example/simple',
    extra: ['https://b.example/simple', 'https://c.example/simple'],
  });
  expect(indexes({ PIP_INDEX_URL: 'https://d.example/simple' }).main).toBe('https://d.example/simple');
});

test('a damaged uv.toml is an error that names the file', () => {
  write('project/uv.toml', 'index-url = [');
  expect(() => indexes()).toThrowError(
    expect.objectContaining({ code: 'fetch/config', message: expect.stringContaining('project/uv.toml') }),
  );
});

test('without a configuration and without pip there is no index', () => {
  expect(() => indexes({ PATH: '/nonexistent' })).toThrowError(
    expect.objectContaining({ code: 'fetch/no-index', hint: expect.stringContaining('UV_DEFAULT_INDEX') }),
  );
});

test("apt's sources in both forms name the archives, and other vendors' do not", () => {
  write(
    'apt/sources.list',
    [
      '# deb http://old.example/debian bookworm main',
      'deb [arch=amd64 signed-by=/k.gpg] http://a.example/debian/ bookworm main # here',
      'deb-src http://src.example/debian bookworm main',
      'deb http://vendor.example/linux bookworm stable',
    ].join('\n'),
  );
  write(
    'apt/sources.list.d/b.list',
    'deb cdrom:[Debian]/ bookworm main\ndeb http://b.example/debian bookworm main\n',
  );
  write(
    'apt/sources.list.d/c.sources',
    [
      'Types: deb deb-src',
      'URIs: http://c.example/mirrors/security',
      'Suites: bookworm-security',
      'Components: main',
      'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
      '',
      'Enabled: no',
      'Types: deb',
      'URIs: http://off.example/debian',
      'Suites: bookworm',
    ].join('\n'),
  );
  write(
    'apt/sources.list.d/d.sources',
    `Types: deb\nURIs: mirror+file:${folder}/mirrors\nSuites: bookworm\n`,
  );
  write('mirrors', 'http://d.example/debian\tpriority:1\nhttps://e.example/debian/\n');
  expect([...readDebianArchives(undefined, join(folder, 'apt'))]).toEqual([
    [
      'debian',
      [
        'http://a.example/debian',
        'http://b.example/debian',
        'http://d.example/debian',
        'https://e.example/debian',
      ],
    ],
    ['debian-security', ['http://c.example/mirrors/security']],
  ]);
});

test('a mirror that is named takes the place of apt’s sources', () => {
  const expected = [
    ['debian', ['http://a.example/debian']],
    ['debian-security', ['http://a.example/debian-security']],
  ];
  const named = readConfig({}, project, { debianMirror: 'http://a.example/debian/' });
  expect([...named.debianArchives()]).toEqual(expected);
  const fromEnvironment = readConfig({ COGPACK_DEBIAN_MIRROR: 'http://a.example/debian' }, project);
  expect([...fromEnvironment.debianArchives()]).toEqual(expected);
});

test('netrc is read with its default, comments and macros', () => {
  const netrc = parseNetrc(
    '# comment\nmachine A.example login ann password "two words"\nmacdef init\nmachine no\n\ndefault login any password x\n',
  );
  expect(loginFor(new URL('https://a.example/simple'), netrc)).toEqual({
    user: 'ann',
    password: 'two words',
  });
  expect(loginFor(new URL('https://b.example'), netrc)).toEqual({ user: 'any', password: 'x' });
  expect(loginFor(new URL('https://me:p%40ss@a.example'), netrc)).toEqual({ user: 'me', password: 'p@ss' });
});

test('messages show URLs without login, query and fragment', () => {
  expect(shownUrl('https://ann:s3cret@a.example/simple?token=x#y')).toBe('https://a.example/simple');
  expect(shownUrl('//ann:s3cret@a.example')).not.toContain('s3cret');
});
