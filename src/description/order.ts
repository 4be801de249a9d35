// The order of a model's blocks: each after those that provide what it needs; where that leaves a choice, by name.

export type BlockNeeds = {
  readonly name: string;
  readonly provides: readonly string[];
  readonly needs: readonly string[];
};

export type OrderProblem =
  | { readonly kind: 'missing'; readonly block: string; readonly need: string }
  | { readonly kind: 'twice'; readonly blocks: readonly [string, string]; readonly provides: string }
  /** Each block needs the next; the last is the first again. */
  | { readonly kind: 'cycle'; readonly blocks: readonly string[] };

/** The blocks' names in order, or the first problem. A block provides its own name. */
export function orderBlocks(blocks: readonly BlockNeeds[]): readonly string[] | OrderProblem {
  const providers = new Map<string, string>();
  for (const block of blocks) {
    for (const thing of new Set([block.name, ...block.provides])) {
      const other = providers.get(thing);
      if (other !== undefined) return { kind: 'twice', blocks: [other, block.name], provides: thing };
      providers.set(thing, block.name);
    }
  }
  const needed = new Map<string, Set<string>>();
  for (const block of blocks) {
    const names = new Set<string>();
    for (const need of block.needs) {
      const provider = providers.get(need);
      if (provider === undefined) return { kind: 'missing', block: block.name, need };
      if (provider !== block.name) names.add(provider);
    }
    needed.set(block.name, names);
  }
  return sortByNeeds(needed);
}

function sortByNeeds(needed: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] | OrderProblem {
  const order: string[] = [];
  const left = new Map([...needed].map(([name, names]) => [name, new Set(names)]));
  while (left.size > 0) {
    const free = [...left].filter(([, names]) => names.size === 0).map(([name]) => name);
    const next = free.sort()[0];
    if (next === undefined) return { kind: 'cycle', blocks: cycleIn(left) };
    left.delete(next);
    for (const names of left.values()) names.delete(next);
    order.push(next);
  }
  return order;
}

function cycleIn(left: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const path: string[] = [];
  let name = [...left.keys()].sort()[0]!;
  while (!path.includes(name)) {
    path.push(name);
    name = [...left.get(name)!].sort()[0]!;
  }
  return [...path.slice(path.indexOf(name)), name];
}
