// cogpack run: realises a model (or takes one that is built), starts it without network, asks for one prediction, stops it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { Json } from '../base/canonical.ts';
import type { Descriptor } from '../base/digest.ts';
import { readImageConfig } from '../run/bundle.ts';
import { parseInputs } from '../run/inputs.ts';
import { request, waitUntilReady } from '../run/predict.ts';
import { type Starter, starters, startImage } from '../run/start.ts';
import { takeLease } from '../store/leases.ts';
import { openStore, type Store } from '../store/store.ts';
import { type NetworkFlags, networkOptions } from './caches.ts';
import { positiveInteger } from './numbers.ts';
import { type DescriptionFlags, isDescription, withDescription } from './options.ts';
import { createProgress, type Progress } from './progress.ts';
import { realiseImage } from './realise.ts';
import { schemaLabel } from './target-schema.ts';
import { interruptSignal } from './terminal.ts';

type Flags = DescriptionFlags &
  NetworkFlags & {
    readonly input: readonly string[];
    readonly setupTimeout: number;
    readonly runtime?: Starter;
    readonly target?: string;
    readonly jobs: number;
    readonly json?: boolean;
  };

export function add(program: Command): void {
  const command = withDescription(
    program.command('run').description('Realise a model, start it, send one prediction, print the answer.'),
    'a description, or a folder with one; or an image: a digest or ID of the store, oci:DIR, a reference to a registry',
  );
  for (const option of networkOptions()) command.addOption(option);
  command
    .option(
      '-i, --input <name=value>',
      'an input of the prediction; @file is a file',
      (text, all: string[]) => [...all, text],
      [],
    )
    .option('--target <name>', 'the target, where there are several')
    .option('--jobs <n>', 'builders at one time', positiveInteger, 2)
    .option('--setup-timeout <seconds>', 'how long the model may take to set up', positiveInteger, 600)
    .addOption(
      new Option('--runtime <name>', 'what starts it; the first that is here unless it is given').choices(
        starters,
      ),
    )
    .option('--json', "print the server's whole answer")
    .addHelpText(
      'after',
      '\nExample:\n  $ cogpack run -i text=hello -i image=@cat.png\n  $ cogpack run localhost:5000/iris:1 -i width=0.2',
    )
    .action(run);
}

async function run(path: string, flags: Flags): Promise<void> {
  const signal = interruptSignal();
  const progress = createProgress(process.stderr);
  const store = openStore(flags.store);
  const image = isDescription(path, flags)
    ? await realiseImage(path, flags, store, signal, progress)
    : undefined;
  const lease = await takeLease(store, [], signal);
  const dir = mkdtempSync(join(tmpdir(), 'cogpack-run-'));
  try {
    await predict(image ?? (await bring(path, store, signal, progress)), dir, flags, store, signal, progress);
  } finally {
    progress.end();
    lease.release();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function bring(
  text: string,
  store: Store,
  signal: AbortSignal,
  progress: Progress,
): Promise<Descriptor> {
  const { bringModel } = await import('../model/bring.ts');
  return bringModel(text, store, signal, (received, total) =>
    progress.update('run', `pull ${text}`, received, total),
  );
}

async function predict(
  image: Descriptor,
  dir: string,
  flags: Flags,
  store: Store,
  signal: AbortSignal,
  progress: Progress,
): Promise<void> {
  const schema = readImageConfig(store, image).Labels?.[schemaLabel];
  const input = parseInputs(flags.input, schema === undefined ? null : (JSON.parse(schema) as Json));
  progress.update('run', 'start');
  const env = { COG_NO_UPDATE_CHECK: '1' };
  const container = await startImage({ store, image, dir, starter: flags.runtime, env, signal });
  try {
    progress.update('run', 'set up');
    await waitUntilReady(container, flags.setupTimeout * 1000, signal);
    progress.update('run', 'predict');
    const answer = await request(container, 'POST', '/predictions', { input });
    progress.end();
    show(answer as Answer, flags.json === true);
  } finally {
    container.stop();
  }
}

type Answer = {
  readonly status?: string;
  readonly output?: Json;
  readonly error?: Json;
  readonly detail?: Json;
};

function show(answer: Answer, json: boolean): void {
  const succeeded = answer.status === 'succeeded';
  if (json) process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  else if (succeeded) process.stdout.write(`${text(answer.output ?? null)}\n`);
  else
    process.stderr.write(
      `the prediction ${answer.status ?? 'was refused'}: ${answer.error === undefined ? refusal(answer.detail) : text(answer.error)}\n`,
    );
  if (!succeeded) process.exitCode = 1;
}

// What the server says of inputs that it does not take: {loc, msg} of each.
function refusal(detail: Json | undefined): string {
  if (!Array.isArray(detail)) return text(detail ?? null);
  return (detail as { loc?: string[]; msg?: string }[])
    .map(({ loc = [], msg }) => `${loc.slice(2).join('.')}: ${msg}`)
    .join('; ');
}

const text = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));
