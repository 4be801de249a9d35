// A layer while a plan is made: pieces, by their places in canonical order, the stages that they span, and what it costs.
import { type Cost, joined, perBuild } from './cost.ts';
import type { Bound } from './groups.ts';
import { keyOf, type Piece } from './piece.ts';

export type Layer = {
  /** In order of being made: it decides between what costs the same. */
  readonly id: number;
  /** Ascending. */
  readonly pieces: readonly number[];
  /** The block of all of its pieces; undefined where they are of several. */
  readonly block: string | undefined;
  /** Its pieces' lowest and highest stage. */
  readonly low: number;
  readonly high: number;
  readonly cost: Cost;
  /** Why it is as it is, where that is not for costs to say. */
  readonly bound?: Bound;
  /** Bytes for each build that were saved by the joins which made it, those that were made for the limit left out. */
  readonly saved: number;
  /** Bytes for each build that the others cost; undefined where there was none. */
  readonly forced: number | undefined;
};

/** Indexes of the pieces in canonical order: by stage, then by name and version. */
export function canonicalOrder(pieces: readonly Piece[]): number[] {
  const keys = pieces.map(piece => `${keyOf(piece)} ${piece.version}`);
  const byKey = (a: number, b: number) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : a - b);
  return pieces.map((_, index) => index).sort((a, b) => pieces[a]!.stage - pieces[b]!.stage || byKey(a, b));
}

/** At the start: of `pieces`, which are in canonical order, those at these places. */
export function layerOf(
  id: number,
  places: readonly number[],
  pieces: readonly Piece[],
  costs: readonly Cost[],
  bound?: Bound,
): Layer {
  const blocks = new Set(places.map(place => pieces[place]!.block));
  const stages = places.map(place => pieces[place]!.stage);
  const [first, ...others] = places.map(place => costs[place]!);
  return {
    id,
    pieces: [...places].sort((a, b) => a - b),
    block: blocks.size === 1 ? pieces[places[0]!]!.block : undefined,
    low: Math.min(...stages),
    high: Math.max(...stages),
    cost: others.reduce(joined, first!),
    ...(bound !== undefined && { bound }),
    saved: 0,
    forced: undefined,
  };
}

/** Two layers as one, which costs `increase` more than they did. */
export function unionOf(id: number, a: Layer, b: Layer, increase: number): Layer {
  const price = perBuild(increase, a.cost, b.cost);
  const forced = [a.forced, b.forced, increase < 0 ? undefined : price].filter(each => each !== undefined);
  return {
    id,
    pieces: [...a.pieces, ...b.pieces].sort((x, y) => x - y),
    block: a.block === b.block ? a.block : undefined,
    low: Math.min(a.low, b.low),
    high: Math.max(a.high, b.high),
    cost: joined(a.cost, b.cost),
    saved: a.saved + b.saved + (increase < 0 ? -price : 0),
    forced: forced.length === 0 ? undefined : forced.reduce((sum, each) => sum + each, 0),
  };
}

/** Whether the layer can lie wholly above or below each of the others, so that the stages stay in order. */
export function isOrdered(layer: Pick<Layer, 'low' | 'high'>, others: Iterable<Layer>): boolean {
  for (const other of others) if (layer.high > other.low && other.high > layer.low) return false;
  return true;
}

export function inOrder(a: Layer, b: Layer): number {
  return a.low - b.low || a.high - b.high || a.pieces[0]! - b.pieces[0]!;
}
