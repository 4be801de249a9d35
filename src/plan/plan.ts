// Which pieces share a layer. At first each has one of its own. Then, again and again, the two layers are joined whose
// union costs least more than the two (cost.ts): as long as joining saves, and until the limit is kept. A pure function:
// the same pieces, options and history give the same plan, in whatever order the pieces of a stage come.
import { createCosts, increase, leastIncrease, perBuild, request } from './cost.ts';
import { boundPieces, type Fail, failure } from './groups.ts';
import { createPairHeap, type Pair, type PairHeap } from './heap.ts';
import type { History } from './history.ts';
import { canonicalOrder, inOrder, isOrdered, type Layer, layerOf, unionOf } from './layer.ts';
import type { Piece, PlannedLayer, PlanOptions } from './piece.ts';
import { reasonOf } from './reason.ts';

/** Layers from the lowest up. Throws what `fail` makes of `plan/limit`, `plan/unknown`, `plan/twice`, `plan/order`. */
export function planLayers(
  given: readonly Piece[],
  options: PlanOptions,
  history: History,
  fail: Fail = failure,
): PlannedLayer[] {
  const order = canonicalOrder(given);
  const pieces = order.map(index => given[index]!);
  const costs = createCosts(pieces, history);
  const bound = boundPieces(pieces, options, fail);
  const isBound = new Set(bound.flatMap(each => each.pieces));
  const start = [
    ...bound.map((each, id) => layerOf(id, each.pieces, pieces, costs, each)),
    ...pieces
      .map((_, place) => place)
      .filter(place => !isBound.has(place))
      .map((place, index) => layerOf(bound.length + index, [place], pieces, costs)),
  ];
  checkOrder(start, fail);
  const { layers, partners } = joinLayers(start, options.squash ? 1 : options.limit);
  if (layers.length > options.limit) {
    const kept = layers.filter(layer => layer.bound !== undefined).length;
    throw fail(
      'plan/limit',
      { field: 'limit' },
      `at least ${layers.length} layers are needed, ${kept} of them for what has to be kept apart; the limit is ${options.limit}`,
      'raise the limit, or preserve and group less',
    );
  }
  return layers.sort(inOrder).map(layer => ({
    pieces: layer.pieces.map(place => order[place]!),
    size: layer.pieces.reduce((sum, place) => sum + pieces[place]!.size, 0),
    reason: reasonOf(layer, partners.get(layer), pieces, options),
  }));
}

function checkOrder(start: readonly Layer[], fail: Fail): void {
  for (const layer of start) {
    if (
      layer.bound === undefined ||
      isOrdered(
        layer,
        start.filter(other => other !== layer),
      )
    )
      continue;
    throw fail(
      'plan/order',
      layer.bound.place,
      `${layer.bound.reason} joins pieces between which others have to lie`,
      'group pieces of one block',
    );
  }
}

/** With whom joining a layer would cost least, and how many bytes for each build. */
export type Partner = { readonly layer: Layer; readonly price: number };

/** All layers that there were, by their numbers, and those that there are. */
type Layers = { readonly all: Layer[]; readonly open: Set<Layer> };

function joinLayers(
  start: readonly Layer[],
  target: number,
): { readonly layers: Layer[]; readonly partners: ReadonlyMap<Layer, Partner> } {
  const layers: Layers = { all: [...start], open: new Set(start) };
  const { all, open } = layers;
  const free = start.filter(layer => layer.bound === undefined);
  const heap = createPairHeap(free.length * free.length);
  const offer = (a: Layer, b: Layer) =>
    heap.push(leastIncrease(a.cost, b.cost, worthOf(a, b)), a.id, b.id, false);
  free.forEach((a, at) => {
    for (let next = at + 1; next < free.length; next += 1) offer(a, free[next]!);
  });
  // Pairs that the order of stages forbids, until something else is joined.
  let forbidden: Pair[] = [];
  for (;;) {
    const pair = cheapest(heap, layers);
    if (pair === undefined) break;
    if (pair.value >= 0 && open.size <= target) {
      heap.push(pair.value, pair.a, pair.b, true);
      break;
    }
    const [a, b] = [all[pair.a]!, all[pair.b]!];
    open.delete(a);
    open.delete(b);
    const layer = unionOf(all.length, a, b, pair.value);
    if (!isOrdered(layer, open)) {
      open.add(a).add(b);
      forbidden.push(pair);
      continue;
    }
    for (const other of open) if (other.bound === undefined) offer(other, layer);
    all.push(layer);
    open.add(layer);
    for (const { value, a, b } of forbidden) heap.push(value, a, b, true);
    forbidden = [];
  }
  return { layers: [...open], partners: partnersOf(heap, layers) };
}

// What two blocks bring shares a layer for the limit's sake alone.
function worthOf(a: Layer, b: Layer): number {
  return a.block !== undefined && a.block === b.block ? request : 0;
}

/** The pair of open layers that costs least, taken out; what it costs is worked out only for those that come up. */
function cheapest(heap: PairHeap, { all, open }: Layers): Pair | undefined {
  for (;;) {
    const pair = heap.pop();
    if (pair === undefined) return undefined;
    const [a, b] = [all[pair.a]!, all[pair.b]!];
    if (!open.has(a) || !open.has(b)) continue;
    if (pair.isExact) return pair;
    heap.push(increase(a.cost, b.cost, worthOf(a, b)), pair.a, pair.b, true);
  }
}

function partnersOf(heap: PairHeap, layers: Layers): ReadonlyMap<Layer, Partner> {
  const partners = new Map<Layer, Partner>();
  const wanted = new Set([...layers.open].filter(layer => layer.bound === undefined));
  while (wanted.size > 0) {
    const pair = cheapest(heap, layers);
    if (pair === undefined) break;
    const [a, b] = [layers.all[pair.a]!, layers.all[pair.b]!];
    const price = perBuild(pair.value, a.cost, b.cost);
    if (wanted.delete(a)) partners.set(a, { layer: b, price });
    if (wanted.delete(b)) partners.set(b, { layer: a, price });
  }
  return partners;
}
