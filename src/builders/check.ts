// check@2: proves from the summaries of an image's layers that its programs and libraries can be loaded (docs/check.md),
// and that no two wheels write one path with different bytes. Its output is the report; a finding is an error, so that
// nothing that needs the report is made of a broken image.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { canonicalJson } from '../base/canonical.ts';
import { CogpackError } from '../base/error.ts';
import { pathConflicts } from '../check/conflicts.ts';
import { describeConflict, describeFinding } from '../check/describe.ts';
import { checkImage, type NamedSummary } from '../check/index.ts';
import { parseSummary } from '../check/summary.ts';
import type { BuildContext, Builder, BuildInputs } from './builder.ts';

export const reportMediaType = 'application/vnd.cogpack.check-report.v1+json';

const args = z.strictObject({
  /** What to call each layer, in the order of the input `summaries`: the lines of the image's history. */
  layers: z.array(z.string()),
  /** The image's environment, `NAME=value`. */
  env: z.array(z.string()),
  /** The GPU architectures that are asked for, such as `sm_80`. */
  architectures: z.array(
    z.string().regex(/^(sm_)?[0-9]{2,3}[af]?$/, 'expected an architecture such as sm_80'),
  ),
  /** How many of the layers, the lowest, are those of a base image: what fails in these is told, and let pass. */
  base: z.number().int().positive().optional(),
});
type Args = z.infer<typeof args>;

const mostTold = 20;

export const check: Builder<Args> = {
  name: 'check',
  version: 2,
  thread: 'worker',
  args,
  build({ layers, env, architectures, base }, inputs, context) {
    const summaries = readSummaries(layers, inputs, context);
    const environment = Object.fromEntries(env.map(line => line.split(/=(.*)/s, 2)));
    const { platform, store, name } = context;
    const report = checkImage({ layers: summaries, env: environment, platform, architectures, base });
    const faults = [
      ...report.findings.map(describeFinding),
      ...pathConflicts(summaries).map(describeConflict),
    ];
    if (faults.length > 0) throw brokenImage(name, faults);
    const blob = store.createBlob();
    try {
      blob.write(Buffer.from(canonicalJson(report)));
      return { report: blob.commit(reportMediaType) };
    } catch (error) {
      blob.abort();
      throw error;
    }
  },
};

function readSummaries(
  layers: readonly string[],
  inputs: BuildInputs,
  { name, store }: BuildContext,
): NamedSummary[] {
  const summaries = inputs.summaries ?? [];
  if (summaries.length !== layers.length) {
    const found = `${layers.length} for ${summaries.length} summaries`;
    throw new CogpackError('check/layers', `${name}: layers names each layer once; found ${found}`);
  }
  return summaries.map((summary, index) => ({
    name: layers[index]!,
    summary: parseSummary(readFileSync(store.blobPath(summary))),
  }));
}

function brokenImage(name: string, faults: readonly string[]): CogpackError {
  const told = faults.slice(0, mostTold).map(fault => `\n  ${fault}`);
  const more = faults.length > mostTold ? `\n  and ${faults.length - mostTold} more` : '';
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  return new CogpackError(
    'check/image',
    `${name}: the image would not work, by ${count}:${told.join('')}${more}`,
    {
      hint: 'add the packages that are named, or choose versions that fit together; docs/check.md tells the rules',
    },
  );
}
