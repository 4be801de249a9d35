// Depth and steps: what is too deep or too long ends with an error, what is deep and right has its value.
import { expect, test } from 'vitest';
import { cogpack } from '../support/cli.ts';
import { evaluate, failureOf } from './evaluate.ts';

test.each([
  ['a function', 'local f(n) = 1 + f(n + 1); f(0)'],
  ['an object', '{ a: self { b: super.a }, c: $.a.a.c }.c'],
  ['thunks', 'std.foldl(function(a, b) function() a(), std.range(1, 2000), function() 1)()'],
  ['an array of itself', 'local a = [a]; a'],
  ['an object of itself', 'local a = { b: a }; a'],
  ['equality', 'local a = [a], b = [b]; a == b'],
  ['order', 'local a = [a], b = [b]; a < b'],
  ['text', "local a = [a]; '' + a"],
  ['YAML', 'local a = [a]; std.manifestYamlDoc(a)'],
  ['TOML', "local a = [a]; std.manifestTomlEx({ a: a }, '')"],
  ['Python', 'local a = { a: a }; std.manifestPython(a)'],
  ['XML', "local a = ['p', a]; std.manifestXmlJsonml(a)"],
  ['std.prune', 'local a = [a]; std.prune(a)'],
  ['std.flattenDeepArray', 'local a = [a]; std.flattenDeepArray(a)'],
  ['std.deepJoin', 'local a = [a]; std.deepJoin(a)'],
  ['std.mergePatch', 'local a = { a: a }; std.mergePatch(a, a)'],
])('endless recursion through %s is an error of the program', (_, code) => {
  const error = failureOf(code);
  expect(['jsonnet/stack', 'jsonnet/infinite-recursion']).toContain(error.code);
  expect(error.span).toBeDefined();
});

test('the number of frames is bounded by maxStack', () => {
  const code = 'local f(n) = if n == 0 then 0 else 1 + f(n - 1); f(600)';
  expect(failureOf(code).message).toContain('max stack frames exceeded');
  expect(evaluate(code, { maxStack: 2000 })).toBe(600);
});

test('a program that loops ends when it has taken its steps', () => {
  const endless = 'local f(n) = f(n + 1) tailstrict; f(0)';
  expect(failureOf(endless, { maxSteps: 10_000 }).code).toBe('jsonnet/steps');
  expect(
    failureOf(
      'std.length([1 for a in std.range(1, 100000) if std.foldl(function(x, y) x + y, [1, 2], 0) > 0])',
      { maxSteps: 10_000 },
    ).code,
  ).toBe('jsonnet/steps');
  expect(evaluate('std.sum(std.map(function(x) x, std.range(1, 100)))', { maxSteps: 10_000 })).toBe(5050);
});

test('the bounds of one program are not those of the next', () => {
  failureOf('local f(n) = f(n + 1) tailstrict; f(0)', { maxSteps: 100 });
  expect(evaluate('std.sum(std.map(function(x) x, std.range(1, 1000)))')).toBe(500500);
});

test('a deep program has its value, where the JavaScript stack is small', async () => {
  const code =
    'local f(n) = if n == 0 then [] else [f(n - 1)]; std.length(f(1)) + std.length(std.toString(f(30000)))';
  const { stdout, stderr } = await cogpack(['jsonnet', '-s', '200000', '-e', code]);
  expect(stderr).toBe('');
  expect(stdout).toBe('60004\n');
});

test('lines of std.trace are written once, though a deep program runs twice', async () => {
  const code = "local f(n) = if n == 0 then 0 else 1 + f(n - 1); std.trace('once', f(30000))";
  const { stdout, stderr } = await cogpack(['jsonnet', '-s', '100000', '-e', code]);
  expect(stdout).toBe('30000\n');
  expect(stderr).toBe('TRACE: <cmdline>:1 once\n');
});

test('endless recursion with a large maxStack is told as such', async () => {
  const { code, stderr } = await cogpack(['jsonnet', '-s', '100000', '-e', 'local f(n) = 1 + f(n); f(0)']);
  expect(code).toBe(1);
  expect(stderr).toContain('error[jsonnet/stack]: max stack frames exceeded: more than 100000 are open');
});

test.each([
  ['brackets', '['.repeat(100_000)],
  ['parentheses', '('.repeat(100_000)],
  ['operators', '-'.repeat(100_000)],
  ['functions', 'function(a)'.repeat(100_000)],
  ['fields', '{a:'.repeat(100_000)],
  ['conditions', 'if 1 then '.repeat(100_000)],
  ['indexes', `a${'['.repeat(100_000)}`],
])('%s nested endlessly are an error of the program', (_, code) => {
  const error = failureOf(code);
  expect(error.code).toBe('jsonnet/parse');
  expect(error.span).toBeDefined();
});

test('what is long is not deep', () => {
  expect(evaluate(`std.length([${'1, '.repeat(50_000)}])`)).toBe(50_000);
  expect(evaluate(`${'1 + '.repeat(400)}1`)).toBe(401);
});

test('a sum too long for the JavaScript stack has its value all the same', async () => {
  const child = cogpack(['jsonnet', '-e', `${'1 + '.repeat(20_000)}1`]);
  expect(await child).toMatchObject({ code: 0, stdout: '20001\n' });
});
