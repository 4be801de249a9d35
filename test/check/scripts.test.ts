// Programs that are scripts, in images of made files.
import { afterAll, describe, expect, test } from 'vitest';
import { writeLayer } from '../../src/builders/layer.ts';
import { scanLayer } from '../../src/builders/scan.ts';
import { type CheckReport, checkImage } from '../../src/check/index.ts';
import { interpretersOf } from '../../src/check/scripts.ts';
import { openBench } from '../builders/fixture.ts';
import { debFiles, type Files, makeLayer, site, summarize, system, wheelFiles } from './fixture.ts';

const bench = openBench();
afterAll(bench.close);

const path = '/opt/venv/bin:/usr/bin';
const script = (line: string): Uint8Array => Buffer.from(`#!${line}\nexit\n`);

async function check(files: Files, { PATH = path, base = 0, ...more }: Record<string, unknown> = {}) {
  const layers = await summarize(bench, { system, app: files, ...(more as Record<string, Files>) });
  return checkImage({ layers, env: { PATH: PATH as string }, platform: 'linux/amd64', base: base as number });
}

const told = ({ findings, scripts }: CheckReport) => ({
  findings: findings.map(({ file, ...rest }) => [file, 'interpreter' in rest ? rest.interpreter : rest.kind]),
  scripts: scripts.map(({ file, ...rest }) => [file, 'interpreter' in rest ? rest.interpreter : rest.kind]),
});

describe('a script in a folder of PATH', () => {
  test('whose interpreter is missing is refused, with the package that has it', async () => {
    const { findings } = await check({ 'usr/bin/tool': script('/usr/bin/perl -w') });
    expect(findings).toEqual([
      {
        kind: 'missing-interpreter',
        file: '/usr/bin/tool',
        package: 'app',
        interpreter: '/usr/bin/perl',
        provider: 'perl-base (deb)',
      },
    ]);
  });

  test('is sound when its interpreter is there, by links too', async () => {
    const files = {
      bin: { link: 'usr/bin' },
      'usr/bin/dash': Buffer.from('shell'),
      'usr/bin/sh': { link: 'dash' },
      'usr/bin/env': Buffer.from('env'),
      'opt/venv/bin/python': { link: '/usr/bin/python3.11' },
      'usr/bin/python3.11': Buffer.from('python'),
      'usr/bin/a': script(' /bin/sh -e'),
      'usr/bin/b': script('/usr/bin/env python'),
      'usr/bin/c': script('/usr/bin/env -S VAR=1 python -u'),
    };
    expect(told(await check(files))).toEqual({ findings: [], scripts: [] });
  });

  test('that has env look for a program is refused when no folder of PATH has it', async () => {
    const files = { 'usr/bin/env': Buffer.from('env'), 'usr/bin/tool': script('/usr/bin/env node') };
    const { findings } = await check(files);
    expect(findings).toMatchObject([{ interpreter: 'node', provider: 'nodejs (deb)' }]);
    const elsewhere = { ...files, 'opt/node/bin/node': Buffer.from('node') };
    expect((await check(elsewhere)).findings).toHaveLength(1);
    expect((await check(elsewhere, { PATH: '/usr/bin:/opt/node/bin' })).findings).toEqual([]);
  });

  test('is found through a link and through a linked folder, and told once', async () => {
    const files = {
      bin: { link: 'usr/bin' },
      'usr/share/tool/main': script('/opt/x/bin/python'),
      'usr/bin/tool': { link: '../share/tool/main' },
      'usr/bin/again': { link: 'tool' },
    };
    expect(told(await check(files, { PATH: '/bin:/usr/bin' })).findings).toEqual([
      ['/usr/share/tool/main', '/opt/x/bin/python'],
    ]);
  });

  test('is looked for in the usual folders where the image sets no PATH', async () => {
    const layers = await summarize(bench, { system, app: { 'usr/local/bin/x': script('/opt/none') } });
    const { findings } = checkImage({ layers, env: {}, platform: 'linux/amd64' });
    expect(findings).toHaveLength(1);
  });
});

