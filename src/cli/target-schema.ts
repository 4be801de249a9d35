// The OpenAPI document of a target, which its image has as a label.
import type { Json } from '../base/canonical.ts';
import type { Digest } from '../base/digest.ts';
import { derivationOf, type Graph } from '../graph/graph.ts';

export const schemaLabel = 'run.cog.openapi_schema';

/** undefined for what is no model that answers predictions. Nothing has to be realised. */
export function schemaOf(graph: Graph, target: Digest): Json | undefined {
  const args = derivationOf(graph, target).args as { config?: { Labels?: Record<string, string> } };
  const text = args.config?.Labels?.[schemaLabel];
  return text === undefined ? undefined : (JSON.parse(text) as Json);
}
