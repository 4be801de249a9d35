// The derivation graph in memory: derivations by digest, and beside them what is in no hash: where a fetch finds its
// bytes, and in which folder a source's files lie.
import type { Json } from '../base/canonical.ts';
import type { Digest } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { type Derivation, dependenciesOf, hashDerivation } from './derivation.ts';

/** What travels beside a derivation and never enters its hash. */
export type Origin = {
  /** Of a fetch: where to ask for the bytes (src/fetch). */
  readonly location?: Json;
  /** What to call it when it is shown: a fetch's own name is always `fetch`. */
  readonly label?: string;
  /** Of a tree: the absolute folder (or file) that was read. */
  readonly root?: string;
};

export type Graph = {
  readonly derivations: ReadonlyMap<Digest, Derivation>;
  readonly origins: ReadonlyMap<Digest, Origin>;
};

export type GraphBuilder = Graph & {
  add(derivation: Derivation, origin?: Origin): Digest;
};

export function createGraph(): GraphBuilder {
  const derivations = new Map<Digest, Derivation>();
  const origins = new Map<Digest, Origin>();
  return {
    derivations,
    origins,
    add(derivation, origin) {
      const digest = hashDerivation(derivation);
      derivations.set(digest, derivation);
      if (origin !== undefined && !origins.has(digest)) origins.set(digest, origin);
      return digest;
    },
  };
}

/** A derivation of the graph; `path` names who asked, from the target inwards. Throws `graph/missing`. */
export function derivationOf(
  graph: Graph,
  digest: Digest,
  path: () => readonly string[] = () => [],
): Derivation {
  const derivation = graph.derivations.get(digest);
  if (derivation !== undefined) return derivation;
  throw new CogpackError(
    'graph/missing',
    `${[...path(), digest].join(' → ')}: no such derivation in the graph`,
    {
      hint: 'evaluate the description again; a derivation is passed as a value, never by its digest',
    },
  );
}

/**
 * All derivations below the targets, inputs before what needs them, in an order that depends on the graph alone.
 * Iterative, so that a long chain needs no stack. Throws `graph/missing`, `graph/output`, `graph/cycle`.
 */
export function closure(graph: Graph, targets: readonly Digest[]): Digest[] {
  const state = new Map<Digest, 'open' | 'done'>();
  const order: Digest[] = [];
  const path: { digest: Digest; pending: Digest[] }[] = [];
  const names = () => path.map(step => derivationOf(graph, step.digest).name);

  const enter = (digest: Digest) => {
    if (state.get(digest) === 'done') return;
    if (state.get(digest) === 'open') {
      const name = derivationOf(graph, digest).name;
      throw new CogpackError('graph/cycle', `derivations need each other: ${[...names(), name].join(' → ')}`);
    }
    const derivation = derivationOf(graph, digest, names);
    checkOutputs(graph, derivation, names);
    state.set(digest, 'open');
    path.push({ digest, pending: dependenciesOf(derivation).reverse() });
  };

  for (const target of targets) {
    enter(target);
    while (path.length > 0) {
      const step = path[path.length - 1]!;
      const next = step.pending.pop();
      if (next !== undefined) {
        enter(next);
      } else {
        path.pop();
        state.set(step.digest, 'done');
        order.push(step.digest);
      }
    }
  }
  return order;
}

function checkOutputs(graph: Graph, derivation: Derivation, path: () => readonly string[]): void {
  const here = () => [...path(), derivation.name];
  for (const [role, inputs] of Object.entries(derivation.inputs)) {
    for (const input of inputs) {
      const target = derivationOf(graph, input.derivation, here);
      if (target.outputs.includes(input.output)) continue;
      throw new CogpackError(
        'graph/output',
        `${here().join(' → ')}: input ${role} asks for output "${input.output}" of ${target.name}, ` +
          `which has ${target.outputs.map(output => `"${output}"`).join(', ')}`,
      );
    }
  }
}
