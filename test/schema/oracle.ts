// What cog itself says: its own static generator (the Go part of the source package of the newest version, compiled
// here), its document put where `cog build` puts it, and the real server (python -m cog.server.http in a virtual
// environment) asked for /openapi.json. Needs python3, go and a package index.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cogVersion, schemaPath } from '../../src/schema/index.ts';
import type { Fixture } from './fixtures.ts';

export type Oracle = { readonly python: string; readonly generator: string };

const cache = join(import.meta.dirname, '../../node_modules/.cache/cog-oracle', cogVersion);
const stubs = join(import.meta.dirname, 'stubs');

const program = `package main

import (
	"fmt"
	"os"

	"github.com/replicate/cog/pkg/schema"
	"github.com/replicate/cog/pkg/schema/python"
)

func main() {
	parser := schema.PathAwareParser(python.ParsePredictorWithSourcePath)
	document, err := schema.GenerateCombined(os.Args[1], os.Args[2], os.Args[3], parser)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(document)
}
`;

/** Makes what is missing of the oracle; says why if that is not possible. */
export function prepareOracle(): Oracle | string {
  const oracle = { python: join(cache, 'venv/bin/python'), generator: join(cache, 'generator') };
  mkdirSync(cache, { recursive: true });
  if (!existsSync(join(cache, 'venv/ready'))) {
    rmSync(join(cache, 'venv'), { recursive: true, force: true });
    const problem =
      failed('python3', ['-m', 'venv', 'venv'], cache) ??
      failed(
        oracle.python,
        ['-m', 'pip', 'install', '-q', '--retries=1', `cog==${cogVersion}`, 'pydantic'],
        cache,
      );
    if (problem !== undefined) return problem;
    writeFileSync(join(cache, 'venv/ready'), '');
  }
  if (existsSync(oracle.generator)) return oracle;
  const problem = buildGenerator(oracle);
  return problem ?? oracle;
}

function buildGenerator({ python, generator }: Oracle): string | undefined {
  const source = join(cache, `cog-${cogVersion}`);
  const sdist = [
    '-m',
    'pip',
    'download',
    '-q',
    '--retries=1',
    '--no-deps',
    '--no-binary',
    ':all:',
    `cog==${cogVersion}`,
  ];
  const problem =
    failed('go', ['version'], cache) ??
    failed(python, sdist, cache) ??
    failed('tar', ['xzf', `cog-${cogVersion}.tar.gz`], cache);
  if (problem !== undefined) return problem;
  mkdirSync(join(source, 'cmd/document'), { recursive: true });
  writeFileSync(join(source, 'cmd/document/main.go'), program);
  const version = `-X github.com/replicate/cog/pkg/global.Version=${cogVersion}`;
  return failed('go', ['build', '-ldflags', version, '-o', generator, './cmd/document'], source);
}

function failed(command: string, args: readonly string[], cwd: string): string | undefined {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  return status === 0 ? undefined : `${command} ${args.join(' ')}: ${error?.message ?? stderr}`;
}

/** The document as cog's own generator makes it; its message if it refuses. */
export function generate(oracle: Oracle, folder: string, fixture: Fixture): unknown {
  const args = [folder, fixture.predict ?? '', fixture.train ?? ''];
  const { status, stdout, stderr } = spawnSync(oracle.generator, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** What the running server gives at /openapi.json for a project that was built as cog builds it. */
export async function servedDocument(oracle: Oracle, folder: string, fixture: Fixture): Promise<unknown> {
  const work = mkdtempSync(join(tmpdir(), 'cogpack-cog-'));
  let server: ChildProcess | undefined;
  try {
    cpSync(folder, work, { recursive: true });
    mkdirSync(join(work, '.cog'));
    writeFileSync(join(work, schemaPath), JSON.stringify(generate(oracle, folder, fixture)));
    const port = await freePort();
    const isTrain = fixture.predict === undefined;
    const log: Buffer[] = [];
    server = spawn(
      oracle.python,
      ['-m', 'cog.server.http', '--host', '127.0.0.1', ...(isTrain ? ['--x-mode', 'train'] : [])],
      {
        cwd: work,
        env: {
          ...process.env,
          PATH: `${dirname(oracle.python)}:${process.env.PATH}`,
          PORT: String(port),
          PYTHONPATH: stubs,
          COG_PREDICT_TYPE_STUB: fixture.predict ?? '',
          COG_TRAIN_TYPE_STUB: fixture.train ?? '',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    server.stdout?.on('data', (bytes: Buffer) => log.push(bytes));
    server.stderr?.on('data', (bytes: Buffer) => log.push(bytes));
    const exit = new Promise<void>(resolve => server!.once('exit', () => resolve()));
    try {
      return await ask(port, () => Buffer.concat(log).toString());
    } finally {
      server.kill('SIGTERM');
      await Promise.race([exit, sleep(5000).then(() => server!.kill('SIGKILL'))]);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function ask(port: number, log: () => string): Promise<unknown> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await fetch(`http://127.0.0.1:${port}/openapi.json`).catch(() => undefined);
    if (answer?.status === 200) return answer.json();
    if (/Setup failed|initialization failed|Error: /.test(log())) break;
    await sleep(100);
  }
  throw new Error(`the server gave no document:\n${log().slice(-3000)}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise(resolve => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** The names of the fixtures' folders. */
export function folderNames(folder: string): string[] {
  return readdirSync(folder).sort();
}
