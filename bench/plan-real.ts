// npm run bench:plan-real
// Whether real pushes are as large as bench/plan.ts takes them to be: a model is realised and pushed to a registry on
// loopback, then again with one requirement updated, and what was pushed the second time is compared with the sizes of
// the plan's new layers. Once by the plan as it is, once with a limit of 6 layers. Downloads some 200 MB.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '@cogpack/registry-client/server';
import { output, repository } from '../test/support/cli.ts';

type Planned = { readonly targets: readonly { readonly layers: readonly Layer[] }[] };
type Layer = { readonly derivation: string; readonly size: number };
type Pushed = {
  readonly pushed: { readonly pushed: readonly { readonly mediaType: string; readonly size: number }[] };
};

const builds = [
  ['scikit-learn==1.7.1', 'numpy==2.3.2', 'pandas==2.3.1'],
  ['scikit-learn==1.7.2', 'numpy==2.3.2', 'pandas==2.3.2'],
];
const dir = mkdtempSync(join(tmpdir(), 'cogpack-plan-'));
const server = await startServer({ dir: join(dir, 'registry'), host: '127.0.0.1', port: 0 });
try {
  console.log('limit   layers   new   expected MB   pushed MB   difference');
  for (const limit of [100, 6]) {
    const known = new Set<string>();
    for (const [at, requirements] of builds.entries()) {
      const { layers, pushed } = await build(requirements, limit);
      const fresh = layers.filter(layer => !known.has(layer.derivation));
      for (const layer of layers) known.add(layer.derivation);
      if (at === 0) continue;
      const expected = fresh.reduce((sum, layer) => sum + layer.size, 0);
      const cells = [
        String(limit).padStart(5),
        String(layers.length).padStart(8),
        String(fresh.length).padStart(5),
        (expected / 1e6).toFixed(2).padStart(13),
        (pushed / 1e6).toFixed(2).padStart(11),
        `${((pushed / expected - 1) * 100).toFixed(2)} %`.padStart(12),
      ];
      console.log(cells.join(' '));
    }
  }
} finally {
  await server.close();
  rmSync(dir, { recursive: true, force: true });
}

async function build(requirements: readonly string[], limit: number) {
  const project = join(dir, 'project');
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'predict.py'), 'print("hello")\n');
  writeFileSync(
    join(project, 'cogpack.jsonnet'),
    `(import 'cogpack').model { requirements: ${JSON.stringify(requirements)}, layers: { limit: ${limit} } }`,
  );
  const file = join(project, 'cogpack.jsonnet');
  const cogpack = (...args: string[]) =>
    output(`${repository}bin/cogpack`, [args[0]!, file, '--store', join(dir, 'store'), ...args.slice(1)]);
  await cogpack('lock');
  const plan = JSON.parse(await cogpack('plan', '--json')) as Planned;
  const reference = `${new URL(server.url).host}/model-${limit}:1`;
  const { pushed } = JSON.parse(await cogpack('realise', '--push', reference, '--json')) as Pushed;
  const layers = pushed.pushed.filter(({ mediaType }) => mediaType.includes('.layer.'));
  return { layers: plan.targets[0]!.layers, pushed: layers.reduce((sum, { size }) => sum + size, 0) };
}
