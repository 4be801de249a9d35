import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatRecord,
  normalName,
  normalVersion,
  parseEntryPoints,
  parseHeaders,
  parseRecord,
  parseWheelName,
} from '../../src/formats/wheel-metadata.ts';

test('a wheel name gives the distribution and its version, with a build number or without', () => {
  const expected = { name: 'scikit_learn', version: '1.5.2' };
  expect(
    parseWheelName('scikit_learn-1.5.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl'),
  ).toEqual(expected);
  expect(parseWheelName('scikit_learn-1.5.2-1cuda-py3-none-any.whl')).toEqual(expected);
  expect(parseWheelName('torch-2.5.1+cu124-cp311-cp311-linux_x86_64.whl')?.version).toBe('2.5.1+cu124');
});

test('other names are no wheels', () => {
  for (const name of [
    'numpy-1.0.tar.gz',
    'numpy.whl',
    'numpy-1.0-py3-any.whl',
    '../numpy-1.0-py3-none-any.whl',
    '',
  ]) {
    expect(parseWheelName(name), name).toBeUndefined();
  }
});

test('names are compared without regard to case, hyphens, underscores and dots', () => {
  expect(normalName('Zope.Interface')).toBe(normalName('zope__interface'));
});

test('versions are compared as versions', () => {
  const same = [
    ['1', '1.0.0', 'v1.0'],
    ['1.0rc1', '1.0-RC.1', '1.0c1', '1.0.preview1'],
    ['1.0.post1', '1.0-1', '1.0_1', '1.0rev1'],
    ['1.0.dev0', '1.0dev'],
    ['2.5.1+cu124.a', '2.5.1+CU124_a'],
    ['1!1.0', '01!1'],
    ['not a version', 'Not-a_version'.replace('-', ' ').replace('_', ' ')],
  ];
  const forms = same.map(list => new Set(list.map(normalVersion)));
  for (const form of forms) expect(form.size).toBe(1);
  expect(new Set(forms.map(form => [...form][0])).size).toBe(same.length);
});

test('headers end at the first empty line, and the first of a name counts', () => {
  const headers = parseHeaders(
    'Name: numpy \nVersion:1.0\nname: other\nLicense: a\n  folded: b\n\nVersion: 2\n',
  );
  expect(Object.fromEntries(headers)).toEqual({ name: 'numpy', version: '1.0', license: 'a' });
});

test('console and GUI scripts are found among other groups, with extras, spaces and comments', () => {
  const text = `
# scripts
[console_scripts]
f2py = numpy.f2py.f2py2e:main
with-extra = a.b : c.d [extra]

[gui_scripts]
window=a:b
[numpy.plugin]
not = a:script`;
  expect(parseEntryPoints(text)).toEqual({
    scripts: [
      { name: 'f2py', module: 'numpy.f2py.f2py2e', attribute: 'main' },
      { name: 'with-extra', module: 'a.b', attribute: 'c.d' },
      { name: 'window', module: 'a', attribute: 'b' },
    ],
    faults: [],
  });
});

test('a script that is a path or runs code of its own is a fault', () => {
  for (const line of [
    '../evil = a:b',
    'x = a',
    'x = a:b; import os',
    'x',
    '= a:b',
    '.. = a:b',
    'a/b = a:b',
    'x = a:b()',
  ]) {
    expect(parseEntryPoints(`[console_scripts]\n${line}`), line).toEqual({ scripts: [], faults: [line] });
  }
});

test('RECORD is read as it was written', () => {
  const field = fc.string({ unit: fc.constantFrom('a', '"', ',', 'é', ' ', '/'), maxLength: 10 });
  const line = fc.record({ path: field.map(text => `p${text}`), hash: field, size: field });
  fc.assert(
    fc.property(fc.uniqueArray(line, { selector: ({ path }) => path, maxLength: 5 }), lines => {
      const text = formatRecord(lines);
      const byText = new Set(lines.map(item => JSON.stringify(item)));
      expect(new Set(parseRecord(text)?.map(item => JSON.stringify(item)))).toEqual(byText);
      expect(formatRecord(parseRecord(text)!)).toBe(text);
    }),
  );
});

test('a RECORD with other than three fields in a line is none', () => {
  for (const text of ['a,b\n', 'a,b,c,d\n', '"a,b,c\n', 'a"b",c,d\n'])
    expect(parseRecord(text), text).toBeUndefined();
});
