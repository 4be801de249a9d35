// How evaluating and walking a graph grows with its size: `cogpack eval` on 1,000 and on 10,000 derivations, as whole
// processes, medians of 5, with the time of Node's own start taken off. Linear is a ratio of 10 or less.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { medianOf, runTimed } from './measure.ts';

const dir = mkdtempSync(join(tmpdir(), 'cogpack-bench-'));
const main = new URL('../src/cli/main.ts', import.meta.url).pathname;
const runs = 5;

/** A graph in which each derivation needs two earlier ones, and a target that needs them all. */
function description(count: number): string {
  return `
    local derivation = std.native('derivation');
    local nodes = std.makeArray(${count - 1}, function(i) derivation({
      name: 'node-' + i,
      builder: 'join',
      args: { index: i },
      inputs: { layers: if i == 0 then [] else [nodes[std.floor(i / 2)], nodes[i - 1]] },
    }));
    derivation({ name: 'top', builder: 'join', inputs: { layers: nodes } })
  `;
}

try {
  const start = medianOf(runs, () => runTimed(process.execPath, ['-e', '0']).seconds);
  const seconds = [1000, 10_000].map(count => {
    const file = join(dir, `graph-${count}.jsonnet`);
    writeFileSync(file, description(count));
    const time = medianOf(runs, () => runTimed(process.execPath, [main, 'eval', file, '--graph']).seconds);
    process.stdout.write(
      `${String(count).padStart(6)} derivations: ${(time - start).toFixed(3)} s beyond Node's start\n`,
    );
    return time - start;
  });
  process.stdout.write(`ratio: ${(seconds[1]! / seconds[0]!).toFixed(1)} (linear is 10 or less)\n`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
