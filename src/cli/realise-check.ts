// cogpack realise --check: builds again what the store holds, and tells what differs.

import { didYouMean } from '../base/did-you-mean.ts';
import type { Digest } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { dependenciesOf } from '../graph/derivation.ts';
import { closure, derivationOf, type Graph } from '../graph/graph.ts';
import type { Finding } from '../rebuild/check.ts';
import { findRealisation } from '../store/realisations.ts';
import { type BuildRequest, buildAndDeliver } from './build.ts';

export type CheckSummary = {
  /** What was built or hashed again. */
  readonly checked: number;
  /** What the store did not hold. */
  readonly skipped: number;
  readonly findings: readonly Finding[];
};

/** Checks everything below the targets that is realised, or what has one of the names. Throws `rebuild/name`. */
export async function check(request: BuildRequest, names: readonly string[]): Promise<CheckSummary> {
  const { evaluated, targets, store, jobs, signal, progress } = request;
  const { graph } = evaluated;
  const all = closure(
    graph,
    targets.map(target => target.digest),
  );
  const chosen = names.length === 0 ? all : byNames(graph, all, names);
  const derivations = chosen.filter(digest => findRealisation(store, digest) !== undefined);
  // What an image of a cache is made of may not be here.
  const inputs = [...new Set(derivations.flatMap(digest => dependenciesOf(derivationOf(graph, digest))))];
  const needed = [...derivations, ...inputs].map(digest => ({ digest }));
  const findings = await buildAndDeliver({ ...request, targets: needed }, async (_, caches) => {
    const { checkRealisations } = await import('../rebuild/check.ts');
    return checkRealisations({
      graph,
      derivations,
      store,
      bring: caches.bring,
      jobs,
      signal,
      onEvent({ type, digest }) {
        if (type === 'start') progress.update(digest, `check ${nameOf(graph, digest)}`);
        else progress.finish(digest);
      },
    });
  });
  return { checked: derivations.length, skipped: chosen.length - derivations.length, findings };
}

export function checkText({ checked, skipped, findings }: CheckSummary): string {
  const lines = findings.map(
    ({ name, output, problem }) => `${name}${output === undefined ? '' : ` (${output})`}: ${problem}\n`,
  );
  const rest = skipped === 0 ? '' : `, ${skipped} not in the store`;
  return `${lines.join('')}${checked} checked${rest}; ${findings.length} differ\n`;
}

function nameOf(graph: Graph, digest: Digest): string {
  return graph.origins.get(digest)?.label ?? derivationOf(graph, digest).name;
}

function byNames(graph: Graph, all: readonly Digest[], names: readonly string[]): Digest[] {
  const known = new Set(all.map(digest => nameOf(graph, digest)));
  for (const name of names) {
    if (known.has(name)) continue;
    const near = didYouMean(name, known);
    throw new CogpackError('rebuild/name', `nothing here is called ${name}`, {
      hint: near === undefined ? 'cogpack eval --graph lists the names' : `did you mean ${near}?`,
    });
  }
  return all.filter(digest => names.includes(nameOf(graph, digest)));
}