test('scripts elsewhere, those that cannot be started, and lines that are none of the kernel are let pass', async () => {
  const files: Files = {
    'usr/share/doc/x/examples/tool': script('/opt/none'),
    'usr/bin/text': '#!/opt/none\n',
    'usr/bin/relative': script('python'),
    'usr/bin/long': script(`/${'x'.repeat(300)}`),
    'usr/bin/empty': Buffer.from('#!'),
  };
  expect(told(await check(files))).toEqual({ findings: [], scripts: [] });
});

describe('a script of a package', () => {
  test('of Debian is noted, since packages do not name the essential ones', async () => {
    const files = debFiles('tool', { 'usr/bin/tool': script('/bin/bash') });
    const report = await check(files);
    expect(told(report)).toEqual({ findings: [], scripts: [['/usr/bin/tool', '/bin/bash']] });
    expect(report.scripts).toMatchObject([{ package: 'tool (deb)', provider: 'bash (deb)' }]);
  });

  test('of a wheel is refused when it is for Python, and noted when it is for another', async () => {
    const files = wheelFiles('demo', {
      '../../../bin/demo': script('/opt/venv/bin/python'),
      '../../../bin/demo.sh': script('/bin/sh'),
      'demo/bin/inner': script('/opt/none/python'),
    });
    const placed = Object.fromEntries(
      Object.entries(files).map(([name, content]) => [
        name.replace(`${site}/../../../`, 'opt/venv/'),
        content,
      ]),
    );
    expect(told(await check(placed, { PATH: '/usr/bin' }))).toEqual({
      findings: [['/opt/venv/bin/demo', '/opt/venv/bin/python']],
      scripts: [['/opt/venv/bin/demo.sh', '/bin/sh']],
    });
  });
});

test('what fails in a base is told, and let pass', async () => {
  const report = await check({ 'usr/bin/tool': script('/opt/none') }, { base: 2 });
  expect(report.findings).toEqual([]);
  expect(report.base).toMatchObject([{ kind: 'missing-interpreter', file: '/usr/bin/tool' }]);
});

test.each([
  ['/bin/sh', ['/bin/sh']],
  ['/usr/bin/env python3 -u', ['/usr/bin/env', 'python3']],
  ['/usr/bin/env -S python3 -u', ['/usr/bin/env', 'python3']],
  ['/usr/bin/env -Spython3 -u', ['/usr/bin/env', 'python3']],
  ['/usr/bin/env -i -u HOME A=1 perl', ['/usr/bin/env', 'perl']],
  ['/usr/bin/env ./here', ['/usr/bin/env']],
  ['/usr/bin/env -S "$SHELL"', ['/usr/bin/env']],
  ['/usr/bin/env', ['/usr/bin/env']],
  ['python', []],
])('#!%s is started by %j', (line, expected) => {
  expect(interpretersOf(line)).toEqual(expected);
});

test('a summary made while a layer is written, in parts of any length, has the same lines as one of the layer', async () => {
  const lines = ['/bin/sh', ` ${'/x'.repeat(100)} -e\r`, `/${'y'.repeat(252)}`, `/${'y'.repeat(253)}`, 'é/ü'];
  const files = Object.fromEntries(lines.map((line, at) => [`bin/${at}`, script(line)]));
  const whole = await scanLayer(await makeLayer(bench, files), { name: 'x', store: bench.store });
  const { summary } = await writeLayer({ name: 'x', store: bench.store }, writer => {
    for (const [name, bytes] of Object.entries(files)) {
      const file = writer.openFile(name, 0o755, (bytes as Uint8Array).length);
      for (const byte of bytes as Uint8Array) file.write(Uint8Array.of(byte));
      file.end();
    }
  });
  expect(JSON.parse(bench.store.readBlob(summary.digest).toString())).toEqual(
    JSON.parse(JSON.stringify(whole)),
  );
  expect(whole.entries.flatMap(entry => (entry.type === 'file' ? [entry.script] : []))).toEqual([
    '/bin/sh',
    `${'/x'.repeat(100)} -e`,
    `/${'y'.repeat(252)}`,
    undefined,
    'é/ü',
  ]);
});
