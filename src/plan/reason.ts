// Why a layer holds what it holds, in words.
import { formatBytes } from '../base/bytes.ts';
import { request } from './cost.ts';
import type { Layer } from './layer.ts';
import type { Piece, PlanOptions } from './piece.ts';
import type { Partner } from './plan.ts';

export function reasonOf(
  layer: Layer,
  partner: Partner | undefined,
  pieces: readonly Piece[],
  { squash, limit }: PlanOptions,
): string {
  if (layer.bound !== undefined) return layer.bound.reason;
  const alone = layer.pieces.length === 1;
  if (squash) return alone ? 'squashed; the order leaves it alone' : 'squashed';
  if (alone)
    return partner === undefined
      ? 'alone'
      : `alone: joining ${nameOf(partner.layer, pieces)} would be ${cost(partner.price)}`;
  if (layer.forced !== undefined) return `joined for the limit of ${limit} layers: ${cost(layer.forced)}`;
  return `joined: ${formatBytes(Math.round(layer.saved))} less for each build, a request counted as ${formatBytes(request)}`;
}

function nameOf(layer: Layer, pieces: readonly Piece[]): string {
  const [first, ...others] = layer.pieces.map(place => pieces[place]!.name);
  return others.length === 0 ? first! : `${first} and ${others.length} more`;
}

function cost(bytes: number): string {
  return `${formatBytes(Math.round(bytes))} more for each build`;
}
