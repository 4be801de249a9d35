// The native `plan`: a model's pieces, its field `layers` and the histories that it names → layers. Faults are told at the
// user's own line.
import { readFileSync } from 'node:fs';
import { type Digest, hexOf } from '../base/digest.ts';
import { CogpackError, type Span } from '../base/error.ts';
import type { TreeEntry } from '../base/tree-entry.ts';
import type { Graph } from '../graph/graph.ts';
import {
  elements,
  fieldSpan,
  fromHost,
  getField,
  hasField,
  isInLibrary,
  toHost,
  typeOf,
  type Value,
} from '../language/index.ts';
import type { FaultPlace } from '../plan/groups.ts';
import { type History, parseHistory } from '../plan/history.ts';
import type { Piece, PlannedLayer, PlanOptions } from '../plan/piece.ts';
import { planLayers } from '../plan/plan.ts';

/** Of a piece whose block does not say how often it changes. */
const unknownRate = 0.2;
const defaults = { limit: 100, squash: false, preserve: [], groups: {}, history: [] };

type Fields = PlanOptions & { readonly history: string | readonly string[] };

export type PlanContext = {
  readonly graph: Graph;
  /** In place of those that descriptions name. */
  readonly histories: readonly History[] | undefined;
  readonly readText: (path: string, span: Span | undefined) => string;
  readonly layerOf: (piece: Value) => Digest | undefined;
};

/**
 * `model` has the field `layers`; pieces are objects {block, name, version, size, order, rate, fixed, layer}, the lowest
 * first, of which block, name and layer have to be there. Gives [{name, reason, pieces: [{index, size, id}]}].
 */
export function plan(context: PlanContext, model: Value, pieces: Value, span: Span | undefined): Value {
  const given = hasField(model, 'layers') ? getField(model, 'layers') : undefined;
  const fields: Fields = { ...defaults, ...(given !== undefined && (toHost(given) as Partial<Fields>)) };
  const historySpan = given === undefined ? undefined : fieldSpan(given, 'history');
  const histories =
    context.histories ??
    [fields.history]
      .flat()
      .map(path => parsed(context.readText(path, historySpan ?? span), path, historySpan));
  const values = elements(pieces);
  const list = piecesOf(context, values);
  const layers = planLayers(
    list,
    fields,
    [...builtIn(), ...histories.flat()],
    (code, place, message, hint) =>
      new CogpackError(code, message, { span: spanOf(model, given, place) ?? span, hint }),
  );
  return fromHost(
    layers.map(layer => ({
      name: titleOf(layer, list, values),
      reason: layer.reason,
      pieces: layer.pieces.map(index => ({ index, size: list[index]!.size, id: list[index]!.version })),
    })),
  );
}

function parsed(text: string, path: string, span: Span | undefined): History {
  try {
    return parseHistory(text, path);
  } catch (error) {
    if (!(error instanceof CogpackError)) throw error;
    throw new CogpackError(error.code, error.message, { span, hint: error.hint, cause: error });
  }
}

function piecesOf({ graph, layerOf }: PlanContext, values: readonly Value[]): Piece[] {
  const list: Piece[] = [];
  let stage = -1;
  let before: string | undefined;
  for (const value of values) {
    const field = <T>(name: string, otherwise: T): T =>
      hasField(value, name) ? (toHost(getField(value, name)) as T) : otherwise;
    const block = field('block', '');
    const fixed = field('fixed', false);
    const place = JSON.stringify([block, field('order', 0)]);
    if (place !== before || fixed) stage += 1;
    before = place;
    const digest = layerOf(value);
    list.push({
      block,
      name: field('name', ''),
      // What has no version is told apart by what makes it.
      version: field('version', digest === undefined ? '' : hexOf(digest).slice(0, 12)),
      size: field('size', undefined) ?? (digest === undefined ? 0 : sizeOf(graph, digest)),
      stage,
      rate: Math.min(1, Math.max(0, field('rate', unknownRate))),
      fixed,
    });
  }
  return list;
}

/** About the bytes that a derivation makes: those of the files that it is made of. */
function sizeOf(graph: Graph, digest: Digest): number {
  const derivation = graph.derivations.get(digest);
  if (derivation === undefined) return 0;
  if (derivation.builder.startsWith('fetch@')) return derivation.args.size as number;
  if (derivation.builder.startsWith('tree@')) {
    return (derivation.args.entries as unknown as TreeEntry[]).reduce(
      (sum, entry) =>
        sum + (entry.type === 'file' ? entry.size : entry.type === 'text' ? entry.text.length : 0),
      0,
    );
  }
  const inputs = Object.values(derivation.inputs).flat();
  return inputs.reduce((sum, input) => sum + sizeOf(graph, input.derivation), 0);
}

function titleOf(
  { pieces: indexes }: PlannedLayer,
  pieces: readonly Piece[],
  values: readonly Value[],
): string {
  const titles = indexes.map(index => {
    const { name, version } = pieces[index]!;
    return hasField(values[index]!, 'version') ? `${name} ${version}` : name;
  });
  const blocks = [...new Set(indexes.map(index => pieces[index]!.block))];
  return titles.length === 1 ? titles[0]! : `${blocks.join(', ')}: ${titles.join(', ')}`;
}

function spanOf(model: Value, layers: Value | undefined, { field, group }: FaultPlace): Span | undefined {
  if (layers === undefined) return undefined;
  const inner = group === undefined ? undefined : fieldSpan(getField(layers, field), group);
  const found = inner ?? fieldSpan(layers, field) ?? fieldSpan(model, 'layers');
  return found === undefined || isInLibrary(found) ? undefined : found;
}

export type TargetLayer = {
  readonly name: string;
  readonly reason: string;
  readonly derivation: Digest;
  readonly pieces: readonly Pick<Piece, 'block' | 'name' | 'version' | 'size'>[];
};

/** A model's plan as data, from its hidden field `plan`; undefined where there is none. */
export function planOf(model: Value, layerOf: PlanContext['layerOf']): readonly TargetLayer[] | undefined {
  if (typeOf(model) !== 'object' || !hasField(model, 'plan') || typeOf(getField(model, 'plan')) !== 'array')
    return undefined;
  const text = (value: Value, name: string) =>
    hasField(value, name) ? String(toHost(getField(value, name))) : '';
  return elements(getField(model, 'plan')).map(layer => ({
    name: text(layer, 'name'),
    reason: text(layer, 'reason'),
    derivation: layerOf(layer)!,
    pieces: elements(getField(layer, 'pieces')).map(piece => ({
      block: text(piece, 'block'),
      name: text(piece, 'name'),
      version: text(piece, 'version'),
      size: Number(text(piece, 'size')),
    })),
  }));
}

let facts: History | undefined;

/** What a plan knows of the world where a project has no history of its own. */
function builtIn(): History {
  const file = new URL('../../stdlib/facts/builds.json', import.meta.url);
  facts ??= parseHistory(readFileSync(file, 'utf8'), 'stdlib/facts/builds.json');
  return facts;
}
