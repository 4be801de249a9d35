// npm run bench:plan
// Layer plans over 50 builds of ten models: real package sets, real versions, real sizes (scripts/update-builds.ts). Each
// model is built five times, about a month apart; its source changes each time, and by turns one requirement is updated
// or all are. A layer's bytes are its pieces' bytes; a registry that all models share holds each layer once. The planner
// knows the five builds of each model before these, or, of each model, only the other nine models' builds, or none. The
// least that can be pushed is what has changed: one layer for each package without a limit.
import { readFileSync } from 'node:fs';
import { type History, type PastPiece, parseHistory } from '../src/plan/history.ts';
import { keyOf, type Piece } from '../src/plan/piece.ts';
import { planLayers } from '../src/plan/plan.ts';

type Build = { readonly model: string; readonly pieces: readonly Piece[] };
/** Layers as places in the build's pieces. */
type Plan = readonly (readonly number[])[];
type Rule = { readonly name: string; readonly plan: (build: Build, limit: number) => Plan };
type Figures = {
  readonly rule: string;
  /** Bytes that the registry holds in the end. */
  readonly stored: number;
  /** Bytes pushed by each build that is not its model's first. */
  readonly changes: readonly number[];
  readonly mostLayers: number;
};

const knownOfEach = 5;
const sourceSize = 200_000;
const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
const all = parseHistory(read('builds.json'), 'bench/builds.json');
const needs = JSON.parse(read('needs.json')) as Readonly<Record<string, string>>;
const past = all.filter((_, at) => numberOf(at) < knownOfEach);
const builds = all.flatMap((build, at): Build[] =>
  numberOf(at) < knownOfEach ? [] : [{ model: build.model, pieces: piecesOf(build.pieces, at) }],
);

const rules: readonly Rule[] = [
  { name: 'one layer for each stage', plan: stages },
  { name: 'one layer for each package', plan: packages },
  { name: "nixpkgs' popularity", plan: popularity },
  { name: 'planner, no history', plan: planned(() => []) },
  { name: 'planner, model not known', plan: planned(model => past.filter(build => build.model !== model)) },
  { name: 'planner', plan: planned(() => past) },
];

console.log(`${builds.length} builds of ${new Set(builds.map(build => build.model)).size} models`);
const least = sum(simulate(rules[1]!, Number.POSITIVE_INFINITY).changes);
for (const limit of [100, 25]) {
  const figures = rules.map(rule => simulate(rule, limit));
  print(limit, figures);
  verdicts(limit, figures);
}

function simulate({ name, plan }: Rule, limit: number): Figures {
  const held = new Set<string>();
  const started = new Set<string>();
  const changes: number[] = [];
  let stored = 0;
  let mostLayers = 0;
  for (const build of builds) {
    const layers = plan(build, limit);
    let pushed = 0;
    for (const layer of layers) {
      const content = layer.map(place => labelOf(build.pieces[place]!)).join('\n');
      if (held.has(content)) continue;
      held.add(content);
      pushed += layer.reduce((sum, place) => sum + build.pieces[place]!.size, 0);
    }
    stored += pushed;
    if (started.has(build.model)) changes.push(pushed);
    started.add(build.model);
    mostLayers = Math.max(mostLayers, layers.length);
  }
  return { rule: name, stored, changes, mostLayers };
}

function planned(history: (model: string) => History): Rule['plan'] {
  const options = { squash: false, preserve: [], groups: {} };
  return ({ model, pieces }, limit) =>
    planLayers(pieces, { ...options, limit }, history(model)).map(layer => layer.pieces);
}

function stages({ pieces }: Build): Plan {
  const blocks = new Map<string, number[]>();
  pieces.forEach((piece, place) => {
    blocks.set(piece.block, [...(blocks.get(piece.block) ?? []), place]);
  });
  return [...blocks.values()];
}

/** Where there are too many, the smallest share one. */
function packages({ pieces }: Build, limit: number): Plan {
  const places = pieces.map((_, place) => place).sort((a, b) => pieces[b]!.size - pieces[a]!.size || a - b);
  return cut(places, limit);
}

function cut(places: readonly number[], limit: number): Plan {
  if (places.length <= limit) return places.map(place => [place]);
  const [own, rest] = [places.slice(0, limit - 1), places.slice(limit - 1)];
  return [...own.map(place => [place]), rest.sort((a, b) => a - b)];
}

/**
 * The rule of nixpkgs' buildLayeredImage as its pkgs/build-support/references-by-popularity/closure-graph.py describes
 * it: along each way from a root, what lies deeper counts more; a piece's popularity is the sum over all ways to it. The
 * most popular get layers of their own, the rest share the last but one, and the source has the last.
 */
