// Real registries for tests: Debian's docker-registry as a process on a free loopback port, over a folder that goes with it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type RunningRegistry = {
  /** host:port */
  readonly host: string;
  stop(): Promise<void>;
};

export type RegistryProcess = RunningRegistry & { readonly pid: number };

export function hasProgram(name: string): boolean {
  return spawnSync('which', [name]).status === 0;
}

export function temporaryDir(hint = 'registry'): string {
  return mkdtempSync(join(tmpdir(), `cogpack-${hint}-`));
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

export type DockerRegistryOptions = {
  /** The path of an htpasswd file. */
  readonly htpasswd?: string;
  /** Paths of PEM files. */
  readonly tls?: {
    readonly certificate: string;
    readonly key: string;
    readonly clientcas?: readonly string[];
  };
};

export async function startDockerRegistry({
  htpasswd,
  tls,
}: DockerRegistryOptions = {}): Promise<RegistryProcess> {
  const dir = temporaryDir('docker-registry');
  const host = `127.0.0.1:${await freePort()}`;
  const auth = htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'test', path: htpasswd } } };
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: dir }, delete: { enabled: true } },
    http: { addr: host, ...(tls && { tls }) },
    ...auth,
  };
  const file = join(dir, 'config.json');
  writeFileSync(file, JSON.stringify(config)); // JSON is YAML
  return startProcess('docker-registry', ['serve', file], host, () =>
    rmSync(dir, { recursive: true, force: true }),
  );
}

/** The in-memory registry of go-containerregistry. */
export async function startGoRegistry(program: string): Promise<RegistryProcess> {
  const port = await freePort();
  return startProcess(program, ['-port', String(port)], `127.0.0.1:${port}`, () => {});
}

/** Starts a program that serves the distribution protocol at `host` and waits until it answers. */
export async function startProcess(
  program: string,
  args: readonly string[],
  host: string,
  clean: () => void,
): Promise<RegistryProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', part => {
    complaint = (complaint + part).slice(-2000);
  });
  const stop = async () => {
    await ended(child);
    clean();
  };
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) break;
    try {
      await (await fetch(`http://${host}/v2/`)).arrayBuffer();
      return { host, pid: child.pid!, stop };
    } catch {
      await sleep(50);
    }
  }
  await stop();
  throw new Error(`${program} did not start: ${complaint}`);
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise(resolve => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
