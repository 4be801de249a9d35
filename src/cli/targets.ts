// What the targets of a description became, for the commands that print, push or keep it.
import { realpathSync } from 'node:fs';
import type { Json } from '../base/canonical.ts';
import type { Descriptor, Digest } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import type { Target } from '../description/evaluate.ts';
import type { Graph } from '../graph/graph.ts';
import type { RealiseResult } from '../graph/realise.ts';
import { manifestMediaType } from '../store/manifest.ts';
import { recordRoot } from '../store/roots.ts';
import type { Store } from '../store/store.ts';
import type { DescriptionFlags } from './options.ts';
import { schemaOf } from './target-schema.ts';

export type TargetOutput = {
  readonly name: string;
  readonly derivation: Digest;
  readonly descriptor: Descriptor;
  /** The OpenAPI document of a model that answers predictions. */
  readonly schema?: Json;
};

export function outputsOf(
  targets: readonly Target[],
  graph: Graph,
  { outputs }: RealiseResult,
): readonly TargetOutput[] {
  return targets.map(({ name, digest, output }) => {
    const schema = schemaOf(graph, digest);
    return {
      name,
      derivation: digest,
      descriptor: outputs.get(digest)![output]!,
      ...(schema !== undefined && { schema }),
    };
  });
}

/** What was built now, for `--json`. */
export function builtNow({ built }: RealiseResult, graph: Graph) {
  return built.map(digest => ({ name: graph.derivations.get(digest)!.name, derivation: digest }));
}

/** What was realised is kept by collections, and found again by its description. */
export function remember(
  path: string,
  flags: Pick<DescriptionFlags, 'described'>,
  targets: readonly Target[],
  store: Store,
): void {
  const description = realpathSync(flags.described?.file ?? path);
  for (const { name, digest } of targets)
    recordRoot(store, { description, target: name, derivation: digest });
}

/** Throws `realise/not-an-image`. */
export function imageOf({ name, descriptor }: TargetOutput, hint: string): Descriptor {
  if (descriptor.mediaType === manifestMediaType) return descriptor;
  throw new CogpackError('realise/not-an-image', `${name} is ${descriptor.mediaType}, not an image`, {
    hint,
  });
}

/** Throws `offline/push`. */
export function refuseOfflinePush(
  { push, offline }: { readonly push?: string; readonly offline?: boolean },
  hint: string,
): void {
  if (push === undefined || !offline) return;
  throw new CogpackError('offline/push', `offline: the image would have to be pushed to ${push}`, { hint });
}
