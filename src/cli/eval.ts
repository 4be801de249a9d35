// cogpack eval: the targets of a description and their derivation hashes. Reads files only.
import { type Command, Option } from 'commander';
import { closure, derivationOf } from '../graph/graph.ts';
import { type DescriptionFlags, evaluateLocked, withDescription } from './options.ts';

type Flags = DescriptionFlags & { readonly json?: boolean; readonly graph?: boolean };

export function add(program: Command): void {
  withDescription(
    program.command('eval').description('Print `name  sha256:…` for each target of a description.'),
  )
    .addOption(new Option('--graph', 'print every derivation, inputs before what needs them'))
    .addOption(new Option('--json', 'print JSON'))
    .addHelpText('after', '\nExample:\n  $ cogpack eval examples/quickstart/cogpack.jsonnet --graph')
    .action(async (path: string, flags: Flags) => {
      const { graph, targets } = await evaluateLocked(path, flags);
      const derivations = flags.graph
        ? closure(
            graph,
            targets.map(target => target.digest),
          ).map(digest => ({
            digest,
            ...derivationOf(graph, digest),
          }))
        : [];
      if (flags.json) {
        const named = targets.map(({ name, digest }) => ({ name, derivation: digest }));
        process.stdout.write(
          `${JSON.stringify({ targets: named, ...(flags.graph && { derivations }) }, null, 2)}\n`,
        );
        return;
      }
      const lines = flags.graph
        ? derivations.map(({ name, builder, digest }) => `${name}  ${builder}  ${digest}`)
        : targets.map(({ name, digest }) => `${name}  ${digest}`);
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}
