// People who share a cache: each with a store, keys and a copy of a small project.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cogpack, type Finished } from '../support/cli.ts';

export type User = {
  readonly dir: string;
  readonly store: string;
  readonly description: string;
  /** Runs cogpack with this user's store and configuration. */
  cogpack(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Finished>;
  /** The same; fails unless it ends with 0. Gives its JSON. */
  json(args: readonly string[]): Promise<Result>;
};

/** What `realise --json` and `cache push --json` print. */
export type Result = {
  readonly targets: readonly {
    readonly derivation: string;
    readonly descriptor: { readonly digest: string };
  }[];
  readonly built: readonly { readonly name: string }[];
  readonly pushed: never;
  readonly existing: readonly string[];
};

export function temporaryDir(): string {
  return mkdtempSync(join(tmpdir(), 'cogpack-cache-'));
}

export const removeDir = (dir: string): void => rmSync(dir, { recursive: true, force: true });

const texts = ['a', 'b', 'c'];

/** A project of three sources that become three layers of an image; the first two are joined. */
export function createUser(dir: string, name: string, version = 1): User {
  const project = join(dir, name, 'project');
  for (const text of texts) {
    mkdirSync(join(project, text), { recursive: true });
    writeFileSync(join(project, text, 'file.txt'), `${text}\n`.repeat(2000));
  }
  writeFileSync(join(project, 'c', 'version.txt'), `${version}\n`);
  const description = join(project, 'cogpack.jsonnet');
  writeFileSync(
    description,
    `local cog = import 'cogpack';
     local source(name) = cog.source(name, { prefix: '/' + name });
     local joined = cog.derivation({ name: 'joined', builder: 'join', inputs: { layers: [source('a'), source('b')] } });
     local layers = [joined, source('c')];
     cog.derivation({
       name: 'image',
       builder: 'image',
       platform: 'linux/amd64',
       args: { config: {}, history: ['joined', 'c'], annotations: {} },
       inputs: { layers: layers },
     })`,
  );
  const store = join(dir, name, 'store');
  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    cogpack(args, {
      env: {
        ...process.env,
        COGPACK_CACHE: '',
        XDG_CONFIG_HOME: join(dir, name, 'config'),
        COGPACK_STORE: store,
        ...env,
      },
    });
  return {
    dir: join(dir, name),
    store,
    description,
    cogpack: run,
    async json(args) {
      const { code, stdout, stderr } = await run([...args, '--json']);
      if (code !== 0) throw new Error(`cogpack ${args.join(' ')} ended with ${code}\n${stdout}${stderr}`);
      return JSON.parse(stdout) as Result;
    },
  };
}

/** Makes a key for one user and lets the others trust it; gives its line. */
export async function shareKey(owner: User, others: readonly User[], name = 'team'): Promise<string> {
  const { stdout } = await owner.cogpack(['key', 'generate', '--name', name]);
  for (const other of others) await other.cogpack(['key', 'trust', stdout.trim()]);
  return stdout.trim();
}
