// What a layer costs, in bytes: the history is built again with the pieces as one layer. Each content that the layer would
// have had is stored, and pushed, once, in whichever model and build it came up. To that is added what is to be
// expected of some builds to come. Joining two layers costs what their union costs beyond the two, less the requests saved.
import type { History, PastPiece } from './history.ts';
import { keyOf, type Piece } from './piece.ts';

/** How many builds to come count beside those of the history. */
const buildsToCome = 8;
/** How many builds a piece's stated rate counts as, beside what a history tells of it. */
const buildsOfRate = 16;
/**
 * Of two builds, in one packages are updated, and in the other only what changes more often than that: changes come
 * together, so that a layer of many pieces changes less often than if each changed for itself.
 */
const updates = 0.5;
/** Of a longer history, the last builds count. */
const mostBuilds = 500;
/** A registry is asked for each layer at each push: what the time of that is worth, in bytes. */
export const request = 32 * 1024;

/** A set of pieces as one layer. Builds of the history that are the same to all pieces of the image are one here. */
export type Cost = {
  /** Of each build, which content it has: numbers from 1 in order of coming up; 0 where it has none of the pieces. */
  readonly contents: Int32Array;
  /** Bytes in each build. */
  readonly sizes: Float64Array;
  /** How many builds of the history each is. */
  readonly weights: Float64Array;
  /** How many builds of the history, with their weights, have any of the pieces. */
  readonly builds: number;
  /** In the image that is planned. */
  readonly size: number;
  /** How likely it is that the next build leaves all of it as it is: one that updates packages, and one that does not. */
  readonly staysUpdated: number;
  readonly staysElse: number;
  /** Bytes stored by the builds of the history, and to be expected of those to come. */
  readonly replayed: number;
  readonly expected: number;
};

/**
 * The cost of each piece by itself. Of a piece that the history knows, only its name counts: what the image has of it
 * is taken to be what the last build had, so that a new version does not change the plan.
 */
export function createCosts(pieces: readonly Piece[], history: History): readonly Cost[] {
  const { builds, weights, changed: counts } = replay(pieces, history);
  return pieces.map((piece, place) => {
    const contents = Int32Array.from(builds, build => build[place]!.content);
    const sizes = Float64Array.from(builds, build => build[place]!.size);
    const { seen, changed } = counts[place]!;
    const rate = (changed + buildsOfRate * piece.rate) / (seen + buildsOfRate);
    return withTotals({
      contents,
      sizes,
      weights,
      staysUpdated: 1 - Math.min(1, rate / updates),
      staysElse: 1 - Math.max(0, rate - updates) / (1 - updates),
    });
  });
}

/** What a build has of one piece. */
type Held = { readonly content: number; readonly size: number };
const nothing: Held = { content: 0, size: 0 };

type Replay = {
  /** By build, then by piece; the last is the image that is planned. */
  readonly builds: readonly (readonly Held[])[];
  /** How many builds of the history each is. */
  readonly weights: Float64Array;
  /** By piece: how often a model's next build had it too, and in how many of these it had changed. */
  readonly changed: readonly { readonly seen: number; readonly changed: number }[];
};

function replay(pieces: readonly Piece[], history: History): Replay {
  const placeOf = placesIn(pieces);
  const versions = pieces.map(() => new Map<string, Held>());
  const counts = pieces.map(() => ({ seen: 0, changed: 0 }));
  const last: Held[] = pieces.map(() => nothing);
  const lastOfModel = new Map<string, readonly Held[]>();
  const distinct = new Map<string, { readonly build: readonly Held[]; weight: number }>();
  for (const { model, pieces: past } of history.slice(-mostBuilds)) {
    const build: Held[] = pieces.map(() => nothing);
    for (const piece of past) {
      const place = placeOf(piece);
      if (place === undefined) continue;
      const known = versions[place]!;
      const version = known.get(piece.version) ?? { content: known.size + 1, size: piece.size };
      known.set(piece.version, version);
      build[place] = version;
      last[place] = version;
    }
    lastOfModel.get(model)?.forEach((before, place) => {
      const now = build[place]!;
      if (before === nothing || now === nothing) return;
      counts[place]!.seen += 1;
      if (now !== before) counts[place]!.changed += 1;
    });
    lastOfModel.set(model, build);
    const key = build.map(({ content }) => content).join();
    const known = distinct.get(key);
    if (known === undefined) distinct.set(key, { build, weight: 1 });
    else known.weight += 1;
  }
  const planned = pieces.map((piece, place) =>
    last[place] === nothing ? { content: 1, size: roughly(piece.size) } : last[place]!,
  );
  const all = [...distinct.values(), { build: planned, weight: 1 }];
  return {
    builds: all.map(({ build }) => build),
    weights: Float64Array.from(all, ({ weight }) => weight),
    changed: counts,
  };
}

