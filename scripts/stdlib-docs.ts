// docs/stdlib.md from the contracts of the stdlib. `node scripts/stdlib-docs.ts` writes it; a test holds it to this.
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/base/files.ts';
import { type Contract, describe } from '../src/description/contract.ts';
import { evaluateSnippet, projectImporter, toHost } from '../src/language/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

type Described = Extract<Contract, { kind: 'object' }>;

/** The text of docs/stdlib.md. */
export function stdlibDocs(): string {
  const model = fieldsOf('model');
  return [
    '# Fields',
    '',
    'Made of the contracts in stdlib by scripts/stdlib-docs.ts.',
    '',
    '## A model',
    '',
    '`cog.model { … }`, in stdlib/model.libsonnet.',
    '',
    ...table(model),
    ...nested(model).flatMap(([name, inner]) => ['', `### ${name}`, '', ...table(inner)]),
    '',
    '## A matrix',
    '',
    '`cog.matrix { … }`, in stdlib/matrix.libsonnet: base images (docs/base.md).',
    '',
    ...table(fieldsOf('matrix')),
    '',
  ].join('\n');
}

/** The contract of stdlib/NAME.libsonnet. */
function fieldsOf(name: string): Described {
  const stdlib = `${root}stdlib`;
  const value = evaluateSnippet({
    code: `(import '${name}.libsonnet').fields`,
    file: 'stdlib-docs.jsonnet',
    base: `${stdlib}/`,
    importer: projectImporter({ root: stdlib, libraryPaths: [], stdlib }),
  });
  return toHost(value) as unknown as Described;
}

function table({ fields }: Described): string[] {
  const rows = Object.entries(fields).map(
    ([name, { contract, doc, required }]) =>
      `| \`${name}\`${required ? ' (required)' : ''} | ${describe(contract).replaceAll('|', '\\|')} | ${doc} |`,
  );
  return ['| field | value | what it is |', '| --- | --- | --- |', ...rows];
}

/** Fields whose value is an object with fields of its own. */
function nested({ fields }: Described): [string, Described][] {
  return Object.entries(fields).flatMap(([name, { contract }]) =>
    objectsIn(contract).map((inner): [string, Described] => [name, inner]),
  );
}

function objectsIn(contract: Contract): Described[] {
  if (contract.kind === 'object') return [contract];
  return contract.kind === 'union' ? contract.of.flatMap(objectsIn) : [];
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileAtomic(`${root}docs/stdlib.md`, stdlibDocs());
