// cogpack lock: asks the package indexes what a description needs to know and writes it beside the description.
import type { Command } from 'commander';
import { canonicalJson, type Json } from '../base/canonical.ts';
import { CogpackError } from '../base/error.ts';
import { evaluateDescription } from '../description/evaluate.ts';
import { projectOf } from '../description/project.ts';
import { readConfig } from '../fetch/index.ts';
import { readLock, resolveRequest, writeLock } from '../lock/index.ts';
import { openStore } from '../store/store.ts';
import { type DescriptionFlags, evaluationOptions, lockFileOf, withDescription } from './options.ts';
import { createProgress } from './progress.ts';
import { interruptSignal } from './terminal.ts';

type Flags = DescriptionFlags & {
  readonly update?: true | string;
  readonly debianMirror?: string;
  readonly offline?: boolean;
  readonly json?: boolean;
};

// An answer may lead to further requests; a description that never stops asking is wrong.
const mostRounds = 20;

export function add(program: Command): void {
  withDescription(
    program.command('lock').description('Resolve what a description asks for, and write cogpack.lock.'),
  )
    .option('--update [kind]', 'resolve again what is locked: all, or one kind (python, debian, image, url)')
    .option('--debian-mirror <url>', "where Debian's archive is, instead of apt's sources")
    .option('--offline', 'resolve nothing: a request without an answer is an error')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ cogpack lock --update python')
    .action(run);
}

async function run(path: string, flags: Flags): Promise<void> {
  const file = lockFileOf(path);
  const before = readLock(file);
  const known = new Map([...before].filter(([key]) => !isRenewed(JSON.parse(key) as Json, flags.update)));
  const signal = interruptSignal();
  const progress = createProgress(process.stderr);
  const context = {
    project: projectOf(path),
    config: readConfig(process.env, projectOf(path), { debianMirror: flags.debianMirror }),
    store: openStore(flags.store),
    signal,
  };
  try {
    let evaluated = await evaluateDescription(evaluationOptions(path, flags, known));
    if (flags.offline) refuseOffline(evaluated.missing);
    for (let round = 0; evaluated.missing.length > 0; round += 1) {
      if (round === mostRounds)
        throw new CogpackError('lock/endless', `after ${mostRounds} rounds ${path} still asks anew`);
      await Promise.all(
        evaluated.missing.map(async request => {
          const key = canonicalJson(request);
          progress.update(key, `resolve ${kindOf(request)}`);
          known.set(key, await resolveRequest(request, { ...context, previous: before.get(key) }));
          progress.finish(key);
        }),
      );
      evaluated = await evaluateDescription(evaluationOptions(path, flags, known));
    }
    const answers = [...known].filter(([key]) => evaluated.asked.has(key));
    writeLock(file, new Map(answers));
    progress.end();
    report(file, answers, before, flags.json === true);
  } finally {
    progress.end();
  }
}

function refuseOffline(missing: readonly Json[]): void {
  if (missing.length === 0) return;
  const list = missing.map(request => `  ${JSON.stringify(request)}`).join('\n');
  throw new CogpackError('offline/lock', `offline: package indexes would have to be asked for:\n${list}`, {
    hint: 'run cogpack lock once without --offline',
  });
}

function isRenewed(request: Json, update: Flags['update']): boolean {
  return update === true || (update !== undefined && kindOf(request) === update);
}

function kindOf(request: Json): string {
  return String((request as { kind?: Json }).kind);
}

function report(
  file: string,
  answers: [string, Json][],
  before: ReadonlyMap<string, Json>,
  json: boolean,
): void {
  const changed = answers.filter(([key, answer]) => {
    const old = before.get(key);
    return old === undefined || canonicalJson(old) !== canonicalJson(answer);
  });
  const dropped = [...before.keys()].filter(key => !answers.some(([other]) => other === key));
  const counts = { answers: answers.length, changed: changed.length, dropped: dropped.length };
  process.stdout.write(
    json
      ? `${JSON.stringify({ file, ...counts }, null, 2)}\n`
      : `${file}: ${counts.answers} answers, ${counts.changed} new or changed, ${counts.dropped} dropped\n`,
  );
}
