// Makes golden/schema/*.json anew: for each predictor of test/schema/fixtures what the real cog server serves. Names of
// fixtures as arguments limit it to these.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixtures, fixturesFolder, goldenFolder } from '../test/schema/fixtures.ts';
import { prepareOracle, servedDocument } from '../test/schema/oracle.ts';

const oracle = prepareOracle();
if (typeof oracle === 'string') throw new Error(oracle);
mkdirSync(goldenFolder, { recursive: true });
const names = process.argv.slice(2);
for (const [name, fixture] of Object.entries(fixtures)) {
  if (names.length > 0 && !names.includes(name)) continue;
  try {
    const document = await servedDocument(oracle, join(fixturesFolder, name), fixture);
    writeFileSync(join(goldenFolder, `${name}.json`), `${JSON.stringify(sorted(document), null, 2)}\n`);
    console.log(name);
  } catch (error) {
    console.error(`${name}: ${error}`);
    process.exitCode = 1;
  }
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
