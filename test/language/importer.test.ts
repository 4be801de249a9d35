import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { CogpackError } from '../../src/base/error.ts';
import { evaluateFile, projectImporter, toHost } from '../../src/language/index.ts';

const top = mkdtempSync(join(tmpdir(), 'cogpack-import-'));
const root = join(top, 'project');
const library = join(top, 'library');
afterAll(() => rmSync(top, { recursive: true, force: true }));

for (const [path, text] of Object.entries({
  'project/sub/b.libsonnet': "{ here: std.thisFile, up: import '../a.libsonnet' }",
  'project/a.libsonnet': '1',
  'project/text.txt': 'a\nb é',
  'project/self.jsonnet': "{ a: 1, again: (import 'self.jsonnet').a }",
  'project/loop.jsonnet': "import 'loop.jsonnet'",
  'project/broken.libsonnet': '{ a: }',
  'project-beside/c.libsonnet': '"beside"',
  'library/lib.libsonnet': '"library"',
  'library/a.libsonnet': '"not this one"',
  'secret.libsonnet': '"secret"',
})) {
  mkdirSync(join(top, path, '..'), { recursive: true });
  writeFileSync(join(top, path), text);
}
symlinkSync('../secret.libsonnet', join(root, 'link.libsonnet'));
symlinkSync('a.libsonnet', join(root, 'inner.libsonnet'));
symlinkSync('..', join(root, 'outside'));
symlinkSync('round', join(root, 'round'));

function evaluate(code: string, bounded = true): unknown {
  const file = join(root, 'main.jsonnet');
  writeFileSync(file, code);
  const importer = projectImporter({ ...(bounded && { root }), libraryPaths: [library] });
  return toHost(evaluateFile({ file, shown: 'main.jsonnet', importer }));
}

function failure(code: string): CogpackError {
  try {
    evaluate(code);
  } catch (error) {
    if (error instanceof CogpackError) return error;
    throw error;
  }
  throw new Error('this did not fail');
}

test('an import is relative to the file that it stands in', () => {
  expect(evaluate("import 'sub/b.libsonnet'")).toEqual({ here: 'sub/b.libsonnet', up: 1 });
});

test('the file beside comes before the library', () => {
  expect(evaluate("[import 'a.libsonnet', import 'lib.libsonnet']")).toEqual([1, 'library']);
});

test('importstr gives the text, importbin the bytes', () => {
  expect(evaluate("importstr 'text.txt'")).toBe('a\nb é');
  expect(evaluate("importbin 'text.txt'")).toEqual([97, 10, 98, 32, 195, 169]);
});

test('a file that imports itself is evaluated once, and fails only where it needs its own value', () => {
  expect(evaluate("import 'self.jsonnet'")).toEqual({ a: 1, again: 1 });
  const { code, span } = failure("import 'loop.jsonnet'");
  expect([code, span?.file, span?.line, span?.column]).toEqual(['jsonnet/import', 'loop.jsonnet', 1, 1]);
});

test.each([
  "import '../secret.libsonnet'",
  "importstr '../secret.libsonnet'",
  "import 'link.libsonnet'",
  "import 'outside/secret.libsonnet'",
  "import 'sub/../../secret.libsonnet'",
  "import '../project-beside/c.libsonnet'",
  `import '${join(top, 'secret.libsonnet')}'`,
  "importbin '/etc/hostname'",
])('%s is refused: it leads out of the project', code => {
  const error = failure(code);
  expect(error.code).toBe('jsonnet/import');
  expect(error.message).toContain('is outside the project');
  expect(error.span).toMatchObject({ file: 'main.jsonnet', line: 1, column: 1 });
});

test('a link inside the project is followed', () => {
  expect(evaluate("import 'inner.libsonnet'")).toBe(1);
});

test('without a root, imports reach every file', () => {
  expect(evaluate("import '../secret.libsonnet'", false)).toBe('secret');
});

test.each(["import 'none.libsonnet'", "import 'round'", "import 'sub'", "import ''", "import 'a\\u0000b'"])(
  '%s says that there is no such file',
  code => {
    expect(failure(code)).toMatchObject({ code: 'jsonnet/import', span: { line: 1, column: 1 } });
  },
);

test('an error in an imported file has that file as its place', () => {
  expect(failure("import 'broken.libsonnet'").span).toMatchObject({
    file: 'broken.libsonnet',
    line: 1,
    column: 6,
  });
});