/** The place of a past piece among these; a history has one object for a piece of many builds, which is looked up once. */
function placesIn(pieces: readonly Piece[]): (piece: PastPiece) => number | undefined {
  const places = new Map(pieces.map((piece, place) => [keyOf(piece), place]));
  const known = new Map<PastPiece, number | undefined>();
  return piece => {
    if (!known.has(piece)) known.set(piece, places.get(keyOf(piece)));
    return known.get(piece);
  };
}

/** What is known of a size is its order of magnitude: a byte more or less must not change a plan. */
function roughly(size: number): number {
  return size <= 0 ? 0 : 2 ** Math.round(Math.log2(size));
}

type Parts = Pick<Cost, 'contents' | 'sizes' | 'weights' | 'staysUpdated' | 'staysElse'>;

function withTotals(parts: Parts): Cost {
  const { contents, sizes, weights, staysUpdated, staysElse } = parts;
  let replayed = 0;
  let seen = 0;
  let builds = 0;
  for (let at = 0; at < contents.length; at += 1) {
    if (contents[at]! > 0) builds += weights[at]!;
    if (contents[at]! <= seen) continue;
    seen = contents[at]!;
    replayed += sizes[at]!;
  }
  const size = sizes[sizes.length - 1]!;
  const expected = buildsToCome * size * changes(staysUpdated, staysElse);
  return { ...parts, builds, size, replayed, expected };
}

/** How likely it is that the next build changes what stays so often. */
function changes(staysUpdated: number, staysElse: number): number {
  return 1 - updates * staysUpdated - (1 - updates) * staysElse;
}

/** The two as one layer. */
export function joined(a: Cost, b: Cost): Cost {
  const length = a.contents.length;
  const contents = new Int32Array(length);
  const sizes = new Float64Array(length);
  const known = new Map<number, number>();
  for (let at = 0; at < length; at += 1) {
    const pair = a.contents[at]! * (length + 1) + b.contents[at]!;
    if (pair === 0) continue;
    let content = known.get(pair);
    if (content === undefined) {
      content = known.size + 1;
      known.set(pair, content);
    }
    contents[at] = content;
    sizes[at] = a.sizes[at]! + b.sizes[at]!;
  }
  return withTotals({
    contents,
    sizes,
    weights: a.weights,
    staysUpdated: a.staysUpdated * b.staysUpdated,
    staysElse: a.staysElse * b.staysElse,
  });
}

/** Which pairs of contents have come up, by their place in a table: the number of the call in which they last did. */
let seenPairs = new Int32Array(0);
let call = 0;

/** Bytes that a union costs beyond its two parts, less `worth` for each build that asks for one layer fewer. */
export function increase(a: Cost, b: Cost, worth: number): number {
  const length = a.contents.length;
  if (seenPairs.length < (length + 1) ** 2 || call === 0x7fffffff) {
    seenPairs = new Int32Array((length + 1) ** 2);
    call = 0;
  }
  call += 1;
  let replayed = 0;
  let both = 0;
  for (let at = 0; at < length; at += 1) {
    const first = a.contents[at]!;
    const second = b.contents[at]!;
    if (first > 0 && second > 0) both += a.weights[at]!;
    const pair = first * (length + 1) + second;
    if (pair === 0 || seenPairs[pair] === call) continue;
    seenPairs[pair] = call;
    replayed += a.sizes[at]! + b.sizes[at]!;
  }
  return replayed - a.replayed - b.replayed + expectedIncrease(a, b) - (buildsToCome + both) * worth;
}

/** What `increase` is at least, told without looking at the builds. */
export function leastIncrease(a: Cost, b: Cost, worth: number): number {
  return expectedIncrease(a, b) - (buildsToCome + Math.min(a.builds, b.builds)) * worth;
}

function expectedIncrease(a: Cost, b: Cost): number {
  const rate = changes(a.staysUpdated * b.staysUpdated, a.staysElse * b.staysElse);
  return buildsToCome * (a.size + b.size) * rate - a.expected - b.expected;
}

/** An increase as bytes for each build that has any of the pieces. */
export function perBuild(bytes: number, a: Cost, b: Cost): number {
  let builds = buildsToCome;
  for (let at = 0; at < a.contents.length; at += 1) {
    if (a.contents[at]! + b.contents[at]! > 0) builds += a.weights[at]!;
  }
  return bytes / builds;
}
