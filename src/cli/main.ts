// The command line: names the commands, and loads the code of the one that is run.
import { Command, CommanderError } from 'commander';

type Add = (program: Command) => void;

type Entry = {
  readonly summary: string;
  readonly load: () => Promise<{ add: Add }>;
  /** The exit code for wrong arguments; 2 unless given. */
  readonly usage?: number;
};

const commands: Readonly<Record<string, Entry>> = {
  init: {
    summary: "write a description from a project's own files",
    load: () => import('./init.ts'),
  },
  eval: {
    summary: "print the derivation hashes of a description's targets",
    load: () => import('./eval.ts'),
  },
  lock: {
    summary: 'resolve what a description asks for and write cogpack.lock',
    load: () => import('./lock.ts'),
  },
  realise: { summary: 'build the targets, push or write them out', load: () => import('./realise.ts') },
  run: {
    summary: 'realise a model, start it, and send one prediction',
    load: () => import('./run.ts'),
  },
  schema: {
    summary: 'print the schema of a model, from its Python source',
    load: () => import('./schema.ts'),
  },
  inspect: { summary: 'tell what an image is and what it holds', load: () => import('./inspect.ts') },
  check: {
    summary: 'tell whether an image has every library that its programs need',
    load: () => import('./check.ts'),
  },
  base: { summary: 'describe, catalogue, choose and build base images', load: () => import('./base.ts') },
  plan: { summary: 'print the layers of a model, and why each is as it is', load: () => import('./plan.ts') },
  cache: { summary: 'share realisations through a registry', load: () => import('./cache.ts') },
  doctor: {
    summary: 'tell what this machine has for models, and what it lacks',
    load: () => import('./doctor.ts'),
  },
  key: { summary: 'make and trust the keys of a shared cache', load: () => import('./key.ts') },
  gc: { summary: 'remove from the store what nothing needs', load: () => import('./gc.ts') },
  store: { summary: 'check the store', load: () => import('./store.ts') },
  registry: { summary: 'serve a registry on this machine', load: () => import('./registry.ts') },
  jsonnet: { summary: 'evaluate a Jsonnet program', load: () => import('./jsonnet.ts'), usage: 1 },
};

const program = new Command('cogpack')
  .description('Compile a short description of a machine-learning model into a reproducible container image.')
  .version('0.1.0')
  .exitOverride()
  .enablePositionalOptions()
  .configureOutput({ outputError: (text, write) => write(text) })
  .addHelpText('after', '\nExample:\n  $ cogpack lock && cogpack realise --push localhost:5000/iris:1');

async function main(args: readonly string[]): Promise<number> {
  const command = commands[args[0] ?? ''];
  try {
    if (command !== undefined) (await command.load()).add(program);
    else for (const [name, { summary }] of Object.entries(commands)) program.command(name).summary(summary);
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : (command?.usage ?? 2);
    const { report } = await import('./report.ts');
    return report(error);
  }
}

main(process.argv.slice(2)).then(code => {
  process.exitCode = code;
});
