// Runs one builder over one derivation, in whatever thread this is called: finds the builder, checks its arguments,
// and puts the derivation's name in front of what goes wrong.
import { z } from 'zod';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import type { BuildContext, BuildOutputs } from '../builders/builder.ts';
import { builderEntry } from '../builders/registry.ts';
import type { Derivation } from './derivation.ts';

/** Throws `builder/arguments`, `builder/unknown`, and what the builder throws. */
export async function buildWith(
  derivation: Derivation,
  inputs: Readonly<Record<string, readonly Descriptor[]>>,
  context: Omit<BuildContext, 'platform'>,
): Promise<BuildOutputs> {
  const { name } = context;
  const builder = await builderEntry(derivation.builder).load();
  const args = builder.args.safeParse(derivation.args);
  if (!args.success) {
    throw new CogpackError(
      'builder/arguments',
      `${name}: ${derivation.builder} cannot use these arguments: ${z.prettifyError(args.error)}`,
    );
  }
  return builder.build(args.data as never, inputs, { ...context, platform: derivation.platform });
}