function popularity({ pieces }: Build, limit: number): Plan {
  const graph = references(pieces);
  const referred = new Set([...graph.values()].flat());
  const contests = new Map<number, ReadonlyMap<number, number>>();
  const contest = (roots: readonly number[]): Map<number, number> => {
    const counts = new Map<number, number>();
    const add = (place: number, count: number) => counts.set(place, (counts.get(place) ?? 0) + count);
    for (const root of roots) {
      add(root, 1);
      if (!contests.has(root)) contests.set(root, contest(graph.get(root)!));
      for (const [place, count] of contests.get(root)!) add(place, count + 1);
    }
    return counts;
  };
  const counts = contest([...graph.keys()].filter(place => !referred.has(place)));
  const source = pieces.findIndex(piece => piece.block === 'source');
  const popular = [...graph.keys()]
    .filter(place => place !== source)
    .sort((a, b) => {
      const difference = counts.get(b)! - counts.get(a)!;
      return difference || (labelOf(pieces[a]!) < labelOf(pieces[b]!) ? -1 : 1);
    });
  return [...cut(popular, limit - 1), [source]];
}

/** What refers to what: packages to what they need, wheels to the interpreter too, the source to all that nothing needs. */
function references(pieces: readonly Piece[]): Map<number, number[]> {
  const places = new Map(pieces.map((piece, place) => [keyOf(piece), place]));
  const graph = new Map<number, number[]>();
  pieces.forEach((piece, place) => {
    const names = (needs[keyOf(piece)] ?? '').split(' ').map(name => keyOf({ block: piece.block, name }));
    if (piece.block === 'python') names.push('debian/python3.11');
    graph.set(
      place,
      [...new Set(names.flatMap(name => places.get(name) ?? []))].filter(each => each !== place),
    );
  });
  withoutCycles(graph);
  const referred = new Set([...graph.values()].flat());
  const source = pieces.findIndex(piece => piece.block === 'source');
  graph.set(
    source,
    [...graph.keys()].filter(place => place !== source && !referred.has(place)),
  );
  return graph;
}

// Debian's packages may need each other (libc6 and libgcc-s1); Nix's cannot.
function withoutCycles(graph: Map<number, number[]>): void {
  const state = new Map<number, 'open' | 'done'>();
  const visit = (place: number): void => {
    state.set(place, 'open');
    const kept = graph.get(place)!.filter(next => {
      if (state.get(next) === undefined) visit(next);
      return state.get(next) === 'done';
    });
    graph.set(place, kept);
    state.set(place, 'done');
  };
  for (const place of graph.keys()) if (state.get(place) === undefined) visit(place);
}

function numberOf(at: number): number {
  return all.slice(0, at).filter(build => build.model === all[at]!.model).length;
}

function piecesOf(packages: readonly PastPiece[], build: number): Piece[] {
  const rates: Readonly<Record<string, number>> = { debian: 0.02, python: 0.2 };
  const source = { block: 'source', name: 'source', version: String(build), size: sourceSize };
  return [...packages, source].map(piece => ({
    ...piece,
    stage: ['debian', 'python', 'source'].indexOf(piece.block),
    rate: rates[piece.block] ?? 1,
    fixed: false,
  }));
}

function labelOf(piece: Piece): string {
  return `${keyOf(piece)} ${piece.version}`;
}

function print(limit: number, figures: readonly Figures[]): void {
  console.log(
    `\n${`limit ${limit}`.padEnd(28)}stored GB   pushed GB   MB per change: mean    median   beyond the least   layers at most`,
  );
  for (const { rule, stored, changes, mostLayers } of figures) {
    const cells = [
      (stored / 1e9).toFixed(2).padStart(9),
      (sum(changes) / 1e9).toFixed(2).padStart(11),
      (sum(changes) / changes.length / 1e6).toFixed(1).padStart(21),
      (median(changes) / 1e6).toFixed(1).padStart(9),
      ((sum(changes) - least) / changes.length / 1e6).toFixed(1).padStart(18),
      String(mostLayers).padStart(16),
    ];
    console.log(`${rule.padEnd(28)}${cells.join(' ')}`);
  }
}

function verdicts(limit: number, figures: readonly Figures[]): void {
  const planner = figures[figures.length - 1]!;
  for (const other of figures.slice(0, 3)) {
    const ratio = sum(planner.changes) / sum(other.changes);
    console.log(
      `${ratio < 1 ? 'met   ' : 'MISSED'} the planner pushes ${ratio.toFixed(3)} of what ${other.rule} does`,
    );
  }
  console.log(
    `${planner.mostLayers <= limit ? 'met   ' : 'MISSED'} at most ${planner.mostLayers} layers; the limit is ${limit}`,
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
